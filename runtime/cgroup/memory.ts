/**
 * The memory controller: how much memory a container may hold, and what happened when it wanted more.
 * Kernel: admin-guide/cgroup-v1/memory.rst; admin-guide/cgroup-v2.rst, "Memory".
 */
import type { Controller } from "./controller.ts";

export const memory: Controller = {
  name: "memory",
  why: "Its memory is charged to a group of its own, so that it can be limited and its peak read at the end.",
  option: "--memory",
  needed: ({ memoryBytes }) => memoryBytes !== undefined,
  joinedOnV1: true,

  settings({ memoryBytes }, { version, swap }) {
    if (memoryBytes === undefined) return [];
    const [limitFile, swapFile] =
      version === 1 ? ["memory.limit_in_bytes", "memory.memsw.limit_in_bytes"] : ["memory.max", "memory.swap.max"];
    // Docker's default: as much swap as memory. v1 counts both together, v2 counts swap alone.
    const swapValue = version === 1 ? memoryBytes * 2 : memoryBytes;
    return [
      { file: limitFile, value: String(memoryBytes), why: "Above this the kernel reclaims, and then kills (OOM)." },
      // After the limit: v1 refuses a sum that is below it.
      ...(swap ? [{ file: swapFile, value: String(swapValue), why: SWAP_WHY }] : []),
    ];
  },

  reports: (version) =>
    version === 1
      ? [
          { name: "memory.oom_control", file: "memory.oom_control" },
          { name: "memory.max_usage_in_bytes", file: "memory.max_usage_in_bytes" },
        ]
      : [
          { name: "memory.events", file: "memory.events" },
          { name: "memory.peak", file: "memory.peak" },
        ],
};

const SWAP_WHY = "Without a limit on swap the memory limit would only move pages to disk; Docker allows as much again.";
