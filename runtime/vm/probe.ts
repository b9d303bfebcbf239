/** The probe that decides about hardware virtualization: the real kernel with nothing but our init, to user mode. */
import type { Launcher } from "../../native/kernel.ts";
import { NoBoot } from "./accelerator.ts";
import { bootGuest } from "./boot.ts";
import { guestFiles } from "./guest-files.ts";
import { requireQemu } from "./host.ts";
import { DEFAULT_MEMORY_BYTES } from "./options.ts";

/** A program that is not there: init says so, and it can only say it from user mode. */
const NOTHING_TO_RUN = {
  hostname: "probe",
  directory: "/",
  user: 0,
  group: 0,
  groups: [],
  hasTerminal: false,
  relaysInput: false,
  reportsLog: false,
  columns: 80,
  rows: 24,
  candidates: [],
  arguments: [],
  environment: [],
};

/**
 * Boots with KVM.
 *
 * @throws NoBoot saying why the guest did not get to user mode within `timeoutMs`
 * @throws RingsideError when QEMU, the kernel or our init is missing
 */
export async function probeKvm(launcher: Launcher, timeoutMs: number): Promise<void> {
  const guest = await bootGuest(launcher, {
    qemu: requireQemu(),
    files: guestFiles(undefined),
    machine: "microvm",
    accelerator: "kvm",
    memoryBytes: DEFAULT_MEMORY_BYTES,
    bootTimeoutMs: timeoutMs,
    run: NOTHING_TO_RUN,
    stdout: undefined,
  });
  guest.console.onData(() => {});
  const { trace, timedOut, exit } = await guest.ended;
  guest.console.close();
  if (guest.milestones.first("init") !== undefined) return;
  if (timedOut) throw new NoBoot(`the guest had not reached user mode after ${timeoutMs / 1000} s`);
  const status = exit.status.kind === "exited" ? `exit code ${exit.status.code}` : exit.status.signal;
  throw new NoBoot(`QEMU ended with ${status}: ${trace.messages.at(-1) ?? "without a word"}`);
}
