/**
 * The start of a virtual machine that outlives the command: its launcher stays behind as its parent and monitor
 * (monitored.ts). Until the very end of the start the launcher belongs to us, so a start that is cut short leaves nothing.
 */
import { mkdirSync } from "node:fs";
import { Launcher } from "../../native/kernel.ts";
import { DEFAULT_LOG_BOUNDS, type LogBounds } from "../container/monitor-steps.ts";
import { RingsideError } from "../error.ts";
import { decideVm } from "./decide.ts";
import { monitoredVmmPlan, vmLogDirectory } from "./monitored.ts";
import { newVmRecord } from "./new-record.ts";
import type { VmOptions } from "./options.ts";
import type { PreparedVm } from "./prepare.ts";
import { readMilestones, type VmRecord, writeVmRecord } from "./record.ts";
import { releaseVm, reserveVm } from "./reserve.ts";
import { identityOf, startPrepared } from "./start.ts";

export interface DetachedVmOptions extends Omit<VmOptions, "stdout"> {
  readonly log?: LogBounds;
}

/**
 * Starts a virtual machine and leaves it to its monitor.
 *
 * @param onMonitor called once QEMU runs: what follows is the boot
 * @returns its record, once its program has been exec'd and nothing of it depends on this process any more
 * @throws RingsideError saying what was wrong; nothing is left behind then
 */
export async function startDetachedVm(
  options: DetachedVmOptions,
  onMonitor: (prepared: PreparedVm) => void = () => undefined,
): Promise<VmRecord> {
  const launcher = await Launcher.open();
  let record: VmRecord | undefined;
  try {
    const prepared = await decideVm(launcher, options);
    record = newVmRecord(prepared, options, { kind: "monitor", ...identityOf(launcher.pid) });
    const started = await startMonitored(launcher, prepared, record, options.log ?? DEFAULT_LOG_BOUNDS, onMonitor);
    await launcher.leave();
    return started;
  } catch (error) {
    await launcher.close();
    if (record !== undefined) releaseVm(record);
    throw error;
  }
}

async function startMonitored(
  launcher: Launcher,
  prepared: PreparedVm,
  record: VmRecord,
  bounds: LogBounds,
  onMonitor: (prepared: PreparedVm) => void,
): Promise<VmRecord> {
  const directory = reserveVm(record);
  mkdirSync(vmLogDirectory(record.id), { recursive: true, mode: 0o700 });
  const facts = { name: record.name, input: record.input, remove: record.remove, bounds };
  const vm = await startPrepared(launcher, prepared, {
    directory,
    detached: { wrap: (plan) => monitoredVmmPlan(plan, directory, facts) },
  });
  const started: VmRecord = { ...record, process: identityOf(vm.pid) };
  writeVmRecord(directory, started);
  onMonitor(prepared);
  await vm.booted;
  if (readMilestones(directory.milestones, record.nonce).first("exec") !== undefined) return started;
  await vm.exited;
  throw vm.failure() ?? new RingsideError(`${record.name} was ended before its program had started`);
}
