/**
 * SimPy, the simulator that most people know (simpy.readthedocs.io; Debian's python3-simpy3): the same M/M/1 as its manual
 * would have it written, a process for each customer who asks a resource for service. Python reads its own clock, so that
 * its start does not count.
 */

import { spawnSync } from "node:child_process";
import * as z from "zod";
import { findProgram } from "../../host-program.ts";
import { Unusable } from "../system.ts";

export const SIMPY_PACKAGE = "python3-simpy3";

const PROGRAM = `
import json, random, sys, time
import simpy

def customer(env, server, mean_service, waits):
    arrived = env.now
    with server.request() as request:
        yield request
        waits.append(env.now - arrived)
        yield env.timeout(random.expovariate(1.0 / mean_service))

def source(env, server, customers, mean_gap, mean_service, waits):
    for _ in range(customers):
        yield env.timeout(random.expovariate(1.0 / mean_gap))
        env.process(customer(env, server, mean_service, waits))

seed, customers, mean_gap, mean_service = (int(word) for word in sys.argv[1:5])
random.seed(seed)
env = simpy.Environment()
server = simpy.Resource(env, capacity=1)
waits = []
env.process(source(env, server, customers, mean_gap, mean_service, waits))
began = time.process_time()
env.run()
print(json.dumps({"seconds": time.process_time() - began, "served": len(waits), "waited": sum(waits)}))
`;

const resultSchema = z.strictObject({ seconds: z.number().positive(), served: z.int(), waited: z.number() });

export type SimpyResult = z.output<typeof resultSchema>;

export interface Simpy {
  readonly python: string;
  /** `SimPy 3.0.11, Python 3.11.2`. */
  readonly version: string;
}

/** The Python of the search path may be another one than the distribution's, which has the distribution's SimPy. */
const PYTHONS = [() => findProgram("python3"), () => findProgram("python3", "/usr/bin")];

const VERSION = "import platform, simpy; print('SimPy', simpy.__version__ + ', Python', platform.python_version())";

/** @returns a Python that has SimPy; undefined where there is none */
export function findSimpy(): Simpy | undefined {
  for (const python of new Set(PYTHONS.map((find) => find()))) {
    if (python === undefined) continue;
    const { status, stdout } = spawnSync(python, ["-c", VERSION], { encoding: "utf8" });
    if (status === 0) return { python, version: stdout.trim() };
  }
  return undefined;
}

export interface SimpyRun {
  readonly seed: number;
  readonly customers: number;
  readonly meanGapNs: number;
  readonly meanServiceNs: number;
}

/**
 * Runs the queue once.
 * @throws Unusable where Python says that it does not work
 */
export function runSimpy({ python }: Simpy, { seed, customers, meanGapNs, meanServiceNs }: SimpyRun): SimpyResult {
  const numbers = [seed, customers, meanGapNs, meanServiceNs].map(String);
  const { status, stdout, stderr } = spawnSync(python, ["-c", PROGRAM, ...numbers], { encoding: "utf8" });
  if (status !== 0) {
    const reason = `SimPy did not run: ${stderr.trim().split("\n").at(-1) ?? "it did not say why"}`;
    throw new Unusable({ reason, fix: `try it: ${python} -c "import simpy"` });
  }
  return resultSchema.parse(JSON.parse(stdout));
}
