/** Runs a program that waits before its first instruction until somebody watches it: our tracer, or strace. */
import { spawn } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ExitRecord, Launcher } from "../../native/kernel.ts";
import type { Plan } from "../../native/plan/plan.ts";
import { startContainer } from "../../runtime/container/start.ts";
import { PROGRAM_PAUSE, withProgramPause } from "../../runtime/plan/pauses.ts";
import { processPlan } from "../../runtime/process/start.ts";
import { type DecodedCall, decodeCall } from "../../runtime/trace/decode.ts";
import type { TraceRecord } from "../../runtime/trace/records.ts";
import { type Watch, watchProcess } from "../../runtime/trace/watch.ts";
import { plainOptions } from "./inside.ts";
import { temporaryDirectory } from "./temporary.ts";

/** What is to be run: in a container, or as a process of this machine. */
export interface Subject {
  readonly world: "container" | "process";
  readonly command: readonly string[];
}

/** strace shortens paths and arguments of programs too, which we do not: more than any of them has. */
const MOST_DATA_BYTES = 300;
const ENVIRONMENT = ["PATH=/usr/bin:/bin", "LC_ALL=C"];

async function run(
  launcher: Launcher,
  { world, command }: Subject,
  onReady: (pid: number) => Promise<void>,
): Promise<ExitRecord> {
  const onPause = async (name: string, pid: number): Promise<void> => {
    if (name === PROGRAM_PAUSE) await onReady(pid);
  };
  if (world === "container") {
    const running = await startContainer(launcher, plainOptions(command), { addPauses: withProgramPause, onPause });
    return await running.exited;
  }
  const nothing = openSync("/dev/null", "r+");
  try {
    const plan: Plan = withProgramPause(processPlan({ argv: command, env: ENVIRONMENT }));
    const running = await launcher.start(plan, [nothing, nothing, nothing], { onPause });
    return await running.exited;
  } finally {
    closeSync(nothing);
  }
}

/** A call as both tracers tell it: its name, its arguments in words, the beginning of its result. */
export type ToldCall = Pick<DecodedCall, "name" | "args" | "result">;

const MOST_PIDS = Number(readFileSync("/proc/sys/kernel/pid_max", "utf8"));

/** Numbers are given in the order of birth, and begin again when they are used up. */
const age = (thread: number, first: number) => (thread - first + MOST_PIDS) % MOST_PIDS;

/** The calls of each thread, in the order of their birth. */
export type Story = readonly (readonly ToldCall[])[];

/** @returns what our tracer sees, and how the program ended */
export async function seenByUs(
  launcher: Launcher,
  subject: Subject,
  { follow = true } = {},
): Promise<{ story: Story; records: readonly TraceRecord[]; exit: ExitRecord; lost: number }> {
  const records: TraceRecord[] = [];
  let watch: Watch | undefined;
  let first = 0;
  const exit = await run(launcher, subject, async (pid) => {
    first = pid;
    watch = watchProcess({ pid, follow, fromExec: true, mostDataBytes: MOST_DATA_BYTES }, (more) => {
      records.push(...more);
    });
  });
  const lost = (await watch?.ended)?.lost ?? 0;
  const threads = new Map<number, ToldCall[]>();
  for (const record of records) {
    if (record.kind !== "call") continue;
    const calls = threads.get(record.thread) ?? [];
    threads.set(record.thread, calls);
    calls.push(decodeCall(record, MOST_DATA_BYTES));
  }
  const story = [...threads].toSorted(([a], [b]) => age(a, first) - age(b, first)).map(([, calls]) => calls);
  return { story, records, exit, lost };
}

/** Splits at commas that are in no string and no bracket. */
function splitArguments(text: string): string[] {
  const parts: string[] = [];
  let [depth, quoted, start] = [0, false, 0];
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? "";
    if (character === "\\") at++;
    else if (character === '"') quoted = !quoted;
    else if (quoted) continue;
    else if ("[{(".includes(character)) depth++;
    else if ("]})".includes(character)) depth--;
    else if (character === "," && depth === 0) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, text.slice(start)].map((part) => part.trim()).filter((part) => part !== "");
}

function parseLine(line: string): ToldCall | undefined {
  const match = /^([a-z_0-9]+)\((.*)\)\s+= (.+)$/.exec(line) ?? /^([a-z_0-9]+)\((.*)\)\s+= (\?)/.exec(line);
  if (match === null) return undefined;
  const [, name = "", args = "", result = ""] = match;
  return { name, args: splitArguments(args), result };
}

/** Whether a process is traced by somebody. */
function isTraced(pid: number): boolean {
  return /^TracerPid:\t[1-9]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
}

/** @returns what strace sees, from the execve that makes the process its program */
export async function seenByStrace(launcher: Launcher, subject: Subject): Promise<Story> {
  const directory = temporaryDirectory();
  const prefix = join(directory, "calls");
  let ended: Promise<void> | undefined;
  let born = 0;
  await run(launcher, subject, async (pid) => {
    born = pid;
    const args = ["-ff", "-s", String(MOST_DATA_BYTES), "-o", prefix, "-p", String(pid)];
    const strace = spawn("strace", args, { stdio: "ignore" });
    ended = new Promise((resolve, reject) => {
      strace.once("error", reject);
      strace.once("close", () => resolve());
    });
    while (!isTraced(pid)) await new Promise((resolve) => setTimeout(resolve, 2));
  });
  await ended;
  const byThread = readdirSync(directory)
    .map((name) => ({ thread: Number(name.split(".").at(-1)), text: readFileSync(join(directory, name), "utf8") }))
    .toSorted((a, b) => age(a.thread, born) - age(b.thread, born))
    .map(({ text }) => text.split("\n").flatMap((line) => parseLine(line) ?? []));
  const [first = [], ...others] = byThread;
  const begin = first.findIndex(({ name, result }) => name === "execve" && result === "0");
  return [first.slice(begin), ...others];
}
