/**
 * The same programs on the real kernel and on the simulated one: every system call of every process, in its order, with
 * the errors and sizes that the kernel decides. The simulator's programs are data, recorded once; they still are what real
 * ones do.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Launcher } from "../../../native/kernel.ts";
import {
  busyboxVersion,
  HOSTNAME,
  operationsOf,
  RECORDINGS,
  type Recording,
  recordedSource,
  type SeenProcess,
  seeProgram,
} from "../../../runtime/cli/recorded-programs.ts";
import { RECORDED_PROGRAMS, RECORDED_WITH } from "../../../simulator/workload/recorded-programs.generated.ts";
import type { Workload } from "../../../simulator/workload/workload.ts";
import { CONTAINERS, describeWhere, type Need, unless, unmet } from "../../support/needs.ts";
import { ROOT } from "../../support/ringside.ts";
import { imageLayer, simulatedMachine, startContained } from "./machine.ts";

/** What the programs ask for is there; a directory is an inode like another. */
const FILES = [
  { path: "/etc/hostname", bytes: HOSTNAME.length + 1 },
  { path: "/etc", bytes: 4096 },
];

interface ToldCall {
  readonly name: string;
  readonly error?: string;
  /** Of calls that the kernel answers with a size. */
  readonly bytes?: number;
}

const SIZED: readonly string[] = ["read", "write", "sendfile"];

/** glibc's fork(3) is clone(2). */
function plain(name: string): string {
  return name === "clone" || name === "clone3" || name === "vfork" ? "fork" : name;
}

/** The first call of the first process made it the program, before the simulated one begins. */
function realCalls(process: SeenProcess, isFirst = true): ToldCall[][] {
  const own = process.events.flatMap((event): ToldCall[] => {
    if (event.kind === "child") return [];
    const { name, error, returned } = event.call;
    const bytes = SIZED.includes(name) && returned !== null && returned > 0 ? { bytes: returned } : {};
    return [{ name: plain(name), ...(error === undefined ? bytes : { error }) }];
  });
  const children = process.events.flatMap((event) => (event.kind === "child" ? realCalls(event.process, false) : []));
  return [isFirst ? own.slice(1) : own, ...children];
}

function simulatedCalls(workload: Workload): ToldCall[][] {
  const { simulation, system, bursts } = simulatedMachine();
  startContained(system, imageLayer(system, FILES), workload);
  simulation.run();
  return Array.from(bursts.values(), (each) =>
    each.flatMap(({ mode, name, args }): ToldCall[] => {
      const called = /^([a-z_0-9]+)\(/.exec(name)?.[1];
      if (mode !== "kernel" || called === undefined) return [];
      const { error, bytes } = args ?? {};
      if (typeof error === "string") return [{ name: called, error }];
      return [{ name: called, ...(SIZED.includes(called) && typeof bytes === "number" ? { bytes } : {}) }];
    }),
  );
}

/** The simulator's table of system calls is that of x86-64, and so is what was recorded. */
const needsTable: Need = () => (process.arch === "x64" ? undefined : `recorded on x86-64, and this is ${process.arch}`);
const NEEDS = [...CONTAINERS, needsTable];
const other = unmet(NEEDS) === undefined && busyboxVersion() !== RECORDED_WITH ? busyboxVersion() : undefined;

/** Where the image has another busybox than that which was recorded, its own calls are what the simulated one is given. */
function programOf({ name }: Recording, seen: SeenProcess): Workload {
  if (other !== undefined) return { name, operations: operationsOf(seen) };
  const workload = RECORDED_PROGRAMS.find((program) => program.name === name);
  if (workload === undefined) throw new Error(`${name} has not been recorded`);
  return workload;
}

describeWhere(NEEDS, "system calls of", () => {
  test.each(RECORDINGS)("$name: as many, in the same order, with the same answers", async (recording) => {
    await using launcher = await Launcher.open();
    const seen = await seeProgram(launcher, recording);
    const real = realCalls(seen);
    expect(simulatedCalls(programOf(recording, seen))).toEqual(real);
    expect(real.flat().length).toBeGreaterThan(15);
  });

  const reason = other === undefined ? undefined : `recorded with ${RECORDED_WITH}, and this is ${other}`;
  test("the recorded programs are what was recorded: the generated file is up to date", unless(reason), async () => {
    await using launcher = await Launcher.open();
    const file = join(ROOT, "simulator/workload/recorded-programs.generated.ts");
    expect(readFileSync(file, "utf8")).toBe(await recordedSource(launcher));
  });

  test("a call that the simulator does not know is refused by name", () => {
    const call = { name: "mincore", path: undefined, args: [], returned: 0, error: undefined };
    expect(() => operationsOf({ events: [{ kind: "call", call }] })).toThrow(/mincore.*no such row/);
  });
});
