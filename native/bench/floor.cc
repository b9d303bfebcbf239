// The floor: the container of `ringside run`, made and removed by nothing but the system calls that it takes, in one
// straight line. No plan, no report, no check that the kernel does not make itself. It says how fast a container can be
// on this machine; test/bench/floor.test.ts compares the two from the inside. mount(2), clone(2), pivot_root(2),
// capabilities(7), cgroups(7).
//
//   ringside-floor NAME LOWER LAYER FILTER MEMORY PIDS v1|v2 GROUPS PROGRAM [ARGUMENT…]
//
// LOWER is the image's tree, LAYER a directory that is made and removed, FILTER a file of seccomp instructions, GROUPS
// where the hierarchies are mounted. The environment and the standard streams are handed on. The caller has seen to it
// that all of them are what they should be: what fails ends the program with the line at which it did.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <initializer_list>

namespace {

[[noreturn]] void fail(int line) {
  dprintf(2, "ringside-floor: line %d: %s\n", line, strerror(errno));
  _exit(125);
}

#define MUST(call)                 \
  do {                             \
    if ((call) < 0) fail(__LINE__); \
  } while (0)

struct Options {
  const char* name;
  const char* lower;
  const char* layer;
  const char* filter;
  const char* memory;
  const char* pids;
  bool unified;
  const char* groups;
  char** program;
};

constexpr unsigned long kHarmless = MS_NOSUID | MS_NODEV | MS_NOEXEC;
constexpr uint64_t kKeptCapabilities = 0xa80425fb;
constexpr std::size_t kMostInstructions = 4096;

constexpr const char* kHierarchies[] = {"devices", "memory", "pids"};

constexpr const char* kDeviceRules[] = {"c *:* m",   "b *:* m",   "c 1:3 rwm", "c 1:5 rwm", "c 1:7 rwm",  "c 1:8 rwm",
                                        "c 1:9 rwm", "c 5:0 rwm", "c 5:1 rwm", "c 5:2 rwm", "c 136:* rwm"};

struct Filesystem {
  const char* type;
  const char* source;
  const char* target;
  unsigned long flags;
  const char* data;
};

constexpr Filesystem kFilesystems[] = {
    {"proc", "proc", "/proc", kHarmless, nullptr},
    {"tmpfs", "tmpfs", "/dev", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k"},
    {"devpts", "devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5"},
    {"tmpfs", "shm", "/dev/shm", kHarmless, "mode=1777,size=65536k"},
    {"mqueue", "mqueue", "/dev/mqueue", kHarmless, nullptr},
    {"sysfs", "sysfs", "/sys", kHarmless | MS_RDONLY, nullptr},
};

struct Node {
  const char* path;
  unsigned major;
  unsigned minor;
};

constexpr Node kNodes[] = {{"/dev/null", 1, 3},   {"/dev/zero", 1, 5},    {"/dev/full", 1, 7},
                           {"/dev/random", 1, 8}, {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0}};

constexpr const char* kLinks[][2] = {{"/proc/self/fd", "/dev/fd"},         {"/proc/self/fd/0", "/dev/stdin"},
                                     {"/proc/self/fd/1", "/dev/stdout"},   {"/proc/self/fd/2", "/dev/stderr"},
                                     {"/proc/kcore", "/dev/core"},         {"pts/ptmx", "/dev/ptmx"}};

constexpr const char* kMaskedDirectories[] = {"/proc/acpi", "/proc/asound", "/proc/scsi", "/sys/devices/virtual/powercap",
                                              "/sys/firmware"};
constexpr const char* kMaskedFiles[] = {"/proc/interrupts",    "/proc/kcore",      "/proc/keys",       "/proc/latency_stats",
                                        "/proc/sched_debug",   "/proc/timer_list", "/proc/timer_stats"};
constexpr const char* kReadOnly[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};

struct Path {
  char text[PATH_MAX];
};

Path joined(const char* first, const char* second, const char* third = "", const char* fourth = "") {
  Path path;
  char* end = stpcpy(path.text, first);
  for (const char* part : {second, third, fourth}) {
    if (part[0] == 0) continue;
    *end++ = '/';
    end = stpcpy(end, part);
  }
  return path;
}

void writeTo(const char* path, const char* text) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  MUST(fd);
  MUST(write(fd, text, strlen(text)));
  close(fd);
}

void makeFile(int directory, const char* name, const char* text) {
  const int fd = openat(directory, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  MUST(fd);
  MUST(write(fd, text, strlen(text)));
  close(fd);
}

// Groups, and how the child gets into them: descriptors of v1's `tasks`, or the one directory of v2.
struct Groups {
  int tasks[3];
  int directory;
};

Path groupPath(const Options& options, const char* hierarchy) { return joined(options.groups, hierarchy, options.name); }

Groups makeGroups(const Options& options) {
  Groups groups{{-1, -1, -1}, -1};
  if (options.unified) {
    const Path group = joined(options.groups, options.name);
    MUST(mkdir(group.text, 0755));
    writeTo(joined(group.text, "memory.max").text, options.memory);
    writeTo(joined(group.text, "memory.swap.max").text, options.memory);
    writeTo(joined(group.text, "pids.max").text, options.pids);
    MUST(groups.directory = open(group.text, O_PATH | O_DIRECTORY | O_CLOEXEC));
    return groups;
  }
  for (const char* hierarchy : kHierarchies) MUST(mkdir(groupPath(options, hierarchy).text, 0755));
  const Path devices = groupPath(options, "devices");
  writeTo(joined(devices.text, "devices.deny").text, "a");
  const int allow = open(joined(devices.text, "devices.allow").text, O_WRONLY | O_CLOEXEC);
  for (const char* rule : kDeviceRules) MUST(write(allow, rule, strlen(rule)));
  close(allow);
  const Path memory = groupPath(options, "memory");
  char both[32];
  snprintf(both, sizeof both, "%lld", 2 * atoll(options.memory));
  writeTo(joined(memory.text, "memory.limit_in_bytes").text, options.memory);
  writeTo(joined(memory.text, "memory.memsw.limit_in_bytes").text, both);
  writeTo(joined(groupPath(options, "pids").text, "pids.max").text, options.pids);
  for (int i = 0; i < 3; i++)
    MUST(groups.tasks[i] = open(joined(groupPath(options, kHierarchies[i]).text, "tasks").text, O_WRONLY | O_CLOEXEC));
  return groups;
}

void removeGroups(const Options& options) {
  if (options.unified) MUST(rmdir(joined(options.groups, options.name).text));
  else
    for (const char* hierarchy : kHierarchies) MUST(rmdir(groupPath(options, hierarchy).text));
}

void makeLayer(const Options& options) {
  MUST(mkdir(options.layer, 0755));
  for (const char* name : {"upper", "work"}) MUST(mkdir(joined(options.layer, name).text, 0755));
}

// overlayfs leaves directories of its own in `work`; `incompat/volatile` marks a layer that was never synced.
void removeLayer(const Options& options) {
  MUST(unlink(joined(options.layer, "work/work/incompat/volatile/dirty").text));
  for (const char* name : {"work/work/incompat/volatile", "work/work/incompat", "work/work", "work", "upper"}) {
    if (rmdir(joined(options.layer, name).text) < 0 && errno != ENOENT) fail(__LINE__);
  }
  MUST(rmdir(options.layer));
}

void joinGroups(const Options& options, const Groups& groups) {
  if (options.unified) return;
  for (const int tasks : groups.tasks) MUST(write(tasks, "0", 1));
  MUST(unshare(CLONE_NEWCGROUP));
}

// Two small file systems at a place of the old root that nobody needs any more: the container's own files, and what masks.
struct Hidden {
  int files;
  int mask;
};

int mountHidden(const char* place, const char* source, unsigned long flags, const char* data) {
  MUST(mount(source, place, "tmpfs", flags, data));
  const int fd = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
  MUST(fd);
  return fd;
}

Hidden mountRoot(const Options& options) {
  MUST(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr));
  // The layer's own directory is the place: what it holds is open by then.
  const char* root = options.layer;
  Hidden hidden;
  hidden.files = mountHidden(options.groups, "ringside", kHarmless, "size=64k,mode=755");
  char text[512];
  snprintf(text, sizeof text, "%s\n", options.name);
  makeFile(hidden.files, "hostname", text);
  snprintf(text, sizeof text, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.0.1\t%s\n", options.name);
  makeFile(hidden.files, "hosts", text);
  hidden.mask = mountHidden(options.groups, "masked", kHarmless | MS_RDONLY, "nr_blocks=1,nr_inodes=1,mode=000");
  char data[3 * PATH_MAX];
  snprintf(data, sizeof data, "lowerdir=%s,upperdir=%s/upper,workdir=%s/work,volatile", options.lower, options.layer, options.layer);
  MUST(mount("overlay", root, "overlay", 0, data));
  MUST(chdir(root));
  MUST(syscall(SYS_pivot_root, ".", "."));
  return hidden;
}

void bindFrom(int directory, const char* name, const char* target) {
  const int tree = static_cast<int>(
      syscall(SYS_open_tree, directory, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (name[0] == 0 ? AT_EMPTY_PATH : 0)));
  MUST(tree);
  if (syscall(SYS_move_mount, tree, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) < 0 && errno != ENOENT) fail(__LINE__);
  close(tree);
}

void mountGroups(const Options& options) {
  if (options.unified) {
    MUST(mount("cgroup", "/sys/fs/cgroup", "cgroup2", kHarmless | MS_RDONLY, nullptr));
    return;
  }
  MUST(mount("cgroup", "/sys/fs/cgroup", "tmpfs", kHarmless, "mode=755,size=16k"));
  for (const char* hierarchy : kHierarchies) {
    const Path target = joined("/sys/fs/cgroup", hierarchy);
    MUST(mkdir(target.text, 0755));
    MUST(mount("cgroup", target.text, "cgroup", kHarmless | MS_RDONLY, hierarchy));
  }
  MUST(mount(nullptr, "/sys/fs/cgroup", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | kHarmless, nullptr));
}

void mountAll(const Options& options, const Hidden& hidden) {
  umask(0);
  for (const Filesystem& fs : kFilesystems) {
    if (strncmp(fs.target, "/dev/", 5) == 0) MUST(mkdir(fs.target, 0755));
    MUST(mount(fs.source, fs.target, fs.type, fs.flags, fs.data));
  }
  mountGroups(options);
  for (const Node& node : kNodes) MUST(mknod(node.path, S_IFCHR | 0666, makedev(node.major, node.minor)));
  for (const auto& [to, path] : kLinks) MUST(symlink(to, path));
  bindFrom(hidden.files, "hostname", "/etc/hostname");
  bindFrom(hidden.files, "hosts", "/etc/hosts");
  for (const char* path : kMaskedFiles)
    if (mount("/dev/null", path, nullptr, MS_BIND, nullptr) < 0 && errno != ENOENT) fail(__LINE__);
  for (const char* path : kMaskedDirectories) bindFrom(hidden.mask, "", path);
  for (const char* path : kReadOnly) {
    if (mount(path, path, nullptr, MS_BIND, nullptr) < 0) {
      if (errno == ENOENT) continue;
      fail(__LINE__);
    }
    MUST(mount(nullptr, path, nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | kHarmless, nullptr));
  }
  // The old root, and with it the hidden file systems: what was bound from them stays.
  MUST(umount2(".", MNT_DETACH));
  umask(022);
}

void loopbackUp() {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  MUST(fd);
  ifreq request{};
  strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  MUST(ioctl(fd, SIOCSIFFLAGS, &request));
  close(fd);
}

void dropPrivileges() {
  MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  for (int each = 0; each < 64; each++) {
    if ((kKeptCapabilities >> each & 1) != 0) continue;
    if (prctl(PR_CAPBSET_DROP, each, 0, 0, 0) < 0) break;
  }
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  data[0].permitted = data[0].effective = static_cast<uint32_t>(kKeptCapabilities);
  MUST(syscall(SYS_capset, &header, data));
  MUST(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
}

[[noreturn]] void becomeProgram(const Options& options, const Groups& groups, sock_fprog filter) {
  joinGroups(options, groups);
  const Hidden hidden = mountRoot(options);
  mountAll(options, hidden);
  MUST(sethostname(options.name, strlen(options.name)));
  loopbackUp();
  MUST(setsid());
  MUST(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, "ringside"));
  MUST(syscall(SYS_setgroups, 0, nullptr));
  dropPrivileges();
  MUST(syscall(SYS_close_range, 3, ~0U, 0));
  MUST(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter));
  execv(options.program[0], options.program);
  fail(__LINE__);
}

sock_fprog readFilter(const char* path) {
  static sock_filter instructions[kMostInstructions];
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  MUST(fd);
  const ssize_t bytes = read(fd, instructions, sizeof instructions);
  MUST(bytes);
  close(fd);
  return {static_cast<unsigned short>(static_cast<std::size_t>(bytes) / sizeof(sock_filter)), instructions};
}

}  // namespace

int main(int count, char** words) {
  if (count < 10) {
    dprintf(2, "ringside-floor NAME LOWER LAYER FILTER MEMORY PIDS v1|v2 GROUPS PROGRAM [ARGUMENT…]\n");
    return 125;
  }
  const Options options{words[1], words[2], words[3], words[4], words[5], words[6], strcmp(words[7], "v2") == 0, words[8], words + 9};
  const sock_fprog filter = readFilter(options.filter);
  const Groups groups = makeGroups(options);
  makeLayer(options);
  clone_args arguments{};
  arguments.flags = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET;
  arguments.exit_signal = SIGCHLD;
  if (options.unified) {
    arguments.flags |= CLONE_NEWCGROUP | CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<uint64_t>(groups.directory);
  }
  const pid_t child = static_cast<pid_t>(syscall(SYS_clone3, &arguments, sizeof arguments));
  MUST(child);
  if (child == 0) becomeProgram(options, groups, filter);
  int status = 0;
  MUST(waitpid(child, &status, 0));
  removeGroups(options);
  removeLayer(options);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
