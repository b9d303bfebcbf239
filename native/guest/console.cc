#include "console.h"

#include <cerrno>
#include <ctime>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "report.h"

namespace ringside::guest {

namespace {

constexpr unsigned char kEscape = 0x10;  // DLE
constexpr unsigned char kEnd = 'E';
constexpr uint64_t kPatienceNs = 10'000'000'000;

void setLine(int console, const Run& run) {
  termios line{};
  if (tcgetattr(console, &line) != 0) giveUp("reading the console's settings");
  line.c_cflag |= CREAD | CLOCAL;
  line.c_cflag &= ~static_cast<tcflag_t>(HUPCL);
  if (run.hasTerminal != 0) {
    line.c_iflag = ICRNL | IXON | IUTF8;
    line.c_oflag = OPOST | ONLCR;
    line.c_lflag = ISIG | ICANON | IEXTEN | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE;
    setSize(console, run.columns, run.rows);
  } else {
    line.c_iflag = 0;
    line.c_oflag = 0;
    line.c_lflag = 0;
    line.c_cc[VMIN] = 1;
    line.c_cc[VTIME] = 0;
  }
  if (tcsetattr(console, TCSANOW, &line) != 0) giveUp("setting up the console");
}

}  // namespace

// hvc0 comes when its device has told the driver of it, which may be a moment after the driver was loaded.
Descriptor openConsole(const Run& run) {
  const uint64_t untilNs = clockNs() + kPatienceNs;
  for (;;) {
    Descriptor console(open(run.console, O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (console) {
      setLine(console.get(), run);
      return console;
    }
    if ((errno != ENOENT && errno != ENODEV) || clockNs() > untilNs) giveUp(run.console);
    const timespec pause{0, 1'000'000};
    nanosleep(&pause, nullptr);
  }
}

void setSize(int terminal, uint32_t columns, uint32_t rows) {
  winsize size{};
  size.ws_col = static_cast<uint16_t>(columns);
  size.ws_row = static_cast<uint16_t>(rows);
  ioctl(terminal, TIOCSWINSZ, &size);
}

// tcdrain(3) gives up after a while when the host does not read; this does not. Of a serial port the shift register has
// to be empty too; other devices have none to ask for.
void drainConsole(int console) {
  for (;;) {
    int queued = 0;
    unsigned status = TIOCSER_TEMT;
    if (ioctl(console, TIOCOUTQ, &queued) != 0) return;
    ioctl(console, TIOCSERGETLSR, &status);
    if (queued == 0 && (status & TIOCSER_TEMT) != 0) return;
    timespec pause{0, 200'000};
    nanosleep(&pause, nullptr);
  }
}

InputRelay::InputRelay(Loop& loop, int console) : loop_(loop), console_(console) {
  int pair[2];
  if (pipe2(pair, O_CLOEXEC) != 0) giveUp("preparing the program's input");
  readEnd_ = Descriptor(pair[0]);
  writeEnd_ = Descriptor(pair[1]);
  fcntl(pair[1], F_SETFL, O_NONBLOCK);
}

void InputRelay::start() { loop_.add(console_, EPOLLIN, *this); }

void InputRelay::onReady(uint32_t) {
  if (done_ == length_ && !ended_) {
    unsigned char in[sizeof pending_];
    const ssize_t count = read(console_, in, sizeof in);
    if (count > 0) unescape(in, static_cast<size_t>(count));
  }
  flush();
}

void InputRelay::unescape(const unsigned char* in, size_t count) {
  length_ = 0;
  done_ = 0;
  for (size_t i = 0; i < count && !ended_; i++) {
    if (escaped_) {
      escaped_ = false;
      if (in[i] == kEnd) ended_ = true;
      else pending_[length_++] = in[i];
    } else if (in[i] == kEscape) {
      escaped_ = true;
    } else {
      pending_[length_++] = in[i];
    }
  }
}

void InputRelay::flush() {
  while (done_ < length_) {
    const ssize_t count = write(writeEnd_.get(), pending_ + done_, length_ - done_);
    if (count < 0 && errno == EAGAIN) return watchPipe(true);
    if (count < 0) {  // nobody reads any more
      ended_ = true;
      done_ = length_;
      break;
    }
    done_ += static_cast<size_t>(count);
  }
  watchPipe(false);
  if (!ended_) return;
  loop_.remove(console_);
  writeEnd_.reset();
}

// Waits either for the line or for the program.
void InputRelay::watchPipe(bool wanted) {
  loop_.change(console_, wanted ? 0 : uint32_t{EPOLLIN}, *this);
  if (wanted) loop_.add(writeEnd_.get(), EPOLLOUT, *this);
  else loop_.remove(writeEnd_.get());
}

}  // namespace ringside::guest
