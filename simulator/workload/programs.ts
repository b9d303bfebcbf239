/**
 * Programs as they ask their kernel, call by call, in the order in which strace(1) shows them, and with the instructions
 * that they execute in between, counted by single-stepping (ptrace(2)): GNU coreutils 9.1 and the GNU C library 2.36 of
 * Debian 12 on x86-64, in the C locale. Instructions differ by a few with the environment and with the file's size.
 */
import type { Service } from "./services.ts";
import type { Operation, SystemCall, Workload } from "./workload.ts";

const LIBRARY = "/lib/x86_64-linux-gnu/libc.so.6";
const LOADER_CACHE = "/etc/ld.so.cache";
/** What cat(1) reads at a time. */
export const CAT_BUFFER_BYTES = 131_072;

/** So many instructions, and then a call. */
function after(instructions: number, service: Service, more: Omit<SystemCall, "kind" | "service"> = {}): Operation[] {
  return [
    { kind: "compute", instructions },
    { kind: "systemCall", service, ...more },
  ];
}

/** From the return of execve(2) to main: the dynamic loader (ld.so(8)) maps the C library, which then makes itself ready. */
const DYNAMIC_START: readonly Operation[] = [
  ...after(1946, "brk"),
  ...after(8675, "mmap", { bytes: 8192 }),
  ...after(477, "access", { path: "/etc/ld.so.preload", error: "ENOENT" }),
  ...after(837, "open", { path: LOADER_CACHE, access: "read" }),
  ...after(17, "stat", { descriptor: 3 }),
  ...after(20, "mmap", { descriptor: 3 }),
  ...after(8, "close", { descriptor: 3 }),
  ...after(1094, "open", { path: LIBRARY, access: "read" }),
  ...after(17, "read", { descriptor: 3, bytes: 832 }),
  ...after(55, "pread", { descriptor: 3, bytes: 784 }),
  ...after(77, "stat", { descriptor: 3 }),
  ...after(382, "pread", { descriptor: 3, bytes: 784 }),
  ...after(513, "mmap", { descriptor: 3 }),
  ...after(50, "mmap", { descriptor: 3 }),
  ...after(41, "mmap", { descriptor: 3 }),
  ...after(38, "mmap", { descriptor: 3 }),
  ...after(281, "mmap", { bytes: 53_072 }),
  ...after(605, "close", { descriptor: 3 }),
  ...after(7980, "mmap", { bytes: 12_288 }),
  ...after(428, "arch_prctl"),
  ...after(15, "set_tid_address"),
  ...after(13, "set_robust_list"),
  ...after(39, "rseq"),
  ...after(52_829, "mprotect"),
  ...after(7295, "mprotect"),
  ...after(6409, "mprotect"),
  ...after(312, "prlimit"),
  ...after(1032, "munmap"),
  ...after(6930, "getrandom", { bytes: 8 }),
];

/** Files that a dynamically linked program opens before main, and how large they are. */
export const DYNAMIC_FILES: readonly { readonly path: string; readonly bytes: number }[] = [
  { path: LOADER_CACHE, bytes: 38_719 },
  { path: LIBRARY, bytes: 1_926_232 },
];

/**
 * cat(1) of one file: `LC_ALL=C cat PATH`.
 * @param bytes the file's size; the output is a write(2) for each read(2)
 * @param linked whether a dynamic loader runs first
 */
export function cat(path: string, bytes: number, linked: "dynamic" | "static" = "dynamic"): Workload {
  const blocks: Operation[] = [];
  for (let done = 0; done < bytes; done += CAT_BUFFER_BYTES) {
    const part = Math.min(CAT_BUFFER_BYTES, bytes - done);
    blocks.push(...after(done === 0 ? 715 : 51, "read", { descriptor: 3, bytes: part }));
    blocks.push(...after(698, "write", { descriptor: 1, bytes: part }));
    if (done === 0) blocks.push({ kind: "mark", mark: "firstByte" });
  }
  return {
    name: "cat",
    operations: [
      { kind: "mark", mark: "firstInstruction" },
      ...(linked === "dynamic" ? DYNAMIC_START : []),
      ...after(1280, "brk"),
      ...after(17, "brk"),
      ...after(3805, "stat", { descriptor: 1 }),
      ...after(1268, "open", { path, access: "read" }),
      ...after(25, "stat", { descriptor: 3 }),
      ...after(761, "fadvise", { descriptor: 3 }),
      ...after(846, "mmap", { bytes: 139_264 }),
      ...blocks,
      ...after(51, "read", { descriptor: 3, bytes: 0 }),
      ...after(661, "munmap"),
      ...after(596, "close", { descriptor: 3 }),
      ...after(3506, "close", { descriptor: 1 }),
      ...after(450, "close", { descriptor: 2 }),
      ...after(1143, "exit"),
    ],
  };
}
