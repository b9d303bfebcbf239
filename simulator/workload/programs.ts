/**
 * Programs as they ask their kernel, call by call, in the order in which strace(1) shows them: GNU coreutils 9.1 and the
 * GNU C library 2.36 of Debian 12 in the C locale.
 */

import type { Service } from "./services.ts";
import type { Operation, SystemCall, Workload } from "./workload.ts";

const LIBRARY = "/lib/x86_64-linux-gnu/libc.so.6";
const LOADER_CACHE = "/etc/ld.so.cache";
/** What cat(1) reads at a time. */
export const CAT_BUFFER_BYTES = 131_072;

function call(service: Service, more: Omit<SystemCall, "kind" | "service"> = {}): SystemCall {
  return { kind: "systemCall", service, ...more };
}

function times(count: number, operation: Operation): Operation[] {
  return Array.from({ length: count }, () => operation);
}

/** From the return of execve(2) to main: the dynamic loader (ld.so(8)) maps the C library, which then makes itself ready. */
export const DYNAMIC_START: readonly Operation[] = [
  call("brk"),
  call("mmap", { bytes: 8192 }),
  call("access", { path: "/etc/ld.so.preload", error: "ENOENT" }),
  call("open", { path: LOADER_CACHE, access: "read" }),
  call("stat", { descriptor: 3 }),
  call("mmap", { descriptor: 3 }),
  call("close", { descriptor: 3 }),
  call("open", { path: LIBRARY, access: "read" }),
  call("read", { descriptor: 3, bytes: 832 }),
  call("pread", { descriptor: 3, bytes: 784 }),
  call("stat", { descriptor: 3 }),
  call("pread", { descriptor: 3, bytes: 784 }),
  ...times(5, call("mmap", { descriptor: 3 })),
  call("close", { descriptor: 3 }),
  call("mmap", { bytes: 12_288 }),
  call("arch_prctl"),
  call("set_tid_address"),
  call("set_robust_list"),
  call("rseq"),
  ...times(3, call("mprotect")),
  call("prlimit"),
  call("munmap"),
  call("getrandom", { bytes: 8 }),
  ...times(2, call("brk")),
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
    blocks.push(call("read", { descriptor: 3, bytes: part }), call("write", { descriptor: 1, bytes: part }));
    if (done === 0) blocks.push({ kind: "mark", mark: "firstByte" });
  }
  return {
    name: "cat",
    operations: [
      { kind: "mark", mark: "firstInstruction" },
      ...(linked === "dynamic" ? DYNAMIC_START : times(2, call("brk"))),
      call("stat", { descriptor: 1 }),
      call("open", { path, access: "read" }),
      call("stat", { descriptor: 3 }),
      call("fadvise", { descriptor: 3 }),
      call("mmap", { bytes: 139_264 }),
      ...blocks,
      call("read", { descriptor: 3, bytes: 0 }),
      call("munmap"),
      call("close", { descriptor: 3 }),
      call("close", { descriptor: 1 }),
      call("close", { descriptor: 2 }),
      call("exit"),
    ],
  };
}
