/** What a figure was measured on. */

import { cpus, release, totalmem } from "node:os";
import { detectCgroups } from "../cgroup/layout.ts";
import type { BenchReport } from "./schema.ts";

/** This machine, as the report names it. */
export function describeMachine(): BenchReport["machine"] {
  return {
    kernel: `Linux ${release()}`,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryBytes: totalmem(),
    cgroupMode: detectCgroups().mode,
  };
}
