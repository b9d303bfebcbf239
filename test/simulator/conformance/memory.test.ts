/** A limit on memory that is passed, on the real kernel and on the simulated one: who is killed, and what is counted. */
import { expect, test } from "vitest";
import { parseReports } from "../../../runtime/cgroup/reports.ts";
import type { Workload } from "../../../simulator/workload/workload.ts";
import { inside } from "../../support/inside.ts";
import { CONTAINERS, describeWhere } from "../../support/needs.ts";
import { imageLayer, simulatedMachine, startContained } from "./machine.ts";

const LIMIT_BYTES = 32 << 20;
const PAGE_BYTES = 4096;

interface Outcome {
  readonly killed: readonly string[];
  readonly alive: readonly string[];
  readonly isOom: boolean;
}

const MOST_ATTEMPTS = 5;

/**
 * On a busy machine the kernel now and then finds its victim still dying, with its memory gone or not, and takes another
 * one: the shell, which then tells nothing (mm/oom_kill.c, MMF_OOM_SKIP). What is compared is its choice, so that counts
 * for nothing.
 */
async function realOutcome(largeMib: number): Promise<Outcome> {
  let outcome = await oneOutcome(largeMib);
  for (let attempt = 1; attempt < MOST_ATTEMPTS && outcome.alive.length === 0; attempt++) {
    outcome = await oneOutcome(largeMib);
  }
  return outcome;
}

/** A shell with a small program beside it and a large one: 137 is 128 + SIGKILL. */
async function oneOutcome(largeMib: number): Promise<Outcome> {
  const script = `
    sleep 1000 & small=$!
    head -c ${largeMib}m /dev/zero | tail > /dev/null & wait $!
    [ $? = 137 ] && echo killed large
    kill -0 $small && echo alive small
    echo alive shell
    kill $small`;
  const { output, exit } = await inside(script, { memoryBytes: LIMIT_BYTES });
  const lines = output.split("\n");
  const of = (what: string): string[] =>
    lines.flatMap((line) => (line.startsWith(`${what} `) ? [line.slice(what.length + 1)] : []));
  return { killed: of("killed"), alive: of("alive"), isOom: parseReports(exit.reports).oomKilled };
}

function touching(name: string, bytes: number): Workload {
  const pages = bytes / PAGE_BYTES;
  return {
    name,
    operations: [
      { kind: "pageTouch", pages, access: "write" },
      { kind: "sleep", durationNs: 1e9 },
    ],
  };
}

function simulatedOutcome(largeMib: number): Outcome & { readonly kills: number } {
  const { simulation, system } = simulatedMachine();
  const group = system.group("/limited", { memoryMaxBytes: LIMIT_BYTES });
  const sleeping: Workload = { name: "shell", operations: [{ kind: "sleep", durationNs: 1e9 }] };
  const { process: shell } = startContained(system, imageLayer(system, []), sleeping, group);
  const small = system.start(shell, touching("small", 256 * 1024));
  const large = system.start(shell, touching("large", largeMib << 20));
  simulation.run({ untilTime: 500_000_000 });
  const all = [large, small, shell].flatMap((process) => process ?? []);
  const { oom_kill: kills, oom } = group.memory.events;
  return {
    killed: all.filter(({ isAlive }) => !isAlive).map(({ program }) => program),
    alive: all.filter(({ isAlive }) => isAlive).map(({ program }) => program),
    isOom: oom > 0,
    kills,
  };
}

describeWhere(CONTAINERS, "a container at its limit of memory", () => {
  test("loses the program that has most of it, and no other", async () => {
    const real = await realOutcome(200);
    const { kills, ...simulated } = simulatedOutcome(200);
    expect(real).toEqual({ killed: ["large"], alive: ["small", "shell"], isOom: true });
    expect(simulated).toEqual(real);
    expect(kills).toBe(1);
  });

  test("loses nobody below it", async () => {
    const real = await realOutcome(4);
    const { kills, ...simulated } = simulatedOutcome(4);
    expect(real).toEqual({ killed: [], alive: ["small", "shell"], isOom: false });
    // There the large one has ended by itself; here it sleeps.
    expect({ ...simulated, alive: simulated.alive.filter((name) => name !== "large") }).toEqual(real);
    expect(kills).toBe(0);
  });
});
