/** What is written down of each container, in the state directory that every Ringside process shares. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { type ExitStatus, lockFile } from "../../native/kernel.ts";
import { parseStatus } from "../../native/wait-status.ts";
import { parseReports } from "../cgroup/reports.ts";
import {
  anyNumber,
  anything,
  byKind,
  exactly,
  flag,
  integer,
  list,
  object,
  oneOf,
  optional,
  record,
  required,
  text,
} from "../oci/readers.ts";
import { places } from "./directories.ts";
import { EXIT_FILE } from "./monitor-steps.ts";

const OWNERS = ["lab", "monitor"] as const;

/** A process, told from those that had its pid before. */
export interface ProcessNumbers {
  readonly pid: number;
  readonly startTicks: number;
}

export interface ContainerExit {
  readonly status: ExitStatus;
  readonly at: string;
  readonly oomKilled: boolean;
}

export interface ContainerRecord {
  readonly schema: "ringside.container/1";
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly createdAt: string;
  /** Whose container it is, and with whom it dies: a Ringside process, or a monitor of its own. */
  readonly owner: ProcessNumbers & { readonly kind: (typeof OWNERS)[number] };
  /** The container's PID 1, as the host numbers it; absent until it has exec'd. */
  readonly init?: ProcessNumbers;
  readonly exit?: ContainerExit;
  readonly remove: boolean;
  readonly cgroups: readonly string[];
  readonly layer: string;
  readonly labels: Readonly<Record<string, string>>;
  /** What asks it to end, and how long it is given before it is killed; SIGTERM and ten seconds unless they are there. */
  readonly stopSignal?: string;
  readonly stopTimeoutMs?: number;
  /** The OCI configuration that the plan was compiled from, for `inspect` and `exec`. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** What a monitor writes when its container has ended (native/launcher/monitor-record.h). */
interface MonitorExit {
  readonly schema: "ringside.exit/1";
  readonly at: string;
  readonly waitStatus: number;
  readonly userUs: number;
  readonly systemUs: number;
  readonly maxRssKiB: number;
  readonly reports: Readonly<Record<string, string>>;
}

const safe = integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
const numbers = { pid: required(safe), startTicks: required(safe) };

type Ended<Kind extends ExitStatus["kind"]> = Extract<ExitStatus, { readonly kind: Kind }>;

const exitStatus = byKind<ExitStatus>({
  exited: object<Ended<"exited">>({ kind: required(exactly("exited")), code: required(safe) }),
  signaled: object<Ended<"signaled">>({
    kind: required(exactly("signaled")),
    signal: required(text),
    core: optional(exactly(true)),
  }),
});

const containerRecord = object<ContainerRecord>({
  schema: required(exactly("ringside.container/1")),
  id: required(text),
  name: required(text),
  image: required(text),
  command: required(list(text)),
  createdAt: required(text),
  owner: required(object<ContainerRecord["owner"]>({ ...numbers, kind: required(oneOf("an owner", OWNERS)) })),
  init: optional(object<ProcessNumbers>(numbers)),
  exit: optional(
    object<ContainerExit>({ status: required(exitStatus), at: required(text), oomKilled: required(flag) }),
  ),
  remove: required(flag),
  cgroups: required(list(text)),
  layer: required(text),
  labels: required(record(text)),
  stopSignal: optional(text),
  stopTimeoutMs: optional(anyNumber),
  config: required(record(anything)),
});

const monitorExit = object<MonitorExit>({
  schema: required(exactly("ringside.exit/1")),
  at: required(text),
  waitStatus: required(safe),
  userUs: required(anyNumber),
  systemUs: required(anyNumber),
  maxRssKiB: required(anyNumber),
  reports: required(record(text)),
});

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
    const found = containerRecord(JSON.parse(readFileSync(join(directory, STATE_FILE), "utf8")));
    const exit = found.owner.kind === "monitor" ? readMonitorExit(join(directory, EXIT_FILE)) : undefined;
    return exit === undefined ? found : { ...found, exit };
  } catch {
    return undefined;
  }
}

/** Writes down, in a monitor's place, that it was killed itself, and its container with it: it dies with its parent. */
export function writeKilledExit(id: string): number {
  const exit: MonitorExit = {
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
    const { at, waitStatus, reports } = monitorExit(JSON.parse(readFileSync(path, "utf8")));
    return { at, status: parseStatus(waitStatus), oomKilled: parseReports(reports).oomKilled };
  } catch {
    return undefined;
  }
}
