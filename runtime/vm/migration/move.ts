/**
 * Moves a detached virtual machine to a new QEMU, with a new monitor (monitored.ts): name, id, record, sockets, log and
 * ports stay what they were for whoever asks for them.
 *
 * Until its last step the new one belongs to this process, and is in a directory of its own below the machine's: when this
 * process goes, however it goes, so does that, and the source runs on. What a kill in the few steps between leaves open is
 * settled by the next command (settle.ts).
 */
import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { Launcher, monotonicNs, signalProcess, tryLockFile } from "../../../native/kernel.ts";
import type { Plan, PlanStep } from "../../../native/plan/plan.ts";
import { newestLogFile } from "../../container/log-files.ts";
import { abandonTreeStep, DEFAULT_LOG_BOUNDS, EXIT_FILE } from "../../container/monitor-steps.ts";
import { isAlive, processIdentity } from "../../container/process-identity.ts";
import { RingsideError } from "../../error.ts";
import { startProcess } from "../../process/start.ts";
import type { VmDirectory } from "../directory.ts";
import { monitoredVmmPlan, vmLogDirectory } from "../monitored.ts";
import { Qmp, withQmp } from "../qmp.ts";
import { statusOf } from "../qmp-control.ts";
import { readVmRecord, type VmRecord, writeVmRecord } from "../record.ts";
import { identityOf } from "../start.ts";
import { type LivingVm, requireLivingVm } from "../state.ts";
import { argumentsOfProcess, destinationArguments } from "./arguments.ts";
import { makePlace } from "./destination.ts";
import { type Migration, type MigrationOptions, migrateGuest } from "./dialogue.ts";
import { becomeOwn, exchangeLogs, exchangeSockets, forgetPlaces, type MovePlaces, movePlaces } from "./places.ts";
import { forwardPorts } from "./ports.ts";
import { forgetMove, noteMove, settleMove } from "./settle.ts";

export interface Move {
  readonly machine: VmRecord;
  readonly migration: Migration;
  /** From the source's stop until the destination was told to go on, CLOCK_MONOTONIC. */
  readonly stoppedNs: number;
  readonly from: { readonly pid: number };
  readonly to: { readonly pid: number };
}

/**
 * Moves it.
 *
 * @param idOrName of the machine
 * @throws RingsideError saying why not; the machine runs on as before then, and nothing of the new one is left
 */
export async function moveVm(idOrName: string, options: MigrationOptions = {}): Promise<Move> {
  const machine = requireMovable(idOrName);
  using lock = tryLockFile(join(machine.directory.path, "move.lock"));
  if (lock === undefined) {
    throw new RingsideError(`${machine.name} is being moved already`, { fix: "wait until that is done" });
  }
  await settleMove(machine.directory);
  await requireRunningGuest(machine);
  return await moveLocked(machine, options);
}

function requireMovable(idOrName: string): LivingVm {
  const machine = requireLivingVm(idOrName, "move");
  if (machine.vmm !== "qemu") {
    throw new RingsideError(`${machine.name} runs under ${machine.vmm}, which cannot be moved`, {
      fix: "start it with ringside vm run -d --vmm qemu",
    });
  }
  if (machine.owner.kind === "monitor") return machine;
  throw new RingsideError(`${machine.name} belongs to the command that started it, whose terminal cannot go along`, {
    fix: "start it detached: ringside vm run -d",
  });
}

async function requireRunningGuest({ name, directory }: LivingVm): Promise<void> {
  const { running, word } = await withQmp(directory.control, statusOf);
  if (running) return;
  throw new RingsideError(`${name} does not run now (QEMU: ${word}), so there is nothing to be moved while it runs`, {
    fix: `ringside vm resume ${name}`,
  });
}

async function moveLocked(machine: LivingVm, options: MigrationOptions): Promise<Move> {
  const launcher = await Launcher.open();
  const { directory } = machine;
  const places = movePlaces(directory);
  try {
    const argv = destinationArguments(argumentsOfProcess(machine.process.pid), places.sockets);
    makePlace(places.sockets);
    mkdirSync(places.log, { recursive: true, mode: 0o700 });
    const destination = await startMonitored(launcher, argv, machine, places);
    return await carryOver(launcher, machine, { ...ownRecord(directory), ...destination }, { places, options });
  } catch (error) {
    await launcher.close();
    forgetMove(directory);
    forgetPlaces(places);
    throw error;
  }
}

/** The record without what was found out beside it. */
function ownRecord(directory: VmDirectory): VmRecord {
  const record = readVmRecord(directory);
  if (record === undefined) throw new RingsideError("the machine has been removed meanwhile");
  return record;
}

interface NewOwner {
  readonly owner: VmRecord["owner"];
  readonly process: NonNullable<VmRecord["process"]>;
}

async function startMonitored(
  launcher: Launcher,
  argv: readonly string[],
  machine: LivingVm,
  places: MovePlaces,
): Promise<NewOwner> {
  const errors = openSync(machine.directory.monitorLog, "a", 0o600);
  try {
    const monitor = await startProcess(launcher, {
      argv,
      env: [`PATH=${process.env.PATH ?? ""}`],
      stderr: errors,
      title: "QEMU, the destination",
      wrap: (plan) => destinationPlan(plan, machine, places),
    });
    return {
      owner: { kind: "monitor", ...identityOf(launcher.pid) },
      process: identityOf(monitor.pid),
    };
  } finally {
    closeSync(errors);
  }
}

/**
 * The plan of any detached machine, but for where its files are until it is the machine's own, and that nothing of the
 * machine is removed when it does not come to that. What goes with the machine's end goes with the next command's sweep.
 */
function destinationPlan(plan: Plan, { name, input, directory }: LivingVm, places: MovePlaces): Plan {
  const firstFile = (newestLogFile(vmLogDirectory(directory.id)) ?? -1) + 1;
  const facts = { name, input, remove: false, bounds: DEFAULT_LOG_BOUNDS };
  const moved = (step: PlanStep): PlanStep[] => {
    if (step.phase === "abandon") return [];
    if (step.op === "keepLog") return [{ ...step, directory: places.log, firstFile }];
    if (step.op === "serveViewers") return [{ ...step, directory: places.sockets }];
    if (step.op === "recordExit") {
      return [{ ...step, path: join(places.sockets, EXIT_FILE), socket: join(places.sockets, "attach") }];
    }
    return [step];
  };
  return [
    ...monitoredVmmPlan(plan, directory, facts).flatMap(moved),
    abandonTreeStep(places.sockets, "The guest did not come."),
    abandonTreeStep(places.log, "So it has printed nothing here."),
  ];
}

async function carryOver(
  launcher: Launcher,
  source: LivingVm,
  arrived: VmRecord & NewOwner,
  { places, options }: { readonly places: MovePlaces; readonly options: MigrationOptions },
): Promise<Move> {
  const { directory } = source;
  const talks = new DisposableStack();
  try {
    const from = talks.adopt(await Qmp.connect(directory.control), (qmp) => qmp.close());
    const to = talks.adopt(await Qmp.connect(join(places.sockets, "qmp.sock")), (qmp) => qmp.close());
    noteMove(directory, {
      mover: identityOf(process.pid),
      source: source.owner,
      destination: arrived.owner,
      place: places.name,
    });
    const migration = await migrateGuest(from, to, join(places.sockets, "in.sock"), options);
    try {
      await monitorHasRead(source);
      exchangeLogs(directory, places);
      exchangeSockets(directory, places);
      becomeOwn(directory, places);
      writeVmRecord(directory, arrived);
      await launcher.leave();
    } catch (error) {
      await from.execute("cont");
      throw error;
    }
    // From here on the machine is the new one; the old one must not run again, nor say that the machine has ended.
    await endMonitor(source);
    await to.execute("cont");
    const stoppedNs = (migration.resumedNs ?? monotonicNs()) - migration.stoppedNs;
    await forwardPorts(to, arrived.ports);
    forgetMove(directory);
    return { machine: arrived, migration, stoppedNs, from: source.process, to: arrived.process };
  } finally {
    talks.dispose();
  }
}

const PATIENCE_MS = 10_000;
const POLL_MS = 1;

/**
 * The source's monitor has one thread, which sleeps only where it has nothing to read: what the guest printed before it was
 * stopped is in the log then.
 */
async function monitorHasRead({ owner }: LivingVm): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (processIdentity(owner.pid)?.state !== "S" && performance.now() < deadline) await pause();
}

/** SIGKILL, so that it writes no end down; its QEMU dies with it (PR_SET_PDEATHSIG). */
async function endMonitor({ owner, process: qemu }: LivingVm): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  if (isAlive(owner.pid, owner.startTicks)) {
    signalProcess(owner.pid, "SIGKILL", () => isAlive(owner.pid, owner.startTicks));
  }
  while (isAlive(qemu.pid, qemu.startTicks) && performance.now() < deadline) await pause();
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, POLL_MS));
}
