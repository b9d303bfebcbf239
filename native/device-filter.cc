#include "device-filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

#include "descriptor.h"

namespace ringside {

namespace {

// How ours are told from those of others.
constexpr char kName[BPF_OBJ_NAME_LEN] = "ringside_device";
constexpr unsigned kMostPrograms = 64;  // the kernel's BPF_CGROUP_MAX_PROGS

int bpf(int command, bpf_attr& attributes) {
  return static_cast<int>(syscall(SYS_bpf, command, &attributes, sizeof attributes));
}

std::uint64_t pointer(const void* address) { return reinterpret_cast<std::uintptr_t>(address); }

Descriptor load(const void* instructions, std::size_t bytes) {
  bpf_attr attributes{};
  attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attributes.insns = pointer(instructions);
  attributes.insn_cnt = static_cast<std::uint32_t>(bytes / sizeof(bpf_insn));
  attributes.license = pointer("MIT");
  memcpy(attributes.prog_name, kName, sizeof kName);
  return Descriptor(bpf(BPF_PROG_LOAD, attributes));
}

bool isOurs(int program) {
  bpf_prog_info facts{};
  bpf_attr attributes{};
  attributes.info.bpf_fd = static_cast<std::uint32_t>(program);
  attributes.info.info_len = sizeof facts;
  attributes.info.info = pointer(&facts);
  return bpf(BPF_OBJ_GET_INFO_BY_FD, attributes) == 0 && memcmp(facts.name, kName, sizeof kName) == 0;
}

// The one of ours that hangs on the group; empty where there is none.
Descriptor findOurs(int group) {
  std::uint32_t ids[kMostPrograms] = {};
  bpf_attr query{};
  query.query.target_fd = static_cast<std::uint32_t>(group);
  query.query.attach_type = BPF_CGROUP_DEVICE;
  query.query.prog_ids = pointer(ids);
  query.query.prog_cnt = kMostPrograms;
  if (bpf(BPF_PROG_QUERY, query) < 0) return Descriptor();
  for (unsigned i = 0; i < query.query.prog_cnt && i < kMostPrograms; i++) {
    bpf_attr attributes{};
    attributes.prog_id = ids[i];
    Descriptor program(bpf(BPF_PROG_GET_FD_BY_ID, attributes));
    if (program && isOurs(program.get())) return program;
  }
  return Descriptor();
}

}  // namespace

int attachDeviceFilter(const char* group, const void* instructions, std::size_t bytes) {
  const Descriptor directory(open(group, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!directory) return errno;
  const Descriptor program = load(instructions, bytes);
  if (!program) return errno;
  const Descriptor old = findOurs(directory.get());
  bpf_attr attach{};
  attach.target_fd = static_cast<std::uint32_t>(directory.get());
  attach.attach_bpf_fd = static_cast<std::uint32_t>(program.get());
  attach.attach_type = BPF_CGROUP_DEVICE;
  attach.attach_flags = BPF_F_ALLOW_MULTI;
  if (old) {
    // In one call (Linux 5.6), so that there is no moment without a list.
    attach.attach_flags |= BPF_F_REPLACE;
    attach.replace_bpf_fd = static_cast<std::uint32_t>(old.get());
  }
  return bpf(BPF_PROG_ATTACH, attach) == 0 ? 0 : errno;
}

}  // namespace ringside
