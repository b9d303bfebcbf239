/** The probe that decides about an accelerator: the real kernel with nothing but our init, to user mode. */
import type { Launcher } from "../../native/kernel.ts";
import { newId } from "../container/new-id.ts";
import { NoBoot } from "./accelerator.ts";
import { newNonce } from "./boot.ts";
import { makeVmDirectory, removeVmDirectory } from "./directory.ts";
import { guestFiles } from "./guest-files.ts";
import { DEFAULT_MEMORY_BYTES } from "./options.ts";
import type { AcceleratorName, MachineType, Vmm } from "./vmm.ts";

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
 * Boots.
 *
 * @throws NoBoot saying why the guest did not get to user mode within `timeoutMs`
 * @throws RingsideError when the monitor, the kernel or our init is missing
 */
export async function probeBoot(
  start: Vmm["start"],
  launcher: Launcher,
  { machine, accelerator }: { readonly machine: MachineType; readonly accelerator: AcceleratorName },
  timeoutMs: number,
): Promise<void> {
  const files = guestFiles(undefined);
  const directory = makeVmDirectory(newId());
  try {
    const guest = await start(launcher, {
      files,
      machine,
      accelerator,
      memoryBytes: DEFAULT_MEMORY_BYTES,
      bootTimeoutMs: timeoutMs,
      run: NOTHING_TO_RUN,
      nonce: newNonce(),
      directory,
      devices: {},
      console: "serial",
      stdout: undefined,
    });
    guest.console.onData(() => {});
    const { timedOut, exit } = await guest.ended;
    guest.console.close();
    if (guest.milestones.first("init") !== undefined) return;
    if (timedOut) throw new NoBoot(`the guest had not reached user mode after ${timeoutMs / 1000} s`);
    const status = exit.status.kind === "exited" ? `exit code ${exit.status.code}` : exit.status.signal;
    throw new NoBoot(`the monitor ended with ${status}: ${guest.monitorStamps().messages.at(-1) ?? "without a word"}`);
  } finally {
    removeVmDirectory(directory);
  }
}
