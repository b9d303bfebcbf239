/**
 * `npm run bench:killed [-- --times 20 --seed N --alone]`: kills benchmarks of every kind at random moments, and says what is
 * left after the next command. Words choose among the benchmarks: `docker podman`. `--alone` counts whatever is new on the
 * machine, for one that does nothing else meanwhile.
 */
import { parseArgs } from "node:util";
import { DENSITY_SYSTEMS } from "../../../runtime/bench/density/systems.ts";
import { seededRandom } from "../../../runtime/bench/random.ts";
import { STARTUP_SYSTEMS } from "../../../runtime/bench/systems.ts";
import { killOne } from "./kill.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    times: { type: "string", default: "20" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    "most-ms": { type: "string", default: "12000" },
    alone: { type: "boolean", default: false },
  },
});
const random = seededRandom(Number(values.seed));
/** So that the kill meets one in its middle: alone, several at once, as a server, and idle. */
const benchmarks = [
  ...[...STARTUP_SYSTEMS.keys()].map((name) => [
    "bench",
    "startup",
    "--systems",
    name,
    "--runs",
    "10000",
    "--no-history",
  ]),
  ["bench", "startup", "--runs", "1000", "--serve", "--concurrency", "4", "--no-history"],
  ...[...DENSITY_SYSTEMS.keys()].map((name) => [
    "bench",
    "density",
    "--systems",
    name,
    "--instances",
    "200",
    "--no-history",
  ]),
  ["bench", "overhead", "--runs", "1000", "--no-history"],
  ["bench", "migration", "--runs", "20"],
  ["bench", "hyperfine", "--turns", "1000"],
].filter((args) => positionals.length === 0 || positionals.some((word) => args.join(" ").includes(word)));
console.log(`seed ${values.seed}, ${values.times} kills`);
let failures = 0;
for (let kills = 0; kills < Number(values.times); ) {
  const options = { random, benchmarks, mostMs: Number(values["most-ms"]), alone: values.alone };
  const { benchmark, afterMs, wasRunning, hadMade, left } = await killOne(options);
  if (wasRunning) kills++;
  const how = wasRunning ? `${kills}. killed after ${afterMs} ms with ${hadMade} things made` : "ended by itself";
  console.log(`${how}: ${benchmark}: ${left.length === 0 ? "nothing is left" : `${left.length} things are left`}`);
  for (const line of left) console.log(`   ${line}`);
  if (left.length > 0) failures++;
}
console.log(failures === 0 ? "After every kill nothing was left." : `After ${failures} of them something was left.`);
process.exitCode = failures === 0 ? 0 : 1;
