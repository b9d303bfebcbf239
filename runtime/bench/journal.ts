/**
 * What a benchmark is about to make on the host is written down first, in a directory of its own below the state directory
 * (`<run>/bench/PID-STARTED-NONCE/journal.jsonl`). A benchmark that ends takes everything away itself; what one that was
 * killed has left is taken away by the next command (`sweepBenches`). Whether an owner lives is asked of the kernel.
 */

import { appendFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { newId } from "../container/new-id.ts";
import { isAlive, processIdentity } from "../container/process-identity.ts";
import { reasonOf } from "../error.ts";
import { journalsDirectory } from "./sweep.ts";
import { type Made, madeSchema, undo } from "./undo.ts";

/** Something that is written down, and may be there. */
export interface Entry {
  /** It is gone: nothing has to be undone any more. */
  done(): void;
}

export interface Journal {
  /** Writes down what is about to be made. @throws an error of Node's shape when it cannot be written */
  will(made: Made): Entry;
  /** Takes away what is still written down, last to first, and ends the journal. @throws Error naming what is left */
  close(): Promise<void>;
}

const FILE = "journal.jsonl";
const lineSchema = z.union([
  z.strictObject({ id: z.int(), will: madeSchema }),
  z.strictObject({ id: z.int(), done: z.literal(true) }),
]);

/** Opens a journal of this process. */
export function openJournal(): Journal {
  const directory = join(journalsDirectory(), ownName());
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  let last = 0;
  const write = (line: z.input<typeof lineSchema>) =>
    appendFileSync(join(directory, FILE), `${JSON.stringify(line)}\n`, { mode: 0o600 });
  return {
    will(made) {
      const id = ++last;
      write({ id, will: madeSchema.parse(made) });
      return { done: () => write({ id, done: true }) };
    },
    async close() {
      const problems = await undoAll(directory);
      if (problems.length > 0) throw new Error(`left behind: ${problems.join("; ")}`);
    },
  };
}

/** Names the owner, so that whoever finds the directory can ask whether it lives. */
function ownName(): string {
  return `${process.pid}-${processIdentity(process.pid)?.startTicks ?? 0}-${newId()}`;
}

/**
 * Takes away what killed benchmarks have left. Several may do it at once: a rename decides who does.
 * @returns what could not be taken away, each with its reason; it is tried again by the next command
 */
export async function sweepBenches(): Promise<string[]> {
  const problems: string[] = [];
  const found = orphans();
  if (found.length > 0) await sweepWorlds();
  for (const name of found) {
    const path = join(journalsDirectory(), name);
    const claimed = join(journalsDirectory(), ownName());
    try {
      renameSync(path, claimed);
    } catch {
      // Somebody else was quicker.
      continue;
    }
    const failures = await undoAll(claimed);
    // Under its old name the next command finds it without an owner again.
    if (failures.length > 0) renameSync(claimed, path);
    problems.push(...failures);
  }
  return problems;
}

/** A benchmark's own containers and virtual machines that died with it: their records say whose they were. */
async function sweepWorlds(): Promise<void> {
  const [{ sweep }, { sweepVms }] = await Promise.all([import("../container/sweep.ts"), import("../vm/sweep.ts")]);
  await sweep();
  await sweepVms();
}

function orphans(): string[] {
  return owners().flatMap(({ name, lives }) => (lives ? [] : name));
}

/** The processes that have a benchmark here at this moment, but for this one: each disturbs the other. */
export function otherBenches(): number[] {
  return owners().flatMap(({ pid, lives }) => (lives && pid !== process.pid ? pid : []));
}

/** Every journal that there is; what is named otherwise is none. */
function owners(): { readonly name: string; readonly pid: number; readonly lives: boolean }[] {
  let names: string[];
  try {
    names = readdirSync(journalsDirectory());
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    const [, pid, startTicks] = /^(\d+)-(\d+)-[0-9a-f]+$/.exec(name) ?? [];
    return pid === undefined ? [] : { name, pid: Number(pid), lives: isAlive(Number(pid), Number(startTicks)) };
  });
}

/** Undoes what is open, last to first; the directory goes when nothing is left, else only that stays written down. */
async function undoAll(directory: string): Promise<string[]> {
  const left: Made[] = [];
  const problems: string[] = [];
  for (const made of openEntries(join(directory, FILE)).toReversed()) {
    try {
      await undo(made);
    } catch (error) {
      left.unshift(made);
      problems.push(`${made.kind}: ${reasonOf(error)}`);
    }
  }
  if (left.length === 0) rmSync(directory, { recursive: true, force: true });
  else writeFileSync(join(directory, FILE), left.map((will, id) => `${JSON.stringify({ id, will })}\n`).join(""));
  return problems;
}

/** What is written down and not done; a line that was being written when its writer was killed made nothing yet. */
function openEntries(file: string): Made[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return [];
  }
  const open = new Map<number, Made>();
  for (const line of text.split("\n")) {
    const parsed = parseLine(line);
    if (parsed === undefined) continue;
    if ("will" in parsed) open.set(parsed.id, parsed.will);
    else open.delete(parsed.id);
  }
  return [...open.values()];
}

function parseLine(line: string): z.output<typeof lineSchema> | undefined {
  try {
    return lineSchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}
