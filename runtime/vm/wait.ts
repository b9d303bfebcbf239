/** Waiting for the end of a virtual machine, whoever owns it. */
import { closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { exitCodeOf } from "../container/exit-code.ts";
import { MonitorConnection } from "../container/monitor-socket.ts";
import { isAlive } from "../container/process-identity.ts";
import { RingsideError } from "../error.ts";
import { exitFile, parseVmExit, type VmExit } from "./record.ts";
import { findVm, readVm, type VmState } from "./state.ts";

const POLL_MS = 20;
/** Far behind the end of any log: who follows from there is told of nothing but the end. */
const BEYOND = { file: Number.MAX_SAFE_INTEGER, offset: 0 } as const;
const MOST_EXIT_BYTES = 4096;

/**
 * Waits until the machine has ended and its owner has taken away what goes with it.
 *
 * @returns the exit code of its program
 * @throws RingsideError when there is no such machine, or nobody saw how it ended
 */
export async function waitForVm(idOrName: string): Promise<number> {
  for (let machine = findVm(idOrName); ; ) {
    const exit =
      machine.exit ?? (machine.owner.kind === "monitor" ? await monitoredEnd(machine) : await ownedEnd(machine));
    if (exit !== undefined) return exitCodeOf(exit.status);
    const now = readVm(machine.id);
    // Where it was moved meanwhile, another monitor owns it, and will see its end.
    if (now === undefined || now.life !== "running" || now.owner.pid === machine.owner.pid) {
      throw new RingsideError(`nobody saw how ${machine.name} ended: whoever owned it was killed`, {
        fix: "ringside vm ps -a sweeps up after it",
      });
    }
    machine = now;
  }
}

/** While somebody follows the log, a monitor removes nothing: time enough to read how it ended. */
async function monitoredEnd(machine: VmState): Promise<VmExit | undefined> {
  const { directory, nonce } = machine;
  // Where too many look already, the record tells as well.
  const monitor = await MonitorConnection.open(directory.path).catch(() => undefined);
  if (monitor === undefined) return await ownedEnd(machine);
  monitor.reportPosition(BEYOND);
  await monitor.ended;
  const exit = parseVmExit(readFileSync(exitFile(directory), "utf8"), directory, nonce);
  monitor.close();
  return exit;
}

/** The owner fills the file in, and may remove it right after: it is held open meanwhile. */
async function ownedEnd({ directory, nonce, owner, remove }: VmState): Promise<VmExit | undefined> {
  let fd: number;
  try {
    fd = openSync(exitFile(directory), "r");
  } catch {
    return undefined;
  }
  try {
    for (;;) {
      // Asked first: an owner that is gone will write nothing more, and neither will anybody into a file that is removed.
      const isOwned = isAlive(owner.pid, owner.startTicks);
      const isRemoved = fstatSync(fd).nlink === 0;
      const exit = parseVmExit(textIn(fd), directory, nonce);
      if (exit !== undefined && (isRemoved || !remove || !isOwned)) return exit;
      if (isRemoved || !isOwned) return exit;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  } finally {
    closeSync(fd);
  }
}

function textIn(fd: number): string {
  const bytes = Buffer.alloc(MOST_EXIT_BYTES);
  return bytes.toString("utf8", 0, readSync(fd, bytes, 0, bytes.length, 0));
}
