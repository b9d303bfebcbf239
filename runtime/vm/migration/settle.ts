/**
 * What is left to be done of a move whose command was killed: which of the two the machine is stands in its record, and
 * the other one goes. Before the record was changed the destination has died with its command, and the source may be
 * waiting, stopped, for a word that nobody says any more.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { signalProcess } from "../../../native/kernel.ts";
import { isAlive } from "../../container/process-identity.ts";
import type { VmDirectory } from "../directory.ts";
import { withQmp } from "../qmp.ts";
import { statusOf } from "../qmp-control.ts";
import { readVmRecord } from "../record.ts";
import { becomeOwn, forgetPlaces, movePlaces } from "./places.ts";
import { forwardPorts } from "./ports.ts";

const identitySchema = z.object({ pid: z.int().positive(), startTicks: z.int().nonnegative() });
const noteSchema = z.object({
  mover: identitySchema,
  source: identitySchema,
  destination: identitySchema,
  /** The name of the destination's directory. */
  place: z.string().regex(/^\d+$/),
});
type Note = z.infer<typeof noteSchema>;

function notePath({ path }: Pick<VmDirectory, "path">): string {
  return join(path, "move.json");
}

/** Writes down who moves the machine, the monitors of both sides, and where the new one is. */
export function noteMove(directory: VmDirectory, note: Note): void {
  const path = notePath(directory);
  writeFileSync(`${path}.new`, JSON.stringify(noteSchema.parse(note)), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** The move is over, one way or the other. */
export function forgetMove(directory: VmDirectory): void {
  rmSync(notePath(directory), { force: true });
}

/** Brings a move whose command was killed to its end; harmless where there was none, or it is under way. */
export async function settleMove(directory: VmDirectory): Promise<void> {
  const note = readNote(directory);
  if (note === undefined || lives(note.mover)) return;
  const record = readVmRecord(directory);
  if (record === undefined) return;
  const isMoved = record.owner.pid === note.destination.pid && record.owner.startTicks === note.destination.startTicks;
  const left = isMoved ? note.source : note.destination;
  if (lives(left)) signalProcess(left.pid, "SIGKILL", () => lives(left));
  if (lives(record.owner)) {
    await withQmp(directory.control, async (qmp) => {
      const { running, word } = await statusOf(qmp);
      // A machine that somebody has paused since then is not ours to wake.
      if (!running && WAITING.has(word)) await qmp.execute("cont");
      if (isMoved) await forwardPorts(qmp, record.ports).catch(() => undefined);
    });
  }
  const places = movePlaces(directory, note.place);
  if (isMoved) becomeOwn(directory, places);
  else forgetPlaces(places);
  forgetMove(directory);
}

/** How QEMU calls a source that has sent everything, and a destination that has got it and was not let go. */
const WAITING = new Set(["postmigrate", "finish-migrate", "inmigrate", "paused"]);

function lives({ pid, startTicks }: Note["mover"]): boolean {
  return isAlive(pid, startTicks);
}

function readNote(directory: VmDirectory): Note | undefined {
  try {
    return noteSchema.parse(JSON.parse(readFileSync(notePath(directory), "utf8")));
  } catch {
    return undefined;
  }
}
