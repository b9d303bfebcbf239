/** The first record of a machine that is about to be started. */
import type { VmOptions } from "./options.ts";
import type { PreparedVm } from "./prepare.ts";
import type { VmRecord } from "./record.ts";
import { ACCELERATOR_LABELS } from "./vmm.ts";

/** @param owner with whom it dies */
export function newVmRecord(prepared: PreparedVm, options: VmOptions, owner: VmRecord["owner"]): VmRecord {
  const { verdict, files, vmm, devices, run } = prepared;
  return {
    schema: "ringside.vm/1",
    id: prepared.id,
    name: prepared.name,
    image: prepared.image,
    command: [...run.arguments],
    createdAt: prepared.createdAt,
    owner,
    vmm: vmm.name,
    vmmVersion: prepared.vmmVersion,
    machine: prepared.machine,
    kernelVersion: files.kernel.version,
    accelerator: verdict.accelerator,
    acceleratorLabel: ACCELERATOR_LABELS[verdict.accelerator],
    acceleratorReason: verdict.reason,
    memoryBytes: prepared.memoryBytes,
    root: prepared.root,
    ports: [...(devices.network?.forwards ?? [])],
    terminal: run.hasTerminal,
    input: run.hasTerminal || run.relaysInput,
    agent: devices.agent === true,
    nonce: prepared.nonce,
    remove: options.remove !== false,
  };
}
