/**
 * What the simulator knows of real programs: what they ask their kernel for, as data. `node runtime/cli/recorded-programs.ts`
 * runs them in containers under the tracer and writes simulator/workload/recorded-programs.generated.ts; a test holds the
 * two equal. What the kernel answers is left out wherever the simulator's kernel finds its own answer.
 */
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Launcher } from "../../native/kernel.ts";
import { SYSTEM_CALLS } from "../../simulator/linux/system-calls/table.ts";
import type { Service } from "../../simulator/workload/services.ts";
import type { Operation, Spawn, SystemCall } from "../../simulator/workload/workload.ts";
import { requireImage } from "../container/start.ts";
import { BASE_IMAGE } from "../image/image.ts";
import { decodeCall } from "../trace/decode.ts";
import type { TraceRecord } from "../trace/records.ts";
import { traceNewContainer } from "../trace/targets.ts";

const GENERATED = fileURLToPath(new URL("../../simulator/workload/recorded-programs.generated.ts", import.meta.url));
const MOST_DATA_BYTES = 300;

/** A program that is recorded. */
export interface Recording {
  readonly name: string;
  readonly command: readonly string[];
  /** What it reads on its standard input. */
  readonly input: string;
}

/** Everything in here is the same in every run: no process waits for another one that it does not wait for. */
export const RECORDINGS: readonly Recording[] = [
  { name: "cat", command: ["cat", "/etc/hostname"], input: "" },
  { name: "ls", command: ["ls", "/etc"], input: "" },
  { name: "sh", command: ["sh", "-c", "cat /etc/hostname; echo done"], input: "" },
  { name: "server request", command: ["httpd", "-i", "-h", "/"], input: "GET /etc/hostname HTTP/1.0\r\n\r\n" },
];

/** The container's name is in a file that the programs read, so it has to be the same each time. */
export const HOSTNAME = "ringside";

/** A call as it was seen. */
export interface SeenCall {
  readonly name: string;
  /** The first argument that is a path, absolute. */
  readonly path: string | undefined;
  readonly args: readonly string[];
  /** What it returned; -1 with an error, null where it never did. */
  readonly returned: number | null;
  readonly error: string | undefined;
}

/** What a process did, in its order: calls, and the children that it made. */
export type SeenEvent =
  | { readonly kind: "call"; readonly call: SeenCall }
  | { readonly kind: "child"; readonly process: SeenProcess };
export interface SeenProcess {
  readonly events: readonly SeenEvent[];
}

/**
 * Runs a program in a container, and every process that it makes.
 * @returns its first process
 */
export async function seeProgram(launcher: Launcher, { command, input }: Recording): Promise<SeenProcess> {
  const directory = mkdtempSync(join(tmpdir(), "ringside-recorded-"));
  using cleanup = new DisposableStack();
  cleanup.defer(() => rmSync(directory, { recursive: true, force: true }));
  writeFileSync(join(directory, "input"), input);
  const stdin = cleanup.adopt(openSync(join(directory, "input"), "r"), closeSync);
  const stdout = cleanup.adopt(openSync("/dev/null", "w"), closeSync);
  const records: TraceRecord[] = [];
  const { world, watch } = await traceNewContainer(
    launcher,
    {
      image: BASE_IMAGE,
      command,
      env: [],
      hostname: HOSTNAME,
      readOnly: false,
      network: "none",
      remove: true,
      stdio: { stdin, stdout, stderr: stdout },
    },
    { follow: true, mostDataBytes: MOST_DATA_BYTES },
    (more) => records.push(...more),
  );
  await world.exited;
  const { lost } = await watch.ended;
  if (lost > 0) throw new RangeError(`trace ${command.join(" ")}: ${lost} records were lost`);
  return processOf(records, world.pid);
}

/** The end of a fork is seen after the child has been: the child stands at the call that made it. */
function processOf(records: readonly TraceRecord[], pid: number): SeenProcess {
  const children = records.filter((record) => record.kind === "spawn" && record.process === pid);
  const events = records.flatMap((record): SeenEvent[] => {
    if (record.process !== pid || record.kind !== "call") return [];
    const { name, args, error } = decodeCall(record, MOST_DATA_BYTES);
    const returned = record.hasReturned ? (record.isError ? -1 : Number(record.returnValue)) : null;
    const call: SeenEvent = { kind: "call", call: { name, path: pathOf(name, args), args, returned, error } };
    const child = FORKS.includes(name) ? children.shift() : undefined;
    if (child?.kind !== "spawn") return [call];
    return [call, { kind: "child", process: processOf(records, child.child) }];
  });
  return { events: inOrder(events) };
}

/** A child may have ended before its parent came to wait: its signal is told after the wait, as if it had come in it. */
function inOrder(events: readonly SeenEvent[]): SeenEvent[] {
  const ordered = [...events];
  for (let at = 1; at < ordered.length - 1; at++) {
    const [child, signal, wait] = ordered.slice(at - 1, at + 2);
    if (child?.kind !== "child" || signal?.kind !== "call" || wait?.kind !== "call") continue;
    if (signal.call.name === "rt_sigreturn" && isWait(wait.call)) ordered.splice(at, 2, wait, signal);
  }
  return ordered;
}

const FORKS: readonly string[] = ["clone", "clone3", "fork", "vfork"];
const PATH_ARGUMENT: Readonly<Record<string, number>> = { openat: 1, newfstatat: 1, execve: 0, readlink: 0, chdir: 0 };

function pathOf(name: string, args: readonly string[]): string | undefined {
  const at = PATH_ARGUMENT[name];
  const text = at === undefined ? undefined : /^"(.+)"$/.exec(args[at] ?? "")?.[1];
  // All of them work in the root directory.
  return text === undefined || text.startsWith("/") ? text : `/${text}`;
}

const SERVICES: ReadonlyMap<string, Service> = new Map([
  ...SYSTEM_CALLS.flatMap(({ name, service }): [string, Service][] => (service === undefined ? [] : [[name, service]])),
  ...FORKS.map((name): [string, Service] => [name, "fork"]),
]);

/**
 * What a process asked for, as the simulator's programs say it. A name, a descriptor and a size are the program's; what
 * opening a file comes to, how much of it there is to read, is for the simulated kernel to find.
 * @throws RangeError where the simulator's table has no such call
 */
export function operationsOf({ events }: SeenProcess): Operation[] {
  const operations: Operation[] = [];
  for (const [index, event] of events.entries()) {
    if (event.kind === "child") {
      operations.push(childOf(event.process, events[index + 1]));
      continue;
    }
    // The first one made the process, and a fork is the child's.
    if (index === 0 && event.call.name === "execve") continue;
    if (FORKS.includes(event.call.name) || isAwaited(events, index)) continue;
    operations.push(operationOf(event.call));
  }
  return operations;
}

function childOf(process: SeenProcess, next: SeenEvent | undefined): Spawn {
  const program = { name: "child", operations: operationsOf(process) };
  return { kind: "spawn", program, executes: false, wait: next?.kind === "call" && isWait(next.call) };
}

/** A process that waits for its child right after it has made it: one operation of the simulator's programs. */
function isAwaited(events: readonly SeenEvent[], index: number): boolean {
  const event = events[index];
  return event?.kind === "call" && isWait(event.call) && events[index - 1]?.kind === "child";
}

function isWait({ name, error }: SeenCall): boolean {
  return name === "wait4" && error === undefined;
}

/** By service, which argument is a descriptor, and which a size; how much a write puts out is the program's too. */
const DESCRIPTORS: Partial<Readonly<Record<Service, number>>> = { read: 0, write: 0, close: 0, sendfile: 1 };
const SIZES: Partial<Readonly<Record<Service, number>>> = { read: 2, write: 2, sendfile: 3 };
/** Errors that the simulated kernel finds by itself. */
const FOUND_BY_KERNEL: readonly string[] = ["ENOENT", "EBADF"];

function operationOf({ name, path, args, error, returned }: SeenCall): SystemCall {
  const service = SERVICES.get(name);
  if (service === undefined)
    throw new RangeError(`record ${name}: the simulator's table of system calls has no such row`);
  const descriptor = numberAt(args, DESCRIPTORS[service]);
  const size = numberAt(args, SIZES[service]);
  // What comes in on standard input is for the world to say, not for the kernel.
  const bytes = service === "read" && descriptor === 0 ? (returned ?? 0) : size;
  return {
    kind: "systemCall",
    service,
    ...(path === undefined || service === "stat" ? {} : { path }),
    ...(descriptor === undefined ? {} : { descriptor }),
    ...(bytes === undefined ? {} : { bytes: Math.min(bytes, Number.MAX_SAFE_INTEGER) }),
    ...(service === "open" ? { access: "read" as const } : {}),
    ...(error === undefined || (service === "open" && FOUND_BY_KERNEL.includes(error)) ? {} : { error }),
  };
}

function numberAt(args: readonly string[], at: number | undefined): number | undefined {
  const text = at === undefined ? undefined : args[at];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** @returns which busybox the image has: another one asks for other things. */
export function busyboxVersion(): string {
  const [layer = ""] = requireImage(BASE_IMAGE).lowerDirectories;
  const { stdout } = spawnSync(join(layer, "bin/busybox"), [], { encoding: "utf8" });
  return stdout.split("\n")[0]?.replace(/ multi-call binary\.$/, "") ?? "";
}

/** The text of the generated file. @throws as seeProgram and operationsOf do */
export async function recordedSource(launcher: Launcher): Promise<string> {
  const lines: string[] = [];
  for (const recording of RECORDINGS) {
    const operations = operationsOf(await seeProgram(launcher, recording));
    lines.push(`  {\n    name: ${JSON.stringify(recording.name)},\n    operations: [`);
    lines.push(...operations.map((operation) => `      ${JSON.stringify(operation)},`), "    ],\n  },");
  }
  return `// Programs of ringside/base as they ask their kernel, recorded by runtime/cli/recorded-programs.ts. Do not edit.
import type { Workload } from "./workload.ts";

export const RECORDED_WITH = ${JSON.stringify(busyboxVersion())};

export const RECORDED_PROGRAMS: readonly Workload[] = [
${lines.join("\n")}
];
`;
}

async function main(): Promise<void> {
  await using launcher = await Launcher.open();
  writeFileSync(GENERATED, await recordedSource(launcher));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
