/** What a Ringside that was killed could not take away of its virtual machines itself. */
import { readFileSync, readlinkSync, rmSync, statSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { signalProcess } from "../../native/kernel.ts";
import { places } from "../container/directories.ts";
import { isAlive } from "../container/process-identity.ts";
import { isId } from "../container/record.ts";
import { entries } from "../container/reserve.ts";
import { removeVmDirectory, type VmDirectory, vmDirectory, vmIds, vmStates } from "./directory.ts";
import { settleMove } from "./migration/settle.ts";
import { vmNames } from "./monitored.ts";
import { writeVmExit } from "./record.ts";
import { holderOf, lockVms, releaseVm } from "./reserve.ts";
import { listVms, readVm, type VmState } from "./state.ts";

const POLL_MS = 10;
const LEAST_AGE_MS = 60_000;
/** A process that was sent SIGKILL goes as soon as the kernel has taken it down; one that waits for a disk, later. */
const END_PATIENCE_MS = 10_000;

/** Takes it away, and ends what should have died with its owner. */
export async function sweepVms(): Promise<void> {
  for (const { id, directory } of listVms()) {
    // What does not work now is tried again by the next command.
    await settleMove(directory).catch(() => undefined);
    const machine = readVm(id);
    if (machine !== undefined) await sweepOne(machine);
  }
  sweepUnknown();
}

async function sweepOne(machine: VmState): Promise<void> {
  const { owner, process, exit, remove, directory } = machine;
  if (isAlive(owner.pid, owner.startTicks)) return;
  if (process !== undefined && exit === undefined) await endProcess(process);
  // A detached machine whose monitor was killed has ended with it, and says so, as a container does.
  if (owner.kind === "monitor" && process !== undefined && exit === undefined && !remove) {
    writeVmExit(directory, { kind: "signaled", signal: "SIGKILL" });
    return;
  }
  if (exit !== undefined && !remove) return;
  releaseVm(machine);
}

async function endProcess({ pid, startTicks }: NonNullable<VmState["process"]>): Promise<void> {
  const deadline = performance.now() + END_PATIENCE_MS;
  if (isAlive(pid, startTicks)) signalProcess(pid, "SIGKILL", () => isAlive(pid, startTicks));
  while (isAlive(pid, startTicks) && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Directories of which nothing is known, logs without a machine, and names that stand for none. */
function sweepUnknown(): void {
  if (entries(vmStates()).length === 0 && entries(places().vmLogs).length === 0) return;
  using _lock = lockVms();
  const listening = new Set(listeningSockets());
  for (const id of vmIds().filter((name) => isId(name) && readVm(name) === undefined)) {
    const directory = vmDirectory(id);
    const isUsed = entries(directory.path).some((name) => listening.has(join(directory.path, name)));
    if (!isUsed && !isBeingMade(directory)) removeVmDirectory(directory);
  }
  const known = new Set(vmIds());
  for (const id of entries(places().vmLogs).filter((name) => isId(name) && !known.has(name))) {
    rmSync(join(places().vmLogs, id), { recursive: true, force: true });
  }
  for (const name of entries(vmNames())) {
    const id = holderOf(name);
    if (id !== undefined && !known.has(id)) unlinkSync(join(vmNames(), name));
  }
}

/** Whoever has made it lives. A moment lies between a directory and the link in it: an old one without is nobody's. */
function isBeingMade({ path, maker }: VmDirectory): boolean {
  try {
    const [pid = 0, startTicks = 0] = readlinkSync(maker).split(" ").map(Number);
    return isAlive(pid, startTicks);
  } catch {
    const made = statSync(path, { throwIfNoEntry: false })?.ctimeMs ?? 0;
    return Date.now() - made < LEAST_AGE_MS;
  }
}

/** proc(5), /proc/net/unix: the eighth column is the path. */
function listeningSockets(): string[] {
  return readFileSync("/proc/net/unix", "utf8")
    .split("\n")
    .flatMap((line) => line.split(/\s+/)[7] ?? []);
}
