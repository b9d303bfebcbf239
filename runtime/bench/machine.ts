/** What a figure was measured on, and what else is known to change figures: mitigations, governor, threads, a hypervisor. */

import { readdirSync, readFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { join } from "node:path";
import { detectCgroups } from "../cgroup/layout.ts";
import type { BenchReport } from "./schema.ts";

const CPU = "/sys/devices/system/cpu";

/** This machine, as the report names it. */
export function describeMachine(): BenchReport["machine"] {
  const threads = readLine(`${CPU}/smt/active`);
  return {
    kernel: `Linux ${release()}`,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryBytes: totalmem(),
    cgroupMode: detectCgroups().mode,
    virtualized: /^flags\s*:.*\bhypervisor\b/m.test(readText("/proc/cpuinfo")),
    smt: threads === undefined ? null : threads === "1",
    governor: readLine(`${CPU}/cpu0/cpufreq/scaling_governor`) ?? null,
    mitigations: mitigations(join(CPU, "vulnerabilities")),
    loadBefore: loadavg()[0] ?? 0,
  };
}

/** Those that this processor has, and what the kernel does about them. */
function mitigations(directory: string): Record<string, string> {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch {
    return {};
  }
  const states = names.map((name) => [name, readLine(join(directory, name)) ?? ""] as const);
  return Object.fromEntries(states.filter(([, state]) => state !== "" && state !== "Not affected"));
}

function readLine(file: string): string | undefined {
  const text = readText(file).trim();
  return text === "" ? undefined : text;
}

/** Empty where it is not there. */
function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
