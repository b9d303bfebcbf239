// The first process of a Ringside guest: PID 1 of the virtual machine, from an initramfs, see init(1) and
// Documentation/filesystems/ramfs-rootfs-initramfs.rst of the kernel.
//
// It mounts what programs expect, runs one program on the serial console, reaps, and ends the machine with the program.
// What to run stands in /ringside/run (written by runtime/vm/run-file.ts: length-prefixed, since a kernel command line
// is too short and knows no quoting for arbitrary arguments).
//
// It reports milestones over QEMU's debug console (one byte per `out` to port 0xE9), never over the serial console: that
// one belongs to the program, and nothing that a program prints can be taken for a milestone. Each line is
//     NONCE NAME GUEST_CLOCK_NS [DETAIL]
// GUEST_CLOCK_NS is the guest's CLOCK_MONOTONIC, so that the host can take the delay of its own reading out of the
// stamps. The nonce is new for each start and is deleted with the run file before the program starts.
//
// Requests from the host arrive on the second serial port, one line each: "size COLUMNS ROWS", "signal NUMBER".

#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <poll.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

namespace {

constexpr uint16_t kDebugConsolePort = 0xE9;  // -device isa-debugcon
constexpr uint16_t kDebugExitPort = 0xF4;     // -device isa-debug-exit,iobase=0xf4,iosize=4
constexpr const char* kRunFile = "/ringside/run";
constexpr const char* kConsole = "/dev/ttyS0";
constexpr const char* kRequests = "/dev/ttyS1";
constexpr uint32_t kRunFileMagic = 0x31525352;  // "RSR1", little-endian
constexpr unsigned char kEscape = 0x10;         // DLE: see relayInput

// What to run, and how: the fields of runtime/vm/run-file.ts in its order.
struct Run {
  char* nonce;
  char* hostname;
  char* directory;
  uint32_t user;
  uint32_t group;
  size_t groupCount;
  gid_t* groups;          // supplementary
  uint32_t hasTerminal;   // the console is a terminal: echo, line editing, Ctrl-C
  uint32_t relaysInput;   // no terminal, but input: through a pipe, so that it can end
  uint32_t reportsLog;    // send the kernel's own log with its times at the end
  uint32_t columns;
  uint32_t rows;
  char** candidates;      // full paths to try in order, as execvp(3) would
  char** arguments;
  char** environment;
};

const char* nonce = "-";

uint64_t clockNs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<uint64_t>(now.tv_nsec);
}

// One milestone: a line to the host. `atNs` is when it happened, which may be before it could be told.
[[gnu::format(printf, 3, 4)]] void report(uint64_t atNs, const char* name, const char* format, ...) {
  char line[512];
  int length = snprintf(line, sizeof line, "%s %s %llu ", nonce, name, static_cast<unsigned long long>(atNs));
  va_list arguments;
  va_start(arguments, format);
  length += vsnprintf(line + length, sizeof line - static_cast<size_t>(length) - 1, format, arguments);
  va_end(arguments);
  if (length > static_cast<int>(sizeof line) - 2) length = sizeof line - 2;
  line[length++] = '\n';
  for (int i = 0; i < length; i++) outb(static_cast<unsigned char>(line[i]), kDebugConsolePort);
}

// Ends the machine at once. The host knows everything from the milestones; the value only tells "init ended it".
[[noreturn]] void powerOff() {
  outl(0, kDebugExitPort);
  reboot(RB_POWER_OFF);
  for (;;) pause();
}

[[noreturn]] void giveUp(const char* what) {
  report(clockNs(), "failed", "%d %s: %s", 125, what, strerror(errno));
  powerOff();
}

// --- the run file -------------------------------------------------------------------------------------------------

// Reads little-endian lengths and the bytes that follow them. Strings are terminated in place: the writer puts a zero
// behind each.
struct Reader {
  char* at;
  char* end;

  uint32_t number() {
    uint32_t value = 0;
    if (end - at < 4) { errno = EBADMSG; giveUp("reading the run file"); }
    memcpy(&value, at, sizeof value);
    at += sizeof value;
    return value;
  }
  char* string() {
    uint32_t length = number();
    if (static_cast<size_t>(end - at) < static_cast<size_t>(length) + 1) { errno = EBADMSG; giveUp("reading the run file"); }
    char* value = at;
    at += length + 1;
    return value;
  }
  char** strings() {
    uint32_t count = number();
    char** values = static_cast<char**>(calloc(static_cast<size_t>(count) + 1, sizeof(char*)));
    if (values == nullptr) giveUp("reading the run file");
    for (uint32_t i = 0; i < count; i++) values[i] = string();
    return values;
  }
};

Run readRun() {
  int fd = open(kRunFile, O_RDONLY | O_CLOEXEC);
  if (fd < 0) giveUp("opening the run file");
  struct stat info{};
  if (fstat(fd, &info) != 0) giveUp("reading the run file");
  size_t size = static_cast<size_t>(info.st_size);
  char* bytes = static_cast<char*>(malloc(size + 1));
  if (bytes == nullptr) giveUp("reading the run file");
  for (size_t done = 0; done < size;) {
    ssize_t count = read(fd, bytes + done, size - done);
    if (count <= 0) giveUp("reading the run file");
    done += static_cast<size_t>(count);
  }
  close(fd);
  unlink(kRunFile);
  Reader reader{bytes, bytes + size};
  if (reader.number() != kRunFileMagic) { errno = EBADMSG; giveUp("reading the run file"); }
  Run run{};
  run.nonce = reader.string();
  run.hostname = reader.string();
  run.directory = reader.string();
  run.user = reader.number();
  run.group = reader.number();
  run.groupCount = reader.number();
  run.groups = static_cast<gid_t*>(calloc(run.groupCount + 1, sizeof(gid_t)));
  if (run.groups == nullptr) giveUp("reading the run file");
  for (size_t i = 0; i < run.groupCount; i++) run.groups[i] = reader.number();
  run.hasTerminal = reader.number();
  run.relaysInput = reader.number();
  run.reportsLog = reader.number();
  run.columns = reader.number();
  run.rows = reader.number();
  run.candidates = reader.strings();
  run.arguments = reader.strings();
  run.environment = reader.strings();
  return run;
}

// --- the guest's world --------------------------------------------------------------------------------------------

struct MountRow {
  const char* type;
  const char* target;
  unsigned long flags;
  const char* options;
};

constexpr MountRow kMounts[] = {
    {"proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr},
    {"sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr},
    {"devtmpfs", "/dev", MS_NOSUID, "mode=755"},
    {"devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "gid=5,mode=620,ptmxmode=666"},
    {"tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777"},
    {"tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=755"},
    {"tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777"},
};

void mountAll() {
  for (const MountRow& row : kMounts) {
    mkdir(row.target, 0755);
    if (mount(row.type, row.target, row.type, row.flags, row.options) != 0) giveUp(row.target);
  }
  // What udev would make.
  if (symlink("/proc/self/fd", "/dev/fd") != 0 || symlink("/proc/self/fd/0", "/dev/stdin") != 0 ||
      symlink("/proc/self/fd/1", "/dev/stdout") != 0 || symlink("/proc/self/fd/2", "/dev/stderr") != 0) {
    giveUp("making the links in /dev");
  }
}

// Brings `lo` up, see netdevice(7). A guest without it still runs, so a failure is not the end.
void raiseLoopback() {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  ifreq request{};
  strcpy(request.ifr_name, "lo");
  if (ioctl(fd, SIOCGIFFLAGS, &request) == 0) {
    request.ifr_flags |= IFF_UP | IFF_RUNNING;
    ioctl(fd, SIOCSIFFLAGS, &request);
  }
  close(fd);
}

void setSize(int console, uint32_t columns, uint32_t rows) {
  winsize size{};
  size.ws_col = static_cast<uint16_t>(columns);
  size.ws_row = static_cast<uint16_t>(rows);
  ioctl(console, TIOCSWINSZ, &size);
}

// With a terminal: the usual settings of a login line, see termios(3). Without: bytes pass unchanged.
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

// --- the program --------------------------------------------------------------------------------------------------

// The first that may be executed, else the first that is there, so that execve can say why not: as execvp(3) walks PATH.
const char* findProgram(char** candidates) {
  const char* there = nullptr;
  for (char** candidate = candidates; *candidate != nullptr; candidate++) {
    struct stat info{};
    if (stat(*candidate, &info) != 0) continue;
    if (S_ISREG(info.st_mode) && access(*candidate, X_OK) == 0) return *candidate;
    if (there == nullptr) there = *candidate;
  }
  return there;
}

// In the child. Tells the parent through `failure` why it could not become the program.
[[noreturn]] void becomeProgram(const Run& run, int console, int input, int failure) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  setsid();
  if (ioctl(console, TIOCSCTTY, 0) != 0) giveUp("taking the console as controlling terminal");
  dup2(input >= 0 ? input : console, STDIN_FILENO);
  dup2(console, STDOUT_FILENO);
  dup2(console, STDERR_FILENO);
  int error = 0;
  if (fchown(console, run.user, 5) != 0) error = errno;  // 5 is tty, as login(1) does
  if (error == 0 && setgroups(run.groupCount, run.groups) != 0) error = errno;
  if (error == 0 && (setgid(run.group) != 0 || setuid(run.user) != 0)) error = errno;
  if (error == 0 && chdir(run.directory) != 0) error = errno;
  const char* path = error == 0 ? findProgram(run.candidates) : nullptr;
  if (error == 0 && path == nullptr) error = ENOENT;
  if (error == 0) {
    report(clockNs(), "exec", "%s", path);
    ioperm(kDebugConsolePort, 1, 0);  // execve would hand them on, see ioperm(2)
    ioperm(kDebugExitPort, 4, 0);
    execve(path, run.arguments, run.environment);
    error = errno;
  }
  if (write(failure, &error, sizeof error) < 0) _exit(125);
  _exit(127);
}

// --- input that can end -------------------------------------------------------------------------------------------

// A serial line has no end of file. Without a terminal the host therefore escapes its input: DLE DLE is one DLE,
// DLE 'E' is the end. Returns false at the end.
bool relayInput(int console, int program, bool& escaped) {
  unsigned char in[256];
  unsigned char out[sizeof in];
  ssize_t count = read(console, in, sizeof in);
  size_t length = 0;
  for (ssize_t i = 0; i < count; i++) {
    if (escaped) {
      escaped = false;
      if (in[i] == 'E') {
        if (length > 0 && write(program, out, length) < 0) return false;
        return false;
      }
      out[length++] = in[i];
    } else if (in[i] == kEscape) {
      escaped = true;
    } else {
      out[length++] = in[i];
    }
  }
  return length == 0 || write(program, out, length) >= 0;
}

// --- requests from the host ---------------------------------------------------------------------------------------

void obey(const char* line, int console, pid_t program) {
  unsigned first = 0;
  unsigned second = 0;
  if (sscanf(line, "size %u %u", &first, &second) == 2) setSize(console, first, second);
  if (sscanf(line, "signal %u", &first) == 1) kill(program, static_cast<int>(first));
}

// Requests come in pieces: keeps what has no end of line yet.
struct Requests {
  int fd = -1;
  char pending[128];
  size_t length = 0;

  void take(int console, pid_t program) {
    char in[64];
    ssize_t count = read(fd, in, sizeof in);
    for (ssize_t i = 0; i < count; i++) {
      if (in[i] == '\n') {
        pending[length] = '\0';
        obey(pending, console, program);
        length = 0;
      } else if (length < sizeof pending - 1) {
        pending[length++] = in[i];
      }
    }
  }
};

int openRequests() {
  int fd = open(kRequests, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return -1;
  termios line{};
  if (tcgetattr(fd, &line) != 0) {
    close(fd);
    return -1;
  }
  cfmakeraw(&line);
  line.c_cflag |= CREAD | CLOCAL;
  tcsetattr(fd, TCSANOW, &line);
  return fd;
}

// --- the end ------------------------------------------------------------------------------------------------------

// Waits until every byte has left the serial port's shift register, else the last words of the program would be lost
// with the machine. tcdrain(3) gives up after a while when the host does not read; this does not.
void drainConsole(int console) {
  for (;;) {
    int queued = 0;
    unsigned status = 0;
    if (ioctl(console, TIOCOUTQ, &queued) != 0 || ioctl(console, TIOCSERGETLSR, &status) != 0) return;
    if (queued == 0 && (status & TIOCSER_TEMT) != 0) return;
    timespec pause{0, 200'000};
    nanosleep(&pause, nullptr);
  }
}

// Which lines of the kernel's log mark the border of a stage, see runtime/vm/milestones.ts.
constexpr const char* kLogMarks[] = {"Linux version ",         "tsc: Detected ", "Memory: ",
                                     "smpboot: ",              "smp: Brought up", "Unpacking initramfs",
                                     "Trying to unpack rootfs", "Freeing initrd memory", "Freeing unused kernel image",
                                     "Run /"};

// Sends the marks of the kernel's log with the kernel's own times, after the program, where it disturbs no start. A line
// of our own ties the log's clock to CLOCK_MONOTONIC.
void reportLog() {
  int fd = open("/dev/kmsg", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return;
  uint64_t tieNs = clockNs();
  if (write(fd, "ringside-tie\n", 13) != 13) return;  // without the newline the kernel would wait for more of the line
  char record[1024];
  for (;;) {
    ssize_t count = read(fd, record, sizeof record - 1);
    if (count < 0 && errno == EPIPE) continue;  // overwritten while reading: go on with the next
    if (count <= 0) break;
    record[count] = '\0';
    // "PRIORITY,SEQUENCE,MICROSECONDS,FLAGS;TEXT\n"
    unsigned long long microseconds = 0;
    char* text = strchr(record, ';');
    if (text == nullptr || sscanf(record, "%*u,%*u,%llu", &microseconds) != 1) continue;
    text++;
    if (char* end = strchr(text, '\n')) *end = '\0';
    if (strcmp(text, "ringside-tie") == 0) {
      report(tieNs, "tie", "%llu", microseconds * 1000);
      continue;
    }
    for (const char* mark : kLogMarks) {
      if (strncmp(text, mark, strlen(mark)) == 0) {
        report(microseconds * 1000, "log", "%.200s", text);
        break;
      }
    }
  }
  close(fd);
}

// Serves the program until it is gone, and returns its wait status.
int serve(pid_t program, int console, int programInput, int signals) {
  Requests requests{};
  requests.fd = openRequests();
  bool escaped = false;
  for (;;) {
    pollfd wanted[3] = {{signals, POLLIN, 0}, {requests.fd, POLLIN, 0}, {programInput >= 0 ? console : -1, POLLIN, 0}};
    if (poll(wanted, 3, -1) < 0 && errno != EINTR) giveUp("waiting");
    if (wanted[1].revents != 0) requests.take(console, program);
    if (wanted[2].revents != 0 && !relayInput(console, programInput, escaped)) {
      close(programInput);
      programInput = -1;
    }
    if (wanted[0].revents != 0) {
      signalfd_siginfo info{};
      if (read(signals, &info, sizeof info) < 0) continue;
      int status = 0;
      for (pid_t gone; (gone = waitpid(-1, &status, WNOHANG)) > 0;) {
        if (gone == program) return status;
      }
    }
  }
}

int execFailure(int fd) {
  int error = 0;
  ssize_t count = read(fd, &error, sizeof error);
  close(fd);
  return count == sizeof error ? error : 0;
}

void reportEnd(int status, int error) {
  uint64_t atNs = clockNs();
  if (error != 0) {
    report(atNs, "failed", "%d %s", error == ENOENT || error == ENOTDIR ? 127 : 126, strerror(error));
  } else if (WIFSIGNALED(status)) {
    report(atNs, "signaled", "%d", WTERMSIG(status));
  } else {
    report(atNs, "exited", "%d", WEXITSTATUS(status));
  }
}

}  // namespace

int main() {
  uint64_t startedNs = clockNs();
  if (ioperm(kDebugConsolePort, 1, 1) != 0 || ioperm(kDebugExitPort, 4, 1) != 0) return 125;
  Run run = readRun();
  nonce = run.nonce;
  report(startedNs, "init", "%d", getpid());
  mountAll();
  if (sethostname(run.hostname, strlen(run.hostname)) != 0) giveUp("setting the host name");
  raiseLoopback();
  int console = open(kConsole, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (console < 0) giveUp(kConsole);
  setLine(console, run);

  sigset_t childSignal;
  sigemptyset(&childSignal);
  sigaddset(&childSignal, SIGCHLD);
  sigprocmask(SIG_BLOCK, &childSignal, nullptr);
  signal(SIGPIPE, SIG_IGN);
  int signals = signalfd(-1, &childSignal, SFD_CLOEXEC);
  int failure[2];
  int input[2] = {-1, -1};
  if (signals < 0 || pipe2(failure, O_CLOEXEC) != 0) giveUp("preparing the program");
  if (run.relaysInput != 0 && pipe2(input, O_CLOEXEC) != 0) giveUp("preparing the program's input");
  if (run.relaysInput == 0 && run.hasTerminal == 0) input[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
  report(clockNs(), "ready", "mounts, names and the console are there");

  pid_t program = fork();
  if (program < 0) giveUp("fork");
  if (program == 0) {
    signal(SIGPIPE, SIG_DFL);
    becomeProgram(run, console, input[0], failure[1]);
  }
  close(failure[1]);
  if (input[0] >= 0) close(input[0]);
  int error = execFailure(failure[0]);
  int status = serve(program, console, input[1], signals);
  reportEnd(status, error);
  drainConsole(console);
  if (run.reportsLog != 0) reportLog();
  report(clockNs(), "bye", "%d", WEXITSTATUS(status));
  powerOff();
}
