/**
 * What can be asked of a running guest through QMP: QEMU QMP reference manual, "VM run state". Each request is a
 * conversation of its own, since QEMU speaks with one client at a time, and others want to ask as well.
 */
import { z } from "zod";
import { type Qmp, withQmp } from "./qmp.ts";
import { pssBytes } from "./resident.ts";
import type { GuestControl, GuestStatus } from "./vmm.ts";

const statusSchema = z.object({ running: z.boolean(), status: z.string() });
const sizeSchema = z.object({ "base-memory": z.number() });

/**
 * @param path of the QMP socket
 * @param pid of QEMU
 */
export function qmpControl(path: string, pid: number): GuestControl {
  const run = (command: string) => (): Promise<void> => withQmp(path, (qmp) => qmp.execute(command));
  return {
    status: () => withQmp(path, statusOf),
    pause: run("stop"),
    resume: run("cont"),
    powerdown: run("system_powerdown"),
    quit: run("quit"),
    memory: async () => {
      const size = await withQmp(path, (qmp) => qmp.query("query-memory-size-summary", sizeSchema));
      return { assignedBytes: size["base-memory"], hostPssBytes: pssBytes(pid) };
    },
  };
}

/** @throws as `Qmp.query` */
export async function statusOf(qmp: Qmp): Promise<GuestStatus> {
  const { running, status } = await qmp.query("query-status", statusSchema);
  return { running, word: status };
}
