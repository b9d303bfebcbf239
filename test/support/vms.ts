/** Virtual machines for tests of their life: in a state directory of the test's own, and gone after it. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import { listVms } from "../../runtime/vm/state.ts";
import { removeVm } from "../../runtime/vm/stop.ts";
import { sweepVms } from "../../runtime/vm/sweep.ts";
import { needsImage, needsLinux, needsNative, needsPrograms } from "./needs.ts";
import { needsGuestKernel } from "./needs-guest-kernel.ts";
import { type Outcome, ringside } from "./ringside.ts";

export const VIRTUAL_MACHINES = [
  needsLinux,
  needsNative,
  needsPrograms("qemu-system-x86_64"),
  needsImage(),
  needsGuestKernel,
];

/** Emulation, which every machine has, and time for a boot beside other tests. */
const ALWAYS = ["--accelerator", "tcg", "--timeout", "120"];

/** One state directory, used by this process and by the commands that it starts. */
export class VmRoot implements AsyncDisposable {
  readonly path = mkdtempSync(join(tmpdir(), "ringside-vms-"));

  constructor() {
    vi.stubEnv("RINGSIDE_ROOT", this.path);
  }

  /** `ringside vm run …` to its end. */
  run(...args: readonly string[]): Promise<Outcome> {
    return ringside(["vm", "run", "-q", ...ALWAYS, ...args]);
  }

  /** The arguments of the same, for a process that is to be killed. */
  static runArguments(...args: readonly string[]): string[] {
    return ["vm", "run", "-q", ...ALWAYS, ...args];
  }

  /** What is left: directories of machines, names, logs. The lock stays: it is whose turn it is. */
  left(): string[] {
    return readdirSync(this.path, { recursive: true, encoding: "utf8" })
      .filter((path) => path.includes("/") && path !== "vm/lock")
      .toSorted();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await sweepVms();
    for (const { id } of listVms()) await removeVm(id, { force: true });
    vi.unstubAllEnvs();
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** `ringside vm …` to its end. */
export function vm(...args: readonly string[]): Promise<Outcome> {
  return ringside(["vm", ...args]);
}
