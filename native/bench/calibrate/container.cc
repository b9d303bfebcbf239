// What the start of a container is made of, each call as the launcher makes it, timed by itself: in every round a group, a
// layer and a process with namespaces of its own are made and removed. A cost is so measured where it is paid, with
// caches as cold as there, and not in a loop. This is the launcher's part. cgroups(7), mount(2), clone(2).
#include "container.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <initializer_list>

namespace calibrate {

namespace {

constexpr std::size_t kMostInstructions = 4096;

sock_filter instructions[kMostInstructions];

sock_fprog readFilter(const char* path) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  const ssize_t bytes = fd < 0 ? -1 : read(fd, instructions, sizeof instructions);
  if (bytes < 0) fail("read the filter");
  close(fd);
  return {static_cast<unsigned short>(static_cast<std::size_t>(bytes) / sizeof(sock_filter)), instructions};
}

int writeFile(const char* path, const char* text) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return -1;
  const ssize_t written = write(fd, text, strlen(text));
  const int error = errno;
  close(fd);
  errno = error;
  return written < 0 ? -1 : 0;
}

// A filter of devices that allows everything: what costs is that one is loaded and attached (bpf(2)).
long attachDeviceFilter(int group) {
  const bpf_insn allow[] = {{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 1}, {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
  bpf_attr load{};
  load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  load.insns = reinterpret_cast<std::uint64_t>(allow);
  load.insn_cnt = 2;
  load.license = reinterpret_cast<std::uint64_t>("GPL");
  const long program = syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof load);
  if (program < 0) return -1;
  bpf_attr attach{};
  attach.target_fd = static_cast<std::uint32_t>(group);
  attach.attach_bpf_fd = static_cast<std::uint32_t>(program);
  attach.attach_type = BPF_CGROUP_DEVICE;
  attach.attach_flags = BPF_F_ALLOW_MULTI;
  const long result = syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof attach);
  close(static_cast<int>(program));
  return result;
}

void makeUnifiedGroup(Page& page, const Workplace& at, Opened& opened) {
  const Path group(at.groups, at.name);
  page.timed("cgroup.make", [&] { return mkdir(group.text, 0755); });
  page.timed("cgroup.write", [&] { return writeFile(Path(group.text, "cgroup.freeze").text, "0"); });
  opened.group = static_cast<int>(page.timed("cgroup.open", [&] { return open(group.text, O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  page.timed("cgroup.devices", [&] { return attachDeviceFilter(opened.group); });
}

void makeGroups(Page& page, const Workplace& at, Opened& opened) {
  if (at.unified) return makeUnifiedGroup(page, at, opened);
  const Path devices(Path(at.groups, "devices").text, at.name), memory(Path(at.groups, "memory").text, at.name);
  page.timed("cgroup.make.devices", [&] { return mkdir(devices.text, 0755); });
  page.timed("cgroup.make.memory", [&] { return mkdir(memory.text, 0755); });
  page.timed("cgroup.write.devices.deny", [&] { return writeFile(Path(devices.text, "devices.deny").text, "a"); });
  for (const char* rule : {"c *:* m", "c 1:3 rwm", "c 5:0 rwm"})
    page.timed("cgroup.write.devices.allow", [&] { return writeFile(Path(devices.text, "devices.allow").text, rule); });
  const auto tasks = [](const Path& group) { return open(Path(group.text, "tasks").text, O_WRONLY | O_CLOEXEC); };
  opened.devicesTasks = static_cast<int>(page.timed("cgroup.open", [&] { return tasks(devices); }));
  opened.memoryTasks = static_cast<int>(page.timed("cgroup.open", [&] { return tasks(memory); }));
}

int newOverlay(const Workplace& at, const Path& layer) {
  const Path upper(layer.text, "upper"), work(layer.text, "work");
  const Option options[] = {{"lowerdir+", at.lower}, {"upperdir", upper.text}, {"workdir", work.text}, {"volatile", nullptr}, {"source", "overlay"}};
  const int mount = newFilesystem("overlay", options, 0);
  if (mount >= 0 || errno != EINVAL) return mount;
  // Before Linux 6.8 all lower directories are one option.
  const Option older[] = {{"lowerdir", at.lower}, {"upperdir", upper.text}, {"workdir", work.text}, {"volatile", nullptr}, {"source", "overlay"}};
  return newFilesystem("overlay", older, 0);
}

void makeLayer(Page& page, const Workplace& at, Opened& opened) {
  const Path layer(at.layers, at.name);
  page.timed("layer.make", [&] { return mkdir(layer.text, 0755); });
  for (const char* part : {"upper", "work"})
    page.timed("layer.directory", [&] { return mkdir(Path(layer.text, part).text, 0755); });
  opened.overlay = static_cast<int>(page.timed("mount.overlay", [&] { return newOverlay(at, layer); }));
  opened.files = static_cast<int>(page.timed("mount.tmpfs", newTmpfs));
  for (const char* name : {"hostname", "hosts"}) {
    page.timed("file.make", [&] {
      const int parent = openBelow(opened.files, ".", O_PATH | O_DIRECTORY);
      const int file = openat(parent, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
      const ssize_t written = write(file, "ringside\n", 9);
      close(file);
      close(parent);
      return written;
    });
  }
}

long removeUnder(const char* directory, const char* name) { return rmdir(Path(directory, name).text); }

void removeLayer(const Workplace& at) {
  const Path layer(at.layers, at.name);
  unlink(Path(layer.text, "work/work/incompat/volatile/dirty").text);
  for (const char* name : {"work/work/incompat/volatile", "work/work/incompat", "work/work", "work", "upper"})
    rmdir(Path(layer.text, name).text);
  if (rmdir(layer.text) < 0) fail("remove the layer");
}

void removeGroups(Page& page, const Workplace& at) {
  const auto report = [](const Path& file) {
    char text[4096];
    const int fd = open(file.text, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    const ssize_t count = fd < 0 ? -1 : read(fd, text, sizeof text);
    close(fd);
    return count;
  };
  if (at.unified) {
    const Path group(at.groups, at.name);
    page.timed("cgroup.report", [&] { return report(Path(group.text, "cgroup.events")); });
    page.timed("cgroup.look", [&] { return report(Path(group.text, "cgroup.procs")); });
    page.timed("cgroup.remove", [&] { return removeUnder(at.groups, at.name); });
    return;
  }
  const Path devices(at.groups, "devices"), memory(at.groups, "memory");
  page.timed("cgroup.report", [&] { return report(Path(Path(memory.text, at.name).text, "memory.oom_control")); });
  page.timed("cgroup.report", [&] { return report(Path(Path(memory.text, at.name).text, "memory.max_usage_in_bytes")); });
  page.timed("cgroup.look", [&] { return report(Path(Path(devices.text, at.name).text, "cgroup.procs")); });
  page.timed("cgroup.remove.devices", [&] { return removeUnder(devices.text, at.name); });
  page.timed("cgroup.remove.memory", [&] { return removeUnder(memory.text, at.name); });
}

volatile sig_atomic_t stopped = 0;

// Whoever wants it to end waits for the end of the round, which takes away what it has made.
void stopAfterRound() {
  struct sigaction action{};
  action.sa_handler = [](int) { stopped = 1; };
  action.sa_flags = SA_RESTART;
  if (sigaction(SIGTERM, &action, nullptr) < 0) fail("listen to a signal");
}

void round(Page& page, const Workplace& at, Moment& moment) {
  useCaches();
  Opened opened;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) fail("make a pipe");
  opened.executing = ends[1];
  makeGroups(page, at, opened);
  makeLayer(page, at, opened);
  clone_args args{};
  args.flags = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET;
  args.exit_signal = SIGCHLD;
  if (at.unified) {
    args.flags |= CLONE_NEWCGROUP | CLONE_INTO_CGROUP;
    args.cgroup = static_cast<std::uint64_t>(opened.group);
  }
  const pid_t child = sys::clone3(args);
  if (child == 0) becomeContainer(page, at, opened, moment);
  close(ends[1]);
  char byte;
  const bool isSilent = read(ends[0], &byte, 1) == 0;
  const std::uint64_t runsNs = nowNs();
  close(ends[0]);
  if (isSilent && moment.execNs != 0) page.put("program.execute", runsNs - moment.execNs, 0);
  moment.execNs = 0;
  const bool isWell = child > 0 && endsWell(child);
  for (const int fd : {opened.devicesTasks, opened.memoryTasks, opened.overlay, opened.files, opened.group}) {
    if (fd >= 0) close(fd);
  }
  removeGroups(page, at);
  removeLayer(at);
  page.print();
  if (!isWell) fail("make a container");
}

}  // namespace

void measureContainer(unsigned samples, char** arguments) {
  Page page;
  void* shared = mmap(nullptr, sizeof(Moment), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (!page || shared == MAP_FAILED) fail("map a page");
  Moment& moment = *static_cast<Moment*>(shared);
  const Workplace at{arguments[0], arguments[1], arguments[2], readFilter(arguments[3]), strcmp(arguments[4], "v2") == 0, arguments[5]};
  stopAfterRound();
  for (unsigned i = 0; i < samples && stopped == 0; i++) round(page, at, moment);
}

}  // namespace calibrate
