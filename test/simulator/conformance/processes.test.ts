/** Who sees whom by which number, in a container and beside it: pid_namespaces(7), on both kernels. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Launcher } from "../../../native/kernel.ts";
import { startContainer } from "../../../runtime/container/start.ts";
import type { Workload } from "../../../simulator/workload/workload.ts";
import { plainOptions, withOutput } from "../../support/inside.ts";
import { processes } from "../../support/leftovers.ts";
import { CONTAINERS, describeWhere } from "../../support/needs.ts";
import { imageLayer, simulatedMachine, startContained } from "./machine.ts";

interface Views {
  /** Numbers that a process in the container sees there. */
  readonly inside: readonly number[];
  /** How many numbers each of them has: one in each namespace that shows it. */
  readonly numbersEach: readonly number[];
  /** Of them, how many the host sees. */
  readonly seenByHost: number;
  /** Whether the host's own first process is seen from inside as such. */
  readonly seesHostsFirst: boolean;
}

/** Two children that wait, and a list by whoever is number 1. */
async function realViews(): Promise<Views> {
  await using launcher = await Launcher.open();
  const script = "sleep 1000 & sleep 1000 & cd /proc; echo [0-9]*; wait";
  const { world, output } = await withOutput((stdio) =>
    startContainer(launcher, { ...plainOptions(["sh", "-c", script]), stdio }),
  );
  const members = (): number[] => {
    const namespace = processes().find(({ pid }) => pid === world.pid)?.namespace;
    return processes().flatMap((one) => (one.namespace === namespace ? [one.pid] : []));
  };
  const deadline = Date.now() + 30_000;
  while (members().length < 3 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
  const seen = members();
  const numbersEach = seen.map(
    (pid) => /^NSpid:\t(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]?.split("\t").length ?? 0,
  );
  const command = readFileSync(`/proc/${world.pid}/comm`, "utf8").trim();
  world.kill("SIGKILL");
  await world.exited;
  const inside = (await output)
    .trim()
    .split(" ")
    .map(Number)
    .sort((left, right) => left - right);
  return { inside, numbersEach, seenByHost: seen.length, seesHostsFirst: command !== "sh" };
}

function simulatedViews(): Views {
  const { simulation, system } = simulatedMachine();
  const sleeper: Workload = { name: "sleep", operations: [{ kind: "sleep", durationNs: 1e9 }] };
  const spawn = { kind: "spawn", program: sleeper, wait: false } as const;
  const shell: Workload = { name: "sh", operations: [spawn, spawn, { kind: "sleep", durationNs: 1e9 }] };
  const { process } = startContained(system, imageLayer(system, []), shell);
  simulation.run({ untilTime: 100_000_000 });
  const { pid: namespace } = process.namespaces;
  const members = system.processes.seenFrom(namespace);
  const host = system.init.namespaces.pid;
  return {
    inside: namespace.numbers().sort((left, right) => left - right),
    numbersEach: members.map(({ numbers }) => numbers.size),
    seenByHost: members.filter(({ numbers }) => numbers.has(host)).length,
    seesHostsFirst: system.init.numbers.has(namespace),
  };
}

describeWhere(CONTAINERS, "the processes of a container", () => {
  test("are numbered from 1 inside, have a number for each namespace above, and see nobody of outside", async () => {
    const real = await realViews();
    const simulated = simulatedViews();
    expect(simulated.inside).toEqual([1, 2, 3]);
    expect(real.inside).toEqual(simulated.inside);
    expect([real.seenByHost, simulated.seenByHost]).toEqual([3, 3]);
    expect([real.seesHostsFirst, simulated.seesHostsFirst]).toEqual([false, false]);
    // The machine that we are on may be a container itself: then each has one number more.
    const own = /^NSpid:\t(.*)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]?.split("\t").length ?? 1;
    expect(real.numbersEach.map((numbers) => numbers - own)).toEqual(
      simulated.numbersEach.map((numbers) => numbers - 1),
    );
  });
});
