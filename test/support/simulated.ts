/**
 * Everything that is simulated from a seed, as hashes: every scenario, machines that do anything, queues. It imports
 * nothing but the simulator, so that a page can run it: test/browser/determinism.test.ts does.
 */
import { Random } from "../../simulator/engine/random.ts";
import { Simulation } from "../../simulator/engine/simulation.ts";
import { poissonArrivals } from "../../simulator/queueing/poisson.ts";
import { erlang2, exponential, hyperexponential } from "../../simulator/queueing/service.ts";
import { SharedServer } from "../../simulator/queueing/shared-server.ts";
import { SCENARIOS } from "../../simulator/scenarios/registry.ts";
import { runScenario } from "../../simulator/scenarios/run.ts";
import { traceHash } from "../../simulator/trace/hash.ts";
import { History } from "../../simulator/trace/history.ts";
import { TraceRecorder } from "../../simulator/trace/recorder.ts";
import { runRandomMachine } from "./random-machine.ts";

type Program = (seed: number) => string;

const PROGRAMS: Readonly<Record<string, Program>> = {
  "a random machine": (seed) => traceHash(runRandomMachine(seed).recorder.rows("machine")),
  "queues with every distribution": queues,
  "a history": history,
};

/** The names of all that can be run. */
export function programs(): string[] {
  return [...Object.keys(PROGRAMS), ...SCENARIOS.map(({ name }) => name)];
}

/** @returns for each seed what a program comes to: its trace's hash, for a scenario with all of its figures */
export function hashesOf(program: string, seeds: readonly number[]): string[] {
  const run = PROGRAMS[program] ?? ((seed: number) => scenario(program, seed));
  return seeds.map(run);
}

function scenario(name: string, seed: number): string {
  const { traceHash: hash, metrics } = runScenario(name, { seed });
  return `${hash} ${JSON.stringify(metrics)}`;
}

/** Processor sharing, whose ends are cancelled all the time, with every draw that there is. */
function queues(seed: number): string {
  const random = new Random(seed, "queues");
  const recorder = new TraceRecorder();
  for (const service of [exponential(700_000), erlang2(700_000), hyperexponential(700_000)]) {
    const simulation = new Simulation();
    const own = random.stream(service.name);
    const name = service.name;
    const server = new SharedServer({
      simulation,
      served: (at, value) => recorder.counter({ track: name, name: "service", at, value }),
    });
    const arrive = () => {
      recorder.counter({ track: name, name: "customers", at: simulation.now, value: server.inSystem });
      server.arrive(service.draw(own));
    };
    poissonArrivals({ simulation, random: own.stream("arrivals"), meanGap: 1_000_000, customers: 200, arrive });
    simulation.run();
  }
  return traceHash(recorder.rows("queues"));
}

/** Random moments of a random machine. */
function history(seed: number): string {
  const random = new Random(seed, "moments");
  const rebuilt = new History(runRandomMachine(seed).recorder);
  const moments = Array.from({ length: 10 }, () => rebuilt.stateAt(random.integer(0, 3000)));
  return JSON.stringify(moments, (_, value: unknown) => (value instanceof Map ? [...value] : value));
}
