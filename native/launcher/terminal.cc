#include "terminal.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include "../descriptor.h"
#include "mounts.h"
#include "socket.h"
#include "syscalls.h"
#include "walk.h"

namespace ringside::terminal {

namespace {

// Nothing that merely looks like a ptmx: it must be the device 5:2 of a devpts (the lesson of CVE-2025-52565).
bool isPtmx(int fd) {
  struct stat status;
  struct statfs fs;
  return fstat(fd, &status) == 0 && fstatfs(fd, &fs) == 0 && S_ISCHR(status.st_mode) &&
         status.st_rdev == makedev(5, 2) && fs.f_type == DEVPTS_SUPER_MAGIC;
}

// Shows the terminal as /dev/console too, from the descriptor: the name /dev/pts/N could be somebody else's.
int bindConsole(int peer, int devices) {
  const Descriptor created(openat(devices, "console", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!created && errno != EEXIST) return -1;
  const Descriptor target(openat(devices, "console", O_PATH | O_NOFOLLOW | O_CLOEXEC));
  const Descriptor tree(sys::open_tree(peer, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH));
  struct stat status;
  if (!target || !tree || fstat(target.get(), &status) < 0) return -1;
  if (S_ISLNK(status.st_mode) || S_ISDIR(status.st_mode)) {
    errno = EEXIST;
    return -1;
  }
  return mounts::attach(tree.get(), target.get());
}

// The name travels as the message itself, as runc sends it; receivers care for the descriptor, which waits when read.
bool sendToConsole(int console, int master) {
  unsigned number;
  if (ioctl(master, TIOCGPTN, &number) < 0 || fcntl(master, F_SETFL, 0) < 0) return false;
  char name[32];
  const int length = snprintf(name, sizeof name, "/dev/pts/%u", number);
  return sendMessage(console, name, static_cast<std::size_t>(length), &master, 1);
}

constexpr int kAboveTargets = 3 + static_cast<int>(kMostDescriptors);

// dup3 refuses equal descriptors, and the copy must not carry the close-on-exec mark.
int place(int from, int to) {
  if (from == to) return fcntl(to, F_SETFD, 0);
  return dup3(from, to, 0);
}

}  // namespace

Outcome openTerminal(const Step& step, Execution& execution) {
  using namespace argument::openTerminal;
  const Descriptor master(
      walk::openBelow((*execution.slots)[step.slot(k_root)], "ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK));
  if (!master) return Outcome::failed(errno);
  if (!isPtmx(master.get())) return Outcome::failed(ENOTTY);
  int unlocked = 0;
  if (ioctl(master.get(), TIOCSPTLCK, &unlocked) < 0) return Outcome::failed(errno);
  const Descriptor peer(ioctl(master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!peer) return Outcome::failed(errno);
  winsize size{};
  size.ws_col = static_cast<unsigned short>(step.number(k_columns));
  size.ws_row = static_cast<unsigned short>(step.number(k_rows));
  if (ioctl(master.get(), TIOCSWINSZ, &size) < 0) return Outcome::failed(errno);
  if (fchown(peer.get(), static_cast<uid_t>(step.number(k_uid)), static_cast<gid_t>(-1)) < 0) return Outcome::failed(errno);
  const int devices = (*execution.slots)[step.slot(k_devices)];
  if (devices >= 0 && bindConsole(peer.get(), devices) < 0) return Outcome::failed(errno);
  const int fd = master.get();
  const int console = (*execution.slots)[step.slot(k_console)];
  if (!(console >= 0 ? sendToConsole(console, fd) : sendMessage(execution.sync, "t", 1, &fd, 1)))
    return Outcome::failed(errno);
  for (int stdio = 0; stdio < 3; stdio++) {
    if (place(peer.get(), stdio) < 0) return Outcome::failed(errno);
  }
  return Outcome::done();
}

// A path that is too long for an address (unix(7): 108 bytes) is named by a descriptor of the socket's file.
Outcome connectSocket(const Step& step, Execution& execution) {
  using namespace argument::connectSocket;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const Argument& path = step.list(k_path);
  Descriptor file;
  if (path.length < sizeof address.sun_path) {
    strcpy(address.sun_path, path.text);
  } else {
    file = Descriptor(open(path.text, O_PATH | O_CLOEXEC));
    if (!file) return Outcome::failed(errno);
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d", file.get());
  }
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket || connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
    return Outcome::failed(errno);
  execution.slots->put(step.slot(k_slot), socket.release());
  return Outcome::done();
}

Outcome takeTerminal(const Step&, Execution&) {
  return ioctl(0, TIOCSCTTY, 0) < 0 ? Outcome::failed(errno) : Outcome::done();
}

Outcome newSession(const Step&, Execution&) {
  // EPERM: this process already leads a process group of its own, as the first one of a pid namespace does not.
  return setsid() < 0 ? Outcome::failed(errno) : Outcome::done();
}

Outcome setStdio(const Step& step, Execution& execution) {
  using namespace argument::setStdio;
  const int slots[3] = {k_stdin, k_stdout, k_stderr};
  // Received descriptors lie above 2, since the launcher keeps 0 to 2 open: no source is overwritten before its use.
  for (int stdio = 0; stdio < 3; stdio++) {
    if (place((*execution.slots)[step.slot(slots[stdio])], stdio) < 0) return Outcome::failed(errno);
  }
  return Outcome::done();
}

// Sources lie above every target, since the launcher received them above what it holds itself. What it opened later may
// have taken a number that had become free in between, and is moved out of the way.
Outcome placeDescriptor(const Step& step, Execution& execution) {
  using namespace argument::placeDescriptor;
  const unsigned slot = step.slot(k_slot);
  const int target = static_cast<int>(step.number(k_target));
  const auto moveAside = [target](int& fd) {
    if (fd != target) return true;
    fd = fcntl(fd, F_DUPFD_CLOEXEC, kAboveTargets);
    return fd >= 0;
  };
  if (!moveAside(execution.sync)) return Outcome::failed(errno);
  for (unsigned other = 0; other < kSlotCount; other++) {
    if (other != slot && !moveAside(execution.slots->fds[other])) return Outcome::failed(errno);
  }
  return place((*execution.slots)[slot], target) < 0 ? Outcome::failed(errno) : Outcome::done();
}

}  // namespace ringside::terminal
