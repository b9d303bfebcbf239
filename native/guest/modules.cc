#include "modules.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../descriptor.h"
#include "report.h"

namespace ringside::guest {

namespace {

// proc may not be mounted yet where the root is still to come: the command line is read from a mount of our own.
std::string commandLine() {
  mkdir("/proc", 0755);
  const bool isMounted = mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) == 0;
  std::string line(4096, '\0');
  Descriptor file(open("/proc/cmdline", O_RDONLY | O_CLOEXEC));
  const ssize_t count = file ? read(file.get(), line.data(), line.size()) : 0;
  line.resize(count > 0 ? static_cast<size_t>(count) : 0);
  file.reset();
  if (isMounted) umount2("/proc", MNT_DETACH);
  return line;
}

// `…/virtio_net.ko` → `virtio_net`
std::string nameOf(const std::string& path) {
  const size_t start = path.rfind('/') + 1;
  return path.substr(start, path.rfind(".ko") - start);
}

// Words `NAME.key=value` as `key=value`, one after the other.
std::string parametersFor(const std::string& name, const std::string& line) {
  const std::string head = name + ".";
  std::string parameters;
  for (size_t at = 0; at < line.size();) {
    const size_t end = line.find_first_of(" \n", at);
    const std::string word = line.substr(at, end == std::string::npos ? end : end - at);
    if (word.rfind(head, 0) == 0) {
      if (!parameters.empty()) parameters += ' ';
      parameters += word.substr(head.size());
    }
    if (end == std::string::npos) break;
    at = end + 1;
  }
  return parameters;
}

}  // namespace

void loadModules(char** paths) {
  if (*paths == nullptr) return;
  const std::string line = commandLine();
  for (char** path = paths; *path != nullptr; path++) {
    const Descriptor file(open(*path, O_RDONLY | O_CLOEXEC));
    if (!file) giveUp(*path);
    const std::string parameters = parametersFor(nameOf(*path), line);
    if (syscall(SYS_finit_module, file.get(), parameters.c_str(), 0) != 0 && errno != EEXIST) giveUp(*path);
    unlink(*path);
  }
}

}  // namespace ringside::guest
