/** A benchmark that is killed; twenty of every kind are `npm run bench:killed`. */
import { expect } from "vitest";
import { seededRandom } from "../../../runtime/bench/random.ts";
import { CONTAINERS, needsPrograms, testWhere } from "../../support/needs.ts";
import { killOne } from "./kill.ts";

const KILLS = 3;
const BENCHMARKS = [
  ["bench", "startup", "--systems", "process,container,crun,lxc", "--runs", "10000", "--no-history"],
  ["bench", "density", "--systems", "container,podman", "--instances", "100"],
];

testWhere(
  [...CONTAINERS, needsPrograms("crun", "podman")],
  "after a benchmark has been killed, the next command leaves nothing of it: process, mount, group or file",
  async () => {
    const seed = Date.now() % 1_000_000;
    console.log(`seed ${seed}`);
    const random = seededRandom(seed);
    for (let kills = 0; kills < KILLS; kills++) {
      const killed = await killOne({ random, benchmarks: BENCHMARKS, mostMs: 5000, alone: false });
      expect({ seed, ...killed }.left, `${killed.benchmark}, seed ${seed}`).toEqual([]);
    }
  },
);
