#include "world.h"

#include <cerrno>
#include <cstring>

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report.h"

namespace ringside::guest {

namespace {

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

struct LinkRow {
  const char* target;
  const char* path;
};

constexpr LinkRow kLinks[] = {
    {"/proc/self/fd", "/dev/fd"},
    {"/proc/self/fd/0", "/dev/stdin"},
    {"/proc/self/fd/1", "/dev/stdout"},
    {"/proc/self/fd/2", "/dev/stderr"},
};

}  // namespace

void makeWorld(const char* hostname) {
  for (const MountRow& row : kMounts) {
    mkdir(row.target, 0755);
    if (mount(row.type, row.target, row.type, row.flags, row.options) != 0) giveUp(row.target);
  }
  for (const LinkRow& row : kLinks) {
    if (symlink(row.target, row.path) != 0 && errno != EEXIST) giveUp("making the links in /dev");
  }
  if (sethostname(hostname, strlen(hostname)) != 0) giveUp("setting the host name");
}

}  // namespace ringside::guest
