/** What is written down of each container, in the state directory that every Ringside process shares. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
// zod/mini: zod itself would take longer to load than a container to start.
import * as z from "zod/mini";
import { lockFile, parseStatus } from "../../native/kernel.ts";
import { parseReports } from "../cgroup/reports.ts";
import { places } from "./directories.ts";
import { EXIT_FILE } from "./monitor-steps.ts";

const processSchema = z.object({ pid: z.int(), startTicks: z.int() });

const exitSchema = z.object({
  status: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("exited"), code: z.int() }),
    z.object({ kind: z.literal("signaled"), signal: z.string(), core: z.optional(z.literal(true)) }),
  ]),
  at: z.string(),
  oomKilled: z.boolean(),
});

/** What a monitor writes when its container has ended (native/launcher/monitor-record.h). */
const monitorExitSchema = z.object({
  schema: z.literal("ringside.exit/1"),
  at: z.string(),
  waitStatus: z.int(),
  userUs: z.number(),
  systemUs: z.number(),
  maxRssKiB: z.number(),
  reports: z.record(z.string(), z.string()),
});

const stateSchema = z.object({
  schema: z.literal("ringside.container/1"),
  id: z.string(),
  name: z.string(),
  image: z.string(),
  command: z.array(z.string()),
  createdAt: z.string(),
  /** Whose container it is, and with whom it dies: a Ringside process, or a monitor of its own. */
  owner: z.extend(processSchema, { kind: z.enum(["lab", "monitor"]) }),
  /** The container's PID 1, as the host numbers it; absent until it has exec'd. */
  init: z.optional(processSchema),
  exit: z.optional(exitSchema),
  remove: z.boolean(),
  cgroups: z.array(z.string()),
  layer: z.string(),
  labels: z.record(z.string(), z.string()),
  /** What asks it to end, and how long it is given before it is killed; SIGTERM and ten seconds unless they are there. */
  stopSignal: z.optional(z.string()),
  stopTimeoutMs: z.optional(z.number()),
  /** The OCI configuration that the plan was compiled from, for `inspect` and `exec`. */
  config: z.record(z.string(), z.unknown()),
});

/** A process, told from those that had its pid before. */
export type ProcessNumbers = z.infer<typeof processSchema>;
export type ContainerRecord = z.infer<typeof stateSchema>;
export type ContainerExit = z.infer<typeof exitSchema>;

/** The file of a container's directory that holds its record. */
export const STATE_FILE = "state.json";
const LOCK_FILE = "lock";
const ID = /^[0-9a-f]{12}$/;

/** Whether a file's name is a container's id. */
export function isId(text: string): boolean {
  return ID.test(text);
}

/** Writes the whole state at once: readers see the old one or the new one. */
export function writeRecord(record: ContainerRecord): void {
  const directory = join(places().states, record.id);
  const temporary = join(directory, `state.json.${process.pid}`);
  writeFileSync(temporary, JSON.stringify(record), { mode: 0o600 });
  renameSync(temporary, join(directory, STATE_FILE));
}

/**
 * Changes what is known of a container, so that two changes at a time both count (flock(2)).
 * @param change gets the record as it is
 */
export function changeRecord(id: string, change: (record: ContainerRecord) => ContainerRecord): void {
  using _lock = lockFile(join(places().states, id, LOCK_FILE));
  const record = readRecord(id);
  if (record !== undefined) writeRecord(change(record));
}

/** @returns undefined when there is no such container, or none yet */
export function readRecord(id: string): ContainerRecord | undefined {
  if (!isId(id)) return undefined;
  try {
    const directory = join(places().states, id);
    const parsed = stateSchema.safeParse(JSON.parse(readFileSync(join(directory, STATE_FILE), "utf8")));
    if (!parsed.success) return undefined;
    const exit = parsed.data.owner.kind === "monitor" ? readMonitorExit(join(directory, EXIT_FILE)) : undefined;
    return exit === undefined ? parsed.data : { ...parsed.data, exit };
  } catch {
    return undefined;
  }
}

/** Writes down, in a monitor's place, that it was killed itself, and its container with it: it dies with its parent. */
export function writeKilledExit(id: string): number {
  const exit: z.infer<typeof monitorExitSchema> = {
    schema: "ringside.exit/1",
    at: new Date().toISOString(),
    waitStatus: constants.signals.SIGKILL,
    userUs: 0,
    systemUs: 0,
    maxRssKiB: 0,
    reports: {},
  };
  const path = join(places().states, id, EXIT_FILE);
  writeFileSync(`${path}.new`, JSON.stringify(exit), { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return exit.waitStatus;
}

function readMonitorExit(path: string): ContainerExit | undefined {
  try {
    const parsed = monitorExitSchema.safeParse(JSON.parse(readFileSync(path, "utf8")));
    if (!parsed.success) return undefined;
    const { at, waitStatus, reports } = parsed.data;
    return { at, status: parseStatus(waitStatus), oomKilled: parseReports(reports).oomKilled };
  } catch {
    return undefined;
  }
}
