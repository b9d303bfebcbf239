#include "root.h"

#include <cerrno>
#include <ctime>

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report.h"

namespace ringside::guest {

namespace {

constexpr uint64_t kDiskPatienceNs = 10'000'000'000;

// A driver looks at its disk in its own time.
void awaitDisk(const char* path) {
  const uint64_t untilNs = clockNs() + kDiskPatienceNs;
  while (access(path, F_OK) != 0) {
    if (clockNs() > untilNs) giveUp(path);
    const timespec pause{0, 1'000'000};
    nanosleep(&pause, nullptr);
  }
}

void makeDirectory(const char* path) {
  if (mkdir(path, 0755) != 0 && errno != EEXIST) giveUp(path);
}

void enter(const char* root) {
  if (chdir(root) != 0 || mount(".", "/", nullptr, MS_MOVE, nullptr) != 0 || chroot(".") != 0 || chdir("/") != 0) {
    giveUp("switching the root");
  }
}

}  // namespace

void switchRoot(const Run& run) {
  makeDirectory("/ringside/root");
  if (run.rootDevice[0] == '\0') {
    if (mount("/", "/ringside/root", nullptr, MS_BIND, nullptr) != 0) giveUp("mounting the root");
    return enter("/ringside/root");
  }
  makeDirectory("/dev");
  if (mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "mode=755") != 0) giveUp("/dev");
  awaitDisk(run.rootDevice);
  makeDirectory("/ringside/lower");
  makeDirectory("/ringside/writable");
  if (mount(run.rootDevice, "/ringside/lower", run.rootType, MS_RDONLY, nullptr) != 0) giveUp("mounting the disk");
  if (mount("tmpfs", "/ringside/writable", "tmpfs", 0, "mode=755") != 0) giveUp("/ringside/writable");
  makeDirectory("/ringside/writable/upper");
  makeDirectory("/ringside/writable/work");
  constexpr const char* kLayers =
      "lowerdir=/ringside/lower,upperdir=/ringside/writable/upper,workdir=/ringside/writable/work";
  if (mount("overlay", "/ringside/root", "overlay", 0, kLayers) != 0) giveUp("mounting the overlay");
  if (umount2("/dev", MNT_DETACH) != 0) giveUp("leaving the initramfs");
  unlink("/ringside/init");  // memory that nobody will read again; the running program keeps what it has mapped
  enter("/ringside/root");
}

}  // namespace ringside::guest
