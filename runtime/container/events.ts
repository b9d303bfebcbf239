/**
 * What happens to containers, as lines of JSON in one file of the state directory that all Ringside processes and all
 * monitors append to. It is bounded: when it is full it becomes `events.jsonl.1`, in place of the one before.
 * docker-events(1).
 */
import { appendFileSync, mkdirSync, readFileSync, renameSync, statSync, watch } from "node:fs";
import { basename, dirname } from "node:path";
import { exactly, flag, integer, object, optional, required, text } from "../oci/readers.ts";
import { places } from "./directories.ts";
import { momentText, parseMoment } from "./moment.ts";

export interface ContainerEvent {
  readonly schema: "ringside.event/1";
  readonly action: string;
  readonly id: string;
  readonly name: string;
  readonly image: string;
  /** RFC 3339, UTC, always with nine digits of a second; what a command itself notes is known to three of them. */
  readonly time: string;
  /** Of `die`. */
  readonly exitCode?: number;
  readonly oomKilled?: boolean;
  /** Of `kill`. */
  readonly signal?: string;
}

const containerEvent = object<ContainerEvent>({
  schema: required(exactly("ringside.event/1")),
  action: required(text),
  id: required(text),
  name: required(text),
  image: required(text),
  time: required(text),
  exitCode: optional(integer(0, 255)),
  oomKilled: optional(flag),
  signal: optional(text),
});

export type EventSubject = Pick<ContainerEvent, "id" | "name" | "image">;

const MOST_BYTES = 512 * 1024;
const NS_PER_MS = 1_000_000n;

/** The beginning of an event's line, which a monitor completes (native/launcher/monitor-record.h). */
export function eventBeginning(action: string, { id, name, image }: EventSubject): string {
  return `${JSON.stringify({ schema: "ringside.event/1", action, id, name, image }).slice(0, -1)},`;
}

/** Writes down what happened to a container, now. A full disk must not stop what is being done, so it is not told. */
export function appendEvent(
  action: string,
  subject: EventSubject,
  more: Pick<ContainerEvent, "exitCode" | "oomKilled" | "signal"> = {},
): void {
  const { id, name, image } = subject;
  const time = momentText(BigInt(Date.now()) * NS_PER_MS);
  const event: ContainerEvent = { schema: "ringside.event/1", action, id, name, image, time, ...more };
  const file = places().events;
  const line = `${JSON.stringify(event)}\n`;
  try {
    appendLine(file, line);
  } catch {
    // See above.
  }
}

/** Whoever wrote it: a monitor counts nanoseconds, and what this process writes comes from a clock of milliseconds. */
function inOneForm(time: string): string {
  return momentText(parseMoment(time));
}

function appendLine(file: string, line: string): void {
  rotate(file);
  try {
    appendFileSync(file, line, { mode: 0o600 });
  } catch {
    // Most often it is there already.
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    appendFileSync(file, line, { mode: 0o600 });
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function rotate(file: string): void {
  if (sizeOf(file) < MOST_BYTES) return;
  try {
    renameSync(file, `${file}.1`);
  } catch {
    // Another process was quicker.
  }
}

function parseLine(line: string): ContainerEvent[] {
  try {
    const read = containerEvent(JSON.parse(line));
    const event = { ...read, time: inOneForm(read.time) };
    const { exitCode: _code, oomKilled, ...same } = event;
    // A monitor writes one line for an end; who asks for `oom` gets it as Docker has it.
    return oomKilled === true && same.action === "die" ? [{ ...same, action: "oom" }, event] : [event];
  } catch {
    return [];
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** Every event that is still known, oldest first. */
export function readEvents(): ContainerEvent[] {
  const { events } = places();
  return `${textOf(`${events}.1`)}${textOf(events)}`.split("\n").flatMap(parseLine);
}

/**
 * The events that come from now on, until `signal` is aborted.
 * @param withPast those that are still known first
 */
export async function* followEvents(signal: AbortSignal, withPast: boolean): AsyncGenerator<ContainerEvent> {
  const file = places().events;
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  let known = identityOf(file);
  let read = withPast ? 0 : sizeOf(file);
  let unfinished = withPast ? textOf(`${file}.1`) : "";
  for await (const _ of changes(file, signal)) {
    const now = identityOf(file);
    let text = "";
    if (now !== known && known !== undefined) {
      text = readFileFrom(`${file}.1`, read).toString();
      read = 0;
    }
    known = now;
    const current = readFileFrom(file, read);
    read += current.length;
    const lines = `${unfinished}${text}${current.toString()}`.split("\n");
    unfinished = lines.pop() ?? "";
    yield* lines.flatMap(parseLine);
  }
}

function identityOf(file: string): number | undefined {
  try {
    return statSync(file).ino;
  } catch {
    return undefined;
  }
}

function readFileFrom(file: string, from: number): Buffer {
  try {
    return readFileSync(file).subarray(from);
  } catch {
    return Buffer.alloc(0);
  }
}

/** Yields whenever `file` may have changed, and once at the start (inotify(7), on its directory: it may be replaced). */
async function* changes(file: string, signal: AbortSignal): AsyncGenerator<void> {
  let wake = (): void => undefined;
  let isDirty = true;
  const watcher = watch(dirname(file), (_, name) => {
    if (name !== null && !name.startsWith(basename(file))) return;
    isDirty = true;
    wake();
  });
  const onAbort = (): void => wake();
  signal.addEventListener("abort", onAbort);
  try {
    while (!signal.aborted) {
      if (isDirty) {
        isDirty = false;
        yield;
        continue;
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (isDirty || signal.aborted) resolve();
      });
    }
  } finally {
    watcher.close();
    signal.removeEventListener("abort", onAbort);
  }
}
