/** System calls on the address space. */
import { call, none, type SystemCallRow, svc, unix } from "./row.ts";

export const MEMORY_CALLS: readonly SystemCallRow[] = [
  call(9, "mmap", "addr, length, prot, flags, fd, offset", "vm_mmap_pgoff, mmap_region", svc(120, "GETMAIN"), {
    service: "mmap",
    cost: "linux.call.mmap",
  }),
  call(10, "mprotect", "addr, size, prot", "do_mprotect_pkey, change_protection, TLB flush", unix("BPX1MPR"), {
    service: "mprotect",
    cost: "linux.call.mprotect",
  }),
  call(11, "munmap", "addr, length", "do_vmi_munmap, unmap_region, TLB flush", svc(120, "FREEMAIN"), {
    service: "munmap",
    cost: "linux.call.munmap",
  }),
  call(12, "brk", "addr", "do_brk_flags", svc(120, "GETMAIN"), { service: "brk" }),
  call(25, "mremap", "old_address, old_size, new_size, flags", "move_vma", none("storage does not grow in place"), {
    cost: "linux.call.mremap",
  }),
  call(26, "msync", "addr, length, flags", "vfs_fsync_range", unix("BPX1MSY"), {
    cost: "linux.call.msync",
    guest: "disk",
    gvisor: "partly",
  }),
  call(
    28,
    "madvise",
    "addr, size, advice",
    "madvise_vma, zap_page_range",
    none("PGSER RELEASE says it to the page manager"),
    {
      service: "madvise",
      cost: "linux.call.madvise",
      gvisor: "partly",
    },
  ),
  call(30, "shmat", "shmid, shmaddr, shmflg", "do_shmat, do_mmap", unix("BPX1MAT"), { gvisor: "partly" }),
  call(149, "mlock", "addr, size", "do_mlock, populate", none("PGSER FIX fixes pages"), { gvisor: "ignored" }),
];
