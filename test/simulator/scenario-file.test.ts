/** `ringside simulate FILE`: the example of docs/scenario.md as it is written, and files that are wrong in one place. */
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "vite";
import { describe, expect, it } from "vitest";
import { scenarioFrom } from "../../simulator/scenarios/data/from-data.ts";
import { parseScenario } from "../../simulator/scenarios/data/parse-scenario.ts";
import { ScenarioError } from "../../simulator/scenarios/knob.ts";
import { carryOut } from "../../simulator/scenarios/run.ts";
import { checkTimeline } from "../../simulator/trace/check.ts";
import { ROOT, ringside } from "../support/ringside.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const PAGE = readFileSync(join(ROOT, "docs/scenario.md"), "utf8");
const [, EXAMPLE = ""] = /```js\n([\s\S]*?)```/.exec(PAGE) ?? [];

/** Writes a file as somebody would, and runs the real command on it there. */
async function simulate(name: string, text: string, ...words: string[]) {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, name), text);
  return await ringside(["simulate", `./${name}`, ...words], { cwd: directory });
}

/** Lines are broken where the terminal ends. */
const flat = (text: string): string => text.replaceAll(/\s+/g, " ");

const minimal = (field = ""): string =>
  `export const scenario = { workload: [{ kind: "compute", instructions: 10 }], ${field} };`;

describe("the example of docs/scenario.md", () => {
  it("runs as it is written, and its own answer is what the figures say", async () => {
    const { stdout, stderr, code } = await simulate("read.mjs", EXAMPLE, "--json");
    expect([stderr, code]).toEqual(["", 0]);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: "ringside.simulation/1",
      scenario: "read",
      question: { answer: "as often as in a process" },
      claim: { verdict: "wrong" },
      worlds: [
        { world: "process", metrics: { reads: { value: 16 }, intoKernel: { value: 19 } } },
        { world: "container", metrics: { reads: { value: 16 }, intoKernel: { value: 19 } } },
        { world: "vm", metrics: { reads: { value: 16 }, intoKernel: { value: 19 }, intoHypervisor: { value: 0 } } },
        { world: "address-space", metrics: { intoKernel: { unit: "count" } } },
      ],
    });
  });

  it("takes its knob, and prints the answer and the verdict at the end", async () => {
    const { stdout, code } = await simulate("read.mjs", EXAMPLE, "--set", "blockKiB=512");
    expect(code).toBe(0);
    expect(stdout).toMatch(/reads +2 +2 +2 +–/);
    expect(flat(stdout)).toMatch(
      /answer as often as in a process claim .* verdict wrong: .* here blockKiB was turned $/,
    );
  });

  it("says in its help what is asked and claimed, and gives neither answer nor verdict away", async () => {
    const { stdout } = await simulate("read.mjs", EXAMPLE, "--help");
    for (const word of ["How often is its kernel entered", "not at all", "goes through the hypervisor", "close(3)"])
      expect(flat(stdout)).toContain(word);
    expect(stdout).not.toContain("wrong");
  });
});

describe("a scenario's file", () => {
  it.each(["a.mjs", "a.js"])("needs nothing but a workload: %s", async (name) => {
    const { stdout, stderr, code } = await simulate(name, minimal(), "--json");
    expect([stderr, code]).toEqual(["", 0]);
    expect(JSON.parse(stdout)).toMatchObject({ scenario: "a", worlds: [{}, {}, {}, {}] });
  });

  it("may be TypeScript, without a word about it", async () => {
    const text = `type N = number; const n: N = 3; ${minimal().replace("10", "n * 10")}`;
    expect(await simulate("b.ts", text, "--json")).toMatchObject({ stderr: "", code: 0 });
  });

  it("may take over knobs of startup-race, and set others for good", async () => {
    const text = minimal('part: "life", knobs: ["runtime"], settings: { vmm: "firecracker", spread: 0 }');
    const { stdout } = await simulate("c.mjs", text, "--json", "--set", "runtime=runc");
    expect(JSON.parse(stdout)).toMatchObject({ knobs: { runtime: "runc" } });
    expect(stdout).toContain("hypervisorTime");
    expect((await simulate("c.mjs", text, "--help")).stdout).toContain("crun-cached");
  });

  it("whose caption lies on nothing runs, and is told", async () => {
    const { stderr, code } = await simulate("d.mjs", minimal('captions: [{ at: "lunch", text: "…" }]'));
    expect(code).toBe(0);
    expect(stderr).toContain('a caption is at "lunch"');
    expect(stderr).toContain('fix: put it at one of "10 instructions", ');
  });

  it("that is another one each time is refused", async () => {
    const text =
      "let n = 1; export const scenario = { workload: () => [{ kind: 'compute', instructions: n++ * 1000 }] };";
    const { stderr, code } = await simulate("e.mjs", text);
    expect(code).toBe(125);
    expect(stderr).toContain("take chance from the second parameter");
  });

  it.each([
    ["x.mjs", "export const scenario = {", "x.mjs: line 1: ", "mend the file"],
    ["x.mjs", "\n\nthrow new Error('no luck');", "x.mjs: line 3: no luck", "mend the file"],
    ["x.mjs", "export const story = 1;", "it exports story, and no scenario", "export const scenario = {"],
    ["x.json", "{}", "a scenario's file is a module", ".mjs"],
    [
      "x.mjs",
      "export const scenario = { get workload() { throw new Error('boo'); } };",
      "when it is read: boo",
      "mend",
    ],
    [
      "x.mjs",
      "await new Promise(() => {}); export const scenario = {};",
      "waits for something that never comes",
      "await",
    ],
    ["x.mjs", minimal("metrics: [{ name: 'x', of: () => 0.5 }]"), "simulate ./x.mjs: metrics: x.of(…)", "whole number"],
  ])("%s with %j is refused with its place", async (name, text, what, fix) => {
    const { stdout, stderr, code } = await simulate(name, text);
    expect([stdout, code]).toEqual(["", 125]);
    expect(stderr).toContain(what);
    expect(stderr).toContain(fix);
  });

  it("that is not there is refused", async () => {
    const { stderr, code } = await ringside(["simulate", "./nothing.mjs"]);
    expect(code).toBe(125);
    expect(stderr).toMatch(/no such file\n {2}fix: .*--list/);
  });
});

function refusal(value: unknown): string {
  try {
    carryOut(scenarioFrom(parseScenario(value, "test")));
  } catch (error) {
    if (error instanceof ScenarioError) return `${error.message}. ${error.fix}`;
    throw error;
  }
  throw new Error("nothing was refused");
}

const ONE = [{ kind: "compute", instructions: 10 }];

describe("what a file exports", () => {
  it.each([
    [7, "scenario is 7. give scenario as export const scenario"],
    [{}, "workload is missing. give workload as a list of operations"],
    [{ workload: [] }, "workload is empty. give at least one"],
    [{ wokload: ONE }, 'scenario has a field "wokload". did you mean "workload"?'],
    [{ workload: [{ kind: "systemcall" }] }, 'workload[0].kind is "systemcall". did you mean "systemCall"?'],
    [
      { workload: [...ONE, { kind: "systemCall", service: "raed" }] },
      'workload[1].service is "raed". did you mean "read"?',
    ],
    [
      { workload: [{ kind: "compute" }] },
      "workload[0].instructions is missing. give workload[0].instructions as a whole",
    ],
    [{ workload: [{ kind: "compute", instructions: 1.5 }] }, "workload[0].instructions is 1.5"],
    [{ workload: [{ kind: "sleep", ns: 5 }] }, 'workload[0] has a field "ns". fields of workload[0]: kind, durationNs'],
    [{ workload: ["read"] }, 'workload[0] is "read". give workload[0] as an operation, such as {'],
    [{ workload: [{ kind: "mark", mark: "gone" }] }, "the world itself marks the end"],
    [
      { workload: [{ kind: "spawn", program: { name: "x", operations: [{ kind: "nap" }] } }] },
      "workload[0].program.operations[0].kind",
    ],
    [{ workload: () => [{ kind: "compute", instructions: -1 }] }, "workload(knobs, random)[0].instructions is -1"],
    [{ workload: () => ({}) }, "workload(knobs, random) is an object. give"],
    [{ workload: () => JSON.parse("{") }, "workload(knobs, random) throws: "],
    [{ workload: ONE, worlds: ["vms"] }, 'worlds[0] is "vms". did you mean "vm"?'],
    [{ workload: ONE, worlds: [] }, "worlds is empty"],
    [{ workload: ONE, part: "all" }, 'part is "all". it can be: life, program'],
    [{ workload: ONE, knobs: ["vmn"] }, 'startup-race has no knob "vmn". did you mean "vmm"?'],
    [
      { workload: ONE, knobs: [{ name: "n", low: 5, high: 2 }] },
      "knobs[0].high is 2. give knobs[0].high as a whole number from 5",
    ],
    [{ workload: ONE, knobs: [{ name: "n", choices: ["a"], low: 1 }] }, "both choices and low"],
    [
      { workload: ONE, knobs: [{ name: "n", choices: ["a"], default: "b" }] },
      'knobs[0].default is "b". did you mean "a"?',
    ],
    [{ workload: ONE, knobs: [{ name: "N", high: 2 }] }, "begin with a small letter"],
    [
      {
        workload: ONE,
        knobs: [
          { name: "n", high: 2 },
          { name: "n", high: 3 },
        ],
      },
      'knobs has "n" twice',
    ],
    [{ workload: ONE, settings: { vmm: "vmware" } }, 'there is no "vmware"'],
    [{ workload: ONE, settings: { vmm: "firecracker" }, knobs: ["vmm"] }, "vmm is a knob and a setting"],
    [{ workload: ONE, metrics: [] }, "metrics is empty"],
    [{ workload: [{ kind: "compute", instructions: Number.MAX_SAFE_INTEGER }] }, "takes longer than 104 days"],
    [{ workload: ONE, settings: { vmm: true } }, "settings.vmm is true. give"],
    [{ workload: ONE, metrics: ["inKernel"] }, 'no trace has a "inKernel". did you mean "intoKernel"?'],
    [{ workload: ONE, metrics: [{ name: "x" }] }, "metrics[0].of is missing. give metrics[0].of as a function"],
    [{ workload: ONE, metrics: [{ name: "x", of: () => 0.5 }] }, "x.of(…) gives 0.5 in the world process"],
    [{ workload: ONE, metrics: [{ name: "x", of: () => "1" }] }, 'x.of(…) gives "1" in the world process'],
    [{ workload: ONE, question: { text: "So.", choices: ["a", "b"], answer: "a" } }, "end it with a question mark"],
    [{ workload: ONE, question: { text: "So?", choices: ["a"], answer: "a" } }, "does not offer a choice"],
    [{ workload: ONE, question: { text: "So?", choices: ["a", "b"], answer: "c" } }, 'question.answer is "c"'],
    [{ workload: ONE, claim: { text: "x", verdict: "true", because: "y" } }, 'claim.verdict is "true"'],
    [{ workload: [{ kind: "systemCall", service: "pivot_root" }] }, 'leave "address-space" out of the worlds'],
  ])("is refused with the place and what would be right: %#", (value, words) => {
    expect(refusal(value)).toContain(words);
  });

  it("is completed so that every request dips by itself and the program ends", () => {
    const read = { kind: "systemCall", service: "read", bytes: 1 };
    const { timeline, metrics } = carryOut(scenarioFrom(parseScenario({ workload: [read, read, read] }, "test")));
    expect(checkTimeline(timeline)).toEqual([]);
    expect(metrics.map(({ metrics: { intoKernel } }) => intoKernel?.value)).toEqual([4, 4, 4, expect.any(Number)]);
  });

  it("differs between worlds by what they are, and by no chance", () => {
    const { metrics } = carryOut(scenarioFrom(parseScenario({ workload: ONE }, "test")));
    const [process, container, vm] = metrics.map(({ metrics: { kernelTime } }) => kernelTime?.value);
    expect([container, vm]).toEqual([process, process]);
  });

  it("is shown with the time that it takes in all, waiting included", () => {
    const sleep = { kind: "sleep", durationNs: 1_000_000_000 };
    const [process, , , space] = carryOut(scenarioFrom(parseScenario({ workload: [sleep] }, "test"))).metrics;
    expect(process?.metrics.gone?.value).toBeGreaterThan(1_000_000_000);
    expect(process?.metrics.kernelTime?.value).toBeLessThan(1_000_000);
    expect(space?.metrics.gone).toMatchObject({ unit: "step" });
  });

  it("is told in words of the field, and never in the names of fields", () => {
    const workload = [
      { kind: "compute", instructions: 1 },
      { kind: "network", action: "roundTrip", bytes: 10 },
      { kind: "privileged", instruction: "disableInterrupts" },
    ];
    const { timeline } = carryOut(scenarioFrom(parseScenario({ workload }, "test")));
    const names = timeline.spans.map(({ name }) => name);
    for (const name of ["1 instruction", "network: send and have answered 10 bytes"]) expect(names).toContain(name);
    expect(names).toContain("general protection fault (CLI): SIGSEGV");
    expect(names.filter((name) => /1 instructions|roundTrip|disableInterrupts/.test(name))).toEqual([]);
  });

  it("pays for each byte that goes to a guest's console", () => {
    const write = (bytes: number) => ({ kind: "systemCall", service: "write", bytes });
    const exits = (bytes: number) =>
      carryOut(scenarioFrom(parseScenario({ workload: [write(bytes)] }, "test"))).metrics.find(
        ({ world }) => world === "vm",
      )?.metrics.intoHypervisor?.value;
    expect([exits(1), exits(100)]).toEqual([8, 800]);
  });

  it("counts every page that is touched, and what spawned programs ask for", () => {
    const touch = { kind: "pageTouch", pages: 5, access: "write" };
    const child = { name: "child", operations: [touch, { kind: "systemCall", service: "getpid" }] };
    const workload = [{ kind: "spawn", program: child }, touch];
    const { metrics } = carryOut(scenarioFrom(parseScenario({ workload, worlds: ["process", "vm"] }, "test")));
    // vfork, execve, five pages, getpid and exit of the child; five pages and exit of its parent.
    for (const { metrics: of } of metrics) expect(of.intoKernel?.value).toBe(2 + 5 + 1 + 1 + 5 + 1);
  });

  it("leaves a guest for its disk, and nothing of a process", () => {
    const workload = [{ kind: "disk", access: "read", bytes: 4096 }];
    const { metrics } = carryOut(scenarioFrom(parseScenario({ workload, worlds: ["process", "vm"] }, "test")));
    const [process, vm] = metrics.map(({ metrics: { intoHypervisor } }) => intoHypervisor?.value);
    expect(process).toBe(0);
    expect(vm).toBeGreaterThan(0);
  });

  it("draws its chance from the seed", () => {
    const workload = (_: unknown, random: { integer(low: number, high: number): number }) =>
      Array.from({ length: random.integer(1, 1000) }, () => ONE[0]);
    const scenario = scenarioFrom(parseScenario({ workload, settings: { spread: 0 } }, "test"));
    expect(carryOut(scenario, { seed: 5 }).traceHash).toBe(carryOut(scenario, { seed: 5 }).traceHash);
    expect(carryOut(scenario, { seed: 6 }).traceHash).not.toBe(carryOut(scenario, { seed: 5 }).traceHash);
  });
});

describe("the bundle of the command line", () => {
  it("loads somebody's file, too", async () => {
    const directory = temporaryDirectory();
    await build({
      root: ROOT,
      configFile: join(ROOT, "vite.cli.config.ts"),
      logLevel: "silent",
      build: { outDir: directory },
    });
    writeFileSync(join(directory, "read.mjs"), EXAMPLE);
    const { stdout } = await promisify(execFile)(process.execPath, ["cli.js", "simulate", "./read.mjs"], {
      cwd: directory,
    });
    expect(stdout).toContain("Reading a file, block by block");
  });
});
