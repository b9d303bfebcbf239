#include "report.h"

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <ctime>

#include <fcntl.h>
#include <sys/io.h>
#include <sys/reboot.h>
#include <termios.h>
#include <unistd.h>

namespace ringside::guest {

namespace {

constexpr uint16_t kDebugConsolePort = 0xE9;  // -device isa-debugcon
constexpr uint16_t kDebugExitPort = 0xF4;     // -device isa-debug-exit,iobase=0xf4,iosize=4
constexpr unsigned long kDebugExitPorts = 4;
constexpr int kOwnFailure = 125;

const char* nonce = "-";
bool isOnConsole = false;
int console = -1;
char early[1024];  // lines that wait for the console
size_t earlyLength = 0;

void tellPort(const char* line, size_t length) {
  for (size_t i = 0; i < length; i++) outb(static_cast<unsigned char>(line[i]), kDebugConsolePort);
}

// Without what a terminal makes of the end of a line. The end of the program's session hangs its terminal up for everybody
// who had it open, see setsid(2): it is opened again.
void tellConsole(const char* line, size_t length) {
  termios usual{};
  if (tcgetattr(console, &usual) != 0) {
    console = open("/dev/console", O_WRONLY | O_NOCTTY | O_CLOEXEC);
    tcgetattr(console, &usual);
  }
  termios plain = usual;
  plain.c_oflag &= ~static_cast<tcflag_t>(OPOST);
  tcsetattr(console, TCSADRAIN, &plain);
  for (size_t done = 0; done < length;) {
    const ssize_t count = write(console, line + done, length - done);
    if (count <= 0) break;
    done += static_cast<size_t>(count);
  }
  tcsetattr(console, TCSADRAIN, &usual);
}

}  // namespace

bool openMilestones() {
  return ioperm(kDebugConsolePort, 1, 1) == 0 && ioperm(kDebugExitPort, kDebugExitPorts, 1) == 0;
}

void closeMilestones() {
  ioperm(kDebugConsolePort, 1, 0);
  ioperm(kDebugExitPort, kDebugExitPorts, 0);
}

void nameMilestones(const char* name, bool onConsole) {
  nonce = name;
  isOnConsole = onConsole;
}

void milestonesOn(int fd) {
  console = fd;
  if (isOnConsole && earlyLength > 0) tellConsole(early, earlyLength);
  earlyLength = 0;
}

uint64_t clockNs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<uint64_t>(now.tv_nsec);
}

void report(uint64_t atNs, const char* name, const char* format, ...) {
  char line[512];
  int length = snprintf(line, sizeof line, "%s %s %llu ", nonce, name, static_cast<unsigned long long>(atNs));
  va_list arguments;
  va_start(arguments, format);
  length += vsnprintf(line + length, sizeof line - static_cast<size_t>(length) - 1, format, arguments);
  va_end(arguments);
  if (length > static_cast<int>(sizeof line) - 2) length = sizeof line - 2;
  line[length++] = '\n';
  const size_t bytes = static_cast<size_t>(length);
  if (!isOnConsole) return tellPort(line, bytes);
  if (console >= 0) return tellConsole(line, bytes);
  if (earlyLength + bytes > sizeof early) return;
  memcpy(early + earlyLength, line, bytes);
  earlyLength += bytes;
}

// A reset last: every machine of ours ends with it, also one whose kernel knows no power switch.
void powerOff() {
  outl(0, kDebugExitPort);
  reboot(RB_AUTOBOOT);
  for (;;) pause();
}

void giveUp(const char* what) {
  const int error = errno;
  if (isOnConsole && console < 0) milestonesOn(open("/dev/console", O_WRONLY | O_NOCTTY | O_CLOEXEC));
  report(clockNs(), "failed", "%d %s: %s", kOwnFailure, what, strerror(error));
  powerOff();
}

}  // namespace ringside::guest
