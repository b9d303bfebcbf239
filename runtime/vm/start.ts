/** The start of a virtual machine, from options to a running guest. */
import type { Launcher } from "../../native/kernel.ts";
import { ownIdentity, processIdentity } from "../container/process-identity.ts";
import type { ProcessNumbers } from "../container/record.ts";
import { decideVm } from "./decide.ts";
import type { VmDirectory } from "./directory.ts";
import { machineOf, type VirtualMachine } from "./machine.ts";
import { newVmRecord } from "./new-record.ts";
import type { VmOptions } from "./options.ts";
import type { PreparedVm } from "./prepare.ts";
import { writeVmExit, writeVmRecord } from "./record.ts";
import { releaseVm, reserveVm } from "./reserve.ts";
import type { GuestRequest } from "./vmm.ts";

export interface StartPlace {
  /** Made for this machine; whoever made it removes it. */
  readonly directory: VmDirectory;
  readonly detached?: GuestRequest["detached"];
  readonly stdout?: number | undefined;
  readonly incoming?: string;
}

/**
 * Starts what has been prepared.
 *
 * @returns once its monitor has been exec'd; the guest boots then
 * @throws RingsideError or StepError saying what was wrong; but for the directory nothing is left behind then
 */
export async function startPrepared(
  launcher: Launcher,
  prepared: PreparedVm,
  { directory, detached, stdout, incoming }: StartPlace,
): Promise<VirtualMachine> {
  const { vmm, files, machine, verdict, memoryBytes, bootTimeoutMs, run, nonce, devices, console } = prepared;
  const guest = await vmm.start(launcher, {
    files,
    machine,
    accelerator: verdict.accelerator,
    memoryBytes,
    bootTimeoutMs,
    run,
    nonce,
    directory,
    devices,
    console,
    stdout,
    ...(detached !== undefined && { detached }),
    ...(incoming !== undefined && { incoming }),
  });
  return machineOf(guest, prepared, directory);
}

/**
 * Starts a virtual machine that belongs to this process: when this process goes, so does the machine. What others may know
 * of it stands in its record.
 *
 * @returns once its monitor has been exec'd; the guest boots then
 * @throws RingsideError saying what was wrong; nothing is left behind then
 */
export async function startVm(launcher: Launcher, options: VmOptions): Promise<VirtualMachine> {
  const prepared = await decideVm(launcher, options);
  const record = newVmRecord(prepared, options, { kind: "lab", ...ownIdentity() });
  const directory = reserveVm(record);
  try {
    const vm = await startPrepared(launcher, prepared, { directory, stdout: options.stdout });
    writeVmRecord(directory, { ...record, process: identityOf(vm.pid) });
    const exited = vm.exited.then((exit) => {
      writeVmExit(directory, exit.status);
      if (record.remove) releaseVm(record);
      return exit;
    });
    return { ...vm, exited };
  } catch (error) {
    releaseVm(record);
    throw error;
  }
}

/** @returns the process that has this number now */
export function identityOf(pid: number): ProcessNumbers {
  return { pid, startTicks: processIdentity(pid)?.startTicks ?? 0 };
}
