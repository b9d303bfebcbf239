/**
 * What can be asked of a running guest through QMP: QEMU QMP reference manual, "VM run state" and "Balloon". Each request
 * is a conversation of its own, since QEMU speaks with one client at a time, and others want to ask as well.
 */
import { z } from "zod";
import { type Qmp, QmpError, withQmp } from "./qmp.ts";
import type { GuestControl, GuestMemory, GuestStatus } from "./vmm.ts";

const statusSchema = z.object({ running: z.boolean(), status: z.string() });
const sizeSchema = z.object({ "base-memory": z.number() });
const statisticsSchema = z.object({ stats: z.record(z.string(), z.number()) });

/** The balloon's place among QEMU's objects: vmm/qemu-arguments.ts names the device so. */
const BALLOON = "/machine/peripheral/balloon";
/** A statistic that the guest has not told: (uint64_t)-1, which JSON readers round. */
const UNTOLD = 2 ** 63;

/** @param path of the QMP socket */
export function qmpControl(path: string): GuestControl {
  const run = (command: string) => (): Promise<void> => withQmp(path, (qmp) => qmp.execute(command));
  return {
    status: () => withQmp(path, statusOf),
    pause: run("stop"),
    resume: run("cont"),
    powerdown: run("system_powerdown"),
    quit: run("quit"),
    memory: () => withQmp(path, memoryOf),
  };
}

/** @throws as `Qmp.query` */
export async function statusOf(qmp: Qmp): Promise<GuestStatus> {
  const { running, status } = await qmp.query("query-status", statusSchema);
  return { running, word: status };
}

async function memoryOf(qmp: Qmp): Promise<GuestMemory> {
  const size = await qmp.query("query-memory-size-summary", sizeSchema);
  return { assignedBytes: size["base-memory"], guest: await balloonOf(qmp) };
}

/** What the guest's balloon driver told last; undefined where there is no balloon, or it has not told anything yet. */
async function balloonOf(qmp: Qmp): Promise<GuestMemory["guest"]> {
  try {
    const { stats } = await qmp.query("qom-get", statisticsSchema, { path: BALLOON, property: "guest-stats" });
    const told = (name: string): number | undefined => {
      const value = stats[name];
      return value === undefined || value < 0 || value >= UNTOLD ? undefined : value;
    };
    const totalBytes = told("stat-total-memory");
    const freeBytes = told("stat-free-memory");
    const availableBytes = told("stat-available-memory");
    if (totalBytes === undefined || freeBytes === undefined || availableBytes === undefined) return undefined;
    return { totalBytes, freeBytes, availableBytes };
  } catch (error) {
    if (error instanceof QmpError) return undefined;
    throw error;
  }
}
