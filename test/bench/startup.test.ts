/** The startup benchmark in full, with real processes and containers. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { commandSystem } from "../../runtime/bench/command.ts";
import { measureStart } from "../../runtime/bench/measure.ts";
import { requireProgram } from "../../runtime/bench/programs.ts";
import { benchReportSchema } from "../../runtime/bench/schema.ts";
import { benchStartup } from "../../runtime/bench/startup.ts";
import { errorFileOf, type SystemRow } from "../../runtime/bench/system.ts";
import { STARTUP_SYSTEMS } from "../../runtime/bench/systems.ts";
import { findProgram } from "../../runtime/host-program.ts";
import { startProcess } from "../../runtime/process/start.ts";
import { realContainers } from "./real-containers.ts";

function rows(...names: string[]): Map<string, SystemRow> {
  return new Map(
    names.map((name) => {
      const row = STARTUP_SYSTEMS.get(name);
      if (row === undefined) throw new Error(`there is no system ${name}`);
      return [name, row];
    }),
  );
}

const quiet = () => undefined;
const never = new AbortController().signal;

/** Gives the benchmark a directory of this test's own, so that what it makes can be told from what others make. */
function ownDirectory(): string {
  // Podman takes no path of more than 50 characters for what it runs.
  const directory = mkdtempSync(join(tmpdir(), "b-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  vi.stubEnv("TMPDIR", directory);
  onTestFinished(() => void vi.unstubAllEnvs());
  return directory;
}

/** What a benchmark of this process could leave behind: mounts, control groups, files. */
function leftovers(directory: string): string[] {
  const root = "/sys/fs/cgroup";
  const groups = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => readdirSync(`${root}/${name}`).map((group) => `${root}/${name}/${group}`));
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  return [
    ...mounts.filter((line) => line.includes(directory)),
    ...groups.filter((path) => path.includes(`ringside-bench-${process.pid}-`)),
    ...readdirSync(directory),
  ];
}

/** A system that is one shell command of the host. */
function shellSystem(script: string): SystemRow {
  return {
    world: "process",
    what: "a script",
    prepare: async (bench) =>
      commandSystem(bench, { argv: () => [requireProgram("sh", "dash"), "-c", script], version: "sh", notes: [] }),
  };
}

describe("the startup benchmark", () => {
  it.skipIf(realContainers.missing)(
    realContainers.title("times a process and a container, and keeps every sample"),
    async () => {
      const systems = rows("process", "container");
      const report = await benchStartup({ systems, runs: 4, warmup: 1, seed: 7, signal: never, progress: quiet });
      expect(benchReportSchema.parse(report)).toEqual(report);
      expect(report.unavailable).toEqual([]);
      expect(report.systems.map(({ name, world }) => [name, world])).toEqual([
        ["process", "process"],
        ["container", "container"],
      ]);
      for (const { marks } of report.systems) {
        for (const mark of [marks.firstInstruction, marks.firstByte, marks.gone])
          expect(mark?.samplesMs).toHaveLength(4);
        marks.gone?.samplesMs.forEach((gone, run) => {
          expect(gone).toBeGreaterThan(marks.firstByte?.samplesMs[run] ?? Number.NaN);
        });
      }
    },
  );

  const peers = ["crun", "runc", "bwrap", "podman"];
  const present = peers.filter((name) => findProgram(name) !== undefined);
  const withoutPeers = realContainers.missing || present.length === 0;
  it.skipIf(withoutPeers)(
    realContainers.title(
      `starts the peers that are installed (${present.join(", ")}), whatever the cgroup layout, and leaves nothing of them behind`,
    ),
    { timeout: 60_000 },
    async () => {
      const directory = ownDirectory();
      const systems = rows(...present);
      const report = await benchStartup({ systems, runs: 2, warmup: 0, seed: 1, signal: never, progress: quiet });
      expect(report.unavailable).toEqual([]);
      expect(report.systems.map(({ name }) => name)).toEqual(present);
      expect(leftovers(directory)).toEqual([]);
    },
  );

  it.skipIf(realContainers.missing)(
    realContainers.title("lists what cannot be measured with its reason and its fix, and measures the rest"),
    async () => {
      const systems = new Map<string, SystemRow>([
        [
          "missing",
          {
            world: "vm",
            what: "",
            prepare: async (bench) => {
              const program = requireProgram("ringside-no-such-vmm", "no-such-vmm");
              return commandSystem(bench, { argv: () => [program], version: "", notes: [] });
            },
          },
        ],
        ["failing", shellSystem("echo no room >&2; exit 3")],
        ["silent", shellSystem("exit 0")],
        ...rows("process"),
      ]);
      const report = await benchStartup({ systems, runs: 1, warmup: 0, seed: 1, signal: never, progress: quiet });
      expect(report.systems.map(({ name }) => name)).toEqual(["process"]);
      expect(report.unavailable).toEqual([
        { name: "missing", reason: "ringside-no-such-vmm is not installed", fix: "apt-get install no-such-vmm" },
        { name: "failing", reason: expect.stringMatching(/status 3.*: no room$/), fix: expect.any(String) },
        { name: "silent", reason: expect.stringContaining("without a byte"), fix: expect.any(String) },
      ]);
    },
  );

  it.skipIf(realContainers.missing)(
    realContainers.title("when interrupted, ends what is running and reports the samples that are complete"),
    async () => {
      const directory = ownDirectory();
      const interrupt = new AbortController();
      const systems = new Map<string, SystemRow>([...rows("process"), ["endless", endlessAfter(4, interrupt)]]);
      const report = await benchStartup({
        systems,
        runs: 50,
        warmup: 0,
        seed: 1,
        signal: interrupt.signal,
        progress: quiet,
      });
      expect(report.interrupted).toBe(true);
      expect(report.systems.find(({ name }) => name === "endless")?.marks.firstByte?.samplesMs).toHaveLength(2);
      expect(report.unavailable).toEqual([]);
      expect(leftovers(directory)).toEqual([]);
    },
  );
});

/** A system whose start number `starts` (counting the two of the trial) does not end by itself; the interrupt comes while it runs. */
function endlessAfter(starts: number, interrupt: AbortController): SystemRow {
  return {
    world: "process",
    what: "a script",
    async prepare(bench) {
      const quick = await shellSystem("echo").prepare(bench);
      const argv = [requireProgram("sh", "dash"), "-c", "echo; exec sleep 1000"];
      const options = { errorFile: errorFileOf(bench), timeLimitMs: 60_000 };
      let count = 0;
      return {
        ...quick,
        measure(run) {
          if (count++ < starts) return quick.measure(run);
          setImmediate(() => interrupt.abort(new Error("interrupted")));
          return measureStart((stdio) => startProcess(bench.launcher, { argv, ...stdio }), {
            ...options,
            signal: run.signal,
          });
        },
      };
    },
  };
}
