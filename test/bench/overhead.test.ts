/**
 * The overhead benchmark: its program says the same everywhere, its ratios are of what belongs together, and whatever a
 * world says or does, the report has what was measured.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { nativeProgram } from "../../native/kernel.ts";
import { figuresOf } from "../../runtime/bench/overhead/figures.ts";
import { type Output, parseOutput } from "../../runtime/bench/overhead/output.ts";
import { benchOverhead } from "../../runtime/bench/overhead/overhead.ts";
import { HOST_MEASUREMENTS, MEASUREMENTS, QUANTITIES } from "../../runtime/bench/overhead/quantities.ts";
import { measureRounds } from "../../runtime/bench/overhead/rounds.ts";
import { formatOverhead } from "../../runtime/bench/overhead/text.ts";
import type { OverheadRow, OverheadWorld } from "../../runtime/bench/overhead/world.ts";
import { OVERHEAD_WORLDS } from "../../runtime/bench/overhead/worlds.ts";
import { seededRandom } from "../../runtime/bench/random.ts";
import { benchReportSchema } from "../../runtime/bench/schema.ts";
import { controlGroups, mountsNaming } from "../support/leftovers.ts";
import { CONTAINERS, describeWhere, needsLinux, needsNative } from "../support/needs.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const never = new AbortController().signal;
const quiet = (): undefined => undefined;
const random = () => seededRandom(1);
const HOST_QUANTITIES = HOST_MEASUREMENTS.flatMap((name) => MEASUREMENTS[name]?.map((row) => row.name) ?? []);

function said(samples: Readonly<Record<string, readonly number[]>>): Output {
  return { samples: new Map(Object.entries(samples)), remarks: [] };
}

function rounds(...outputs: readonly Output[]): Map<number, Output> {
  return new Map(outputs.map((output, index) => [index + 1, output]));
}

describe("what the program says", () => {
  test("is samples by quantity, and each refusal once in words", () => {
    const { samples, remarks } = parseOutput(
      [
        '{"name":"getpid","unit":"ns","value":62.125}',
        '{"name":"getpid","unit":"ns","value":63}\r',
        '{"name":"tcpRoundTrip","refused":"connect","errno":111}',
        '{"name":"tcpRoundTrip","refused":"connect","errno":111}',
        '{"name":"switches","note":"sched_setaffinity","errno":1}',
      ].join("\n"),
    );
    expect([...samples]).toEqual([["getpid", [62.125, 63]]]);
    expect(remarks).toEqual([
      "tcpRoundTrip: connect gave ECONNREFUSED, not measured",
      "switches: sched_setaffinity gave EPERM, measured without it",
    ]);
  });

  test("is nothing where it is something else: no JSON, no quantity, another unit, no number, no end", () => {
    const hostile = [
      "[    0.000000] Linux version",
      '{"name":"getpid","unit":"ns","value":',
      '{"name":"getpid","unit":"bytes/s","value":1}',
      '{"name":"__proto__","unit":"ns","value":1}',
      '{"name":"nobody","unit":"ns","value":1}',
      '{"name":"getpid","unit":"ns","value":-1}',
      '{"name":"getpid","unit":"ns","value":"1"}',
      '{"name":"getpid","unit":"ns","value":1,"more":1}',
      "{".repeat(10_000),
    ];
    expect(parseOutput(hostile.join("\n"))).toEqual({ samples: new Map(), remarks: [] });
  });
});

describe("a ratio", () => {
  test("is of the medians of the same rounds, and more than 1 is slower, of a rate too", () => {
    const ours = rounds(said({ getpid: [20, 22, 24], memoryCopy: [5e9] }), said({ getpid: [200], memoryCopy: [50e9] }));
    const bare = rounds(said({ getpid: [11], memoryCopy: [10e9] }), said({ getpid: [100], memoryCopy: [100e9] }));
    const figures = figuresOf(ours, bare, random);
    expect(figures.map(({ name, ratio }) => [name, ratio?.value])).toEqual([
      ["getpid", 2],
      ["memoryCopy", expect.closeTo(2)],
    ]);
    for (const { ratio } of figures) expect(ratio?.ci95).toEqual([expect.closeTo(2), expect.closeTo(2)]);
  });

  test("is none of the process itself, where the process has no such quantity, and where one takes no time", () => {
    const ours = rounds(said({ getpid: [20], portExit: [900], contextSwitch: [5] }));
    const bare = rounds(said({ getpid: [20], contextSwitch: [0] }));
    expect(figuresOf(bare, undefined, random).map(({ ratio }) => ratio)).toEqual([null, null]);
    const ratios = figuresOf(ours, bare, random).map(({ name, ratio }) => [name, ratio === null]);
    expect(ratios).toEqual([
      ["getpid", false],
      ["contextSwitch", true],
      ["portExit", true],
    ]);
  });

  test("leaves out a round that one of the two has not got", () => {
    const ours = rounds(said({ getpid: [10] }), said({ getpid: [1000] }));
    expect(figuresOf(ours, rounds(said({ getpid: [5] })), random)[0]?.ratio?.value).toBe(2);
  });
});

describe("the rounds", () => {
  function world(measure: OverheadWorld["measure"]): OverheadWorld {
    return { version: "1", accelerator: null, notes: [], memoryBytes: 1, measure };
  }
  const plan = {
    samples: 1,
    signal: never,
    deadlineMs: Number.POSITIVE_INFINITY,
    trialMs: new Map(),
    settle: async () => {},
    progress: quiet,
  };

  test("start every world once each, in orders of their own", async () => {
    const order: string[] = [];
    const worlds = new Map(
      ["a", "b", "c"].map((name) => [
        name,
        world(async () => {
          order.push(name);
          return said({ getpid: [1] });
        }),
      ]),
    );
    await measureRounds(worlds, { ...plan, runs: 8, random: random() });
    const each = Array.from({ length: 8 }, (_, round) =>
      order
        .slice(round * 3, round * 3 + 3)
        .toSorted()
        .join(""),
    );
    expect(each).toEqual(Array.from({ length: 8 }, () => "abc"));
    expect(
      new Set(Array.from({ length: 8 }, (_, round) => order.slice(round * 3, round * 3 + 3).join(""))).size,
    ).toBeGreaterThan(1);
  });

  test("go on without a world that fails, and keep what it had said before", async () => {
    let calls = 0;
    const failing = world(async () => {
      calls++;
      if (calls === 3) throw new Error("it broke");
      return said({ getpid: [calls] });
    });
    const sound = world(async () => said({ getpid: [1] }));
    const outcomes = await measureRounds(
      new Map([
        ["failing", failing],
        ["sound", sound],
      ]),
      { ...plan, runs: 5, random: random() },
    );
    expect(calls).toBe(3);
    expect(outcomes.get("failing")?.rounds.size).toBe(2);
    expect(outcomes.get("failing")?.failure).toBe("run 3 of 5 it broke");
    expect(outcomes.get("sound")?.rounds.size).toBe(5);
  });

  test("end with the signal and keep what there is", async () => {
    const interrupt = new AbortController();
    let calls = 0;
    const one = world(async () => {
      calls++;
      if (calls === 4) interrupt.abort();
      return said({ getpid: [1] });
    });
    const outcomes = await measureRounds(new Map([["one", one]]), {
      ...plan,
      signal: interrupt.signal,
      runs: 9,
      random: random(),
    });
    expect(outcomes.get("one")).toMatchObject({ failure: undefined, rounds: { size: 4 } });
  });

  test("begin nothing once the time is over", async () => {
    const one = world(() => Promise.reject(new Error("started")));
    const outcomes = await measureRounds(new Map([["one", one]]), {
      ...plan,
      deadlineMs: 0,
      runs: 9,
      random: random(),
    });
    expect(outcomes.get("one")).toMatchObject({ failure: undefined, rounds: { size: 0 } });
  });
});

describeWhere([needsLinux, needsNative], "the measuring program", () => {
  function run(...words: string[]): { output: Output; status: number | null } {
    const { stdout, status } = spawnSync(nativeProgram("ringside-overhead") ?? "", words, { encoding: "utf8" });
    return { output: parseOutput(stdout), status };
  }

  test("tells every quantity that the table has, each as often as it was asked for", () => {
    const directory = temporaryDirectory();
    const { output, status } = run("2", directory, ...HOST_MEASUREMENTS);
    expect([status, output.remarks]).toEqual([0, []]);
    expect([...output.samples.keys()].toSorted()).toEqual(HOST_QUANTITIES.toSorted());
    for (const [, samples] of output.samples) expect(samples).toHaveLength(2);
    expect(readdirSync(directory)).toEqual([]);
  });

  test("says what was refused, and measures the rest", () => {
    const { output, status } = run("2", "/proc/nowhere", "fsync", "getpid");
    expect([status, [...output.samples.keys()]]).toEqual([0, ["getpid"]]);
    expect(output.remarks).toEqual(["fsync: openat gave ENOENT, not measured"]);
  });

  test.each([[], ["0", "/tmp", "getpid"], ["1x", "/tmp", "getpid"], ["1", "/tmp"]])(
    "refuses to guess: %s",
    (...words) => {
      const { output, status } = run(...words);
      expect([status, output.samples.size]).toEqual([125, 0]);
    },
  );
});

/** Gives the benchmark a directory of this test's own, so that what it makes can be told from what others make. */
function ownDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "b-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  vi.stubEnv("TMPDIR", directory);
  onTestFinished(() => void vi.unstubAllEnvs());
  return directory;
}

function worldsNamed(...names: string[]): Map<string, OverheadRow> {
  return new Map(
    names.map((name) => {
      const row = OVERHEAD_WORLDS.get(name);
      if (row === undefined) throw new Error(`there is no world ${name}`);
      return [name, row];
    }),
  );
}

describeWhere(CONTAINERS, "the overhead benchmark", () => {
  test("measures in a process and in containers, set against the process, and leaves nothing", async () => {
    const directory = ownDirectory();
    const groups = controlGroups();
    const announced: string[] = [];
    const report = await benchOverhead({
      worlds: worldsNamed("container", "container-no-seccomp"),
      runs: 2,
      seed: 1,
      signal: never,
      progress: quiet,
      announce: (line) => announced.push(line),
    });
    expect(benchReportSchema.parse(report)).toEqual(report);
    expect(report).toMatchObject({ benchmark: "overhead", interrupted: false, unavailable: [] });
    expect(announced).toEqual([expect.stringContaining("at most")]);
    const worlds = report.overhead ?? [];
    expect(worlds.map(({ name }) => name)).toEqual(["process", "container", "container-no-seccomp"]);
    for (const { name, quantities } of worlds) {
      expect(quantities.map((quantity) => quantity.name)).toEqual(HOST_QUANTITIES);
      for (const { samples, ratio } of quantities) {
        expect(samples).toHaveLength(2 * 3);
        if (name === "process") expect(ratio).toBeNull();
      }
      expect(quantities.find((quantity) => quantity.name === "getpid")?.ratio === null).toBe(name === "process");
    }
    const text = formatOverhead(report);
    for (const { name, what } of QUANTITIES.filter((row) => HOST_QUANTITIES.includes(row.name))) {
      expect(text).toContain(`${name}: ${what}`);
    }
    expect(readdirSync(directory)).toEqual([]);
    expect(mountsNaming(directory)).toEqual([]);
    expect(controlGroups().filter((group) => !groups.includes(group))).toEqual([]);
  });

  test("names a world that cannot be measured in, with the reason and the fix, and measures in the others", async () => {
    ownDirectory();
    const broken: OverheadRow = {
      world: "vm",
      what: "broken",
      prepare: () => Promise.reject(new Error("it is broken")),
    };
    const large = worldsNamed("process").get("process");
    if (large === undefined) throw new Error("no process");
    const worlds = new Map([
      ["broken", broken],
      [
        "large",
        {
          ...large,
          prepare: async (tools: Parameters<OverheadRow["prepare"]>[0]) => ({
            ...(await large.prepare(tools)),
            memoryBytes: 2 ** 50,
          }),
        },
      ],
    ]);
    const report = await benchOverhead({ worlds, runs: 1, seed: 1, signal: never, progress: quiet });
    expect(report.unavailable).toEqual([
      { name: "broken", reason: "it is broken", fix: expect.any(String) },
      { name: "large", reason: "it needs more memory than the limit allows", fix: expect.any(String) },
    ]);
    expect(report.overhead?.map(({ name }) => name)).toEqual(["process"]);
  });
});
