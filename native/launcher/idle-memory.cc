#include "idle-memory.h"

#include <elf.h>
#include <malloc.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

extern "C" const char __executable_start[];  // ld(1)

namespace ringside {

// Starting has faulted in nearly all of the program; madvise(2), MADV_DONTNEED: read-only pages of a file are only
// unmapped. Where the program was loaded is the linker's first address, since a static program is not moved.
void giveBackMemory() {
  malloc_trim(0);
  const auto* segments = reinterpret_cast<const Elf64_Phdr*>(getauxval(AT_PHDR));
  const std::uintptr_t page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const std::uintptr_t base = reinterpret_cast<std::uintptr_t>(__executable_start);
  for (unsigned long i = 0; segments != nullptr && i < getauxval(AT_PHNUM); i++) {
    const Elf64_Phdr& segment = segments[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0 || segment.p_vaddr < base) continue;
    const std::uintptr_t begin = segment.p_vaddr & ~(page - 1);
    madvise(reinterpret_cast<void*>(begin), segment.p_vaddr + segment.p_memsz - begin, MADV_DONTNEED);
  }
}

}  // namespace ringside
