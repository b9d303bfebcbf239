/** `ringside simulate` as people type it: what goes to stdout, and what is refused with which words. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterEach, describe, expect, it, vi } from "vitest";
import { registerSimulate } from "../../runtime/cli/simulate.ts";
import { resultText } from "../../runtime/cli/simulate-text.ts";
import { RingsideError } from "../../runtime/error.ts";
import { SCENARIOS } from "../../simulator/scenarios/registry.ts";
import { runScenario } from "../../simulator/scenarios/run.ts";
import { STARTUP_RACE } from "../../simulator/scenarios/startup-race.ts";
import { checkTimeline } from "../../simulator/trace/check.ts";
import { parseChromeTrace } from "../../simulator/trace/chrome-trace-parse.ts";

afterEach(() => vi.restoreAllMocks());

/** Runs the command and returns what it wrote to stdout. */
function ringside(...words: string[]): string {
  const written: string[] = [];
  const spy = vi.spyOn(process.stdout, "write").mockImplementation((chunk) => written.push(String(chunk)) > 0);
  try {
    const program = new Command("ringside").exitOverride();
    registerSimulate(program);
    program.parse(["simulate", ...words], { from: "user" });
  } finally {
    spy.mockRestore();
  }
  return written.join("");
}

function refusal(...words: string[]): RingsideError {
  try {
    ringside(...words);
  } catch (error) {
    if (error instanceof RingsideError) return error;
    throw error;
  }
  throw new Error(`ringside simulate ${words.join(" ")} was not refused`);
}

describe("ringside simulate", () => {
  it("prints the same bytes twice, and other bytes for another seed", () => {
    const once = ringside("startup-race", "--json", "--seed", "7");
    expect(ringside("startup-race", "--json", "--seed", "7")).toBe(once);
    expect(ringside("startup-race", "--json", "--seed", "8")).not.toBe(once);
  });

  it("prints ringside.simulation/1: scenario, seed, profile, knobs, hash and every world with units and provenance", () => {
    const result: unknown = JSON.parse(
      ringside("startup-race", "--json", "--seed", "7", "--set", "vmm=firecracker", "spread=0"),
    );
    expect(result).toMatchObject({
      schema: "ringside.simulation/1",
      scenario: "startup-race",
      seed: 7,
      profile: "published-2022",
      knobs: { vmm: "firecracker", spread: 0 },
      traceHash: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      worlds: [
        { world: "process", metrics: { firstInstruction: { unit: "ns", provenance: { kind: "simulated" } } } },
        { world: "container" },
        { world: "vm" },
        { world: "address-space", metrics: { gone: { unit: "step" } } },
      ],
    });
  });

  it("writes a trace that can be read back, and says in it that it is simulated", () => {
    const folder = mkdtempSync(join(tmpdir(), "ringside-simulate-"));
    try {
      const file = join(folder, "trace.json");
      ringside("startup-race", "--trace", file);
      const trace: unknown = JSON.parse(readFileSync(file, "utf8"));
      expect(trace).toMatchObject({ otherData: { schema: "ringside.timeline/1", simulated: true } });
      expect(checkTimeline(parseChromeTrace(trace))).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("prints a table of people's units, and where the figures come from", () => {
    const table = ringside("startup-race", "--seed", "3").replaceAll(/\n {15}/g, " ");
    expect(table).toMatch(/first instruction +[\d.]+ µs +[\d.]+ ms +[\d.]+ ms +\d+ steps/);
    expect(table).toMatch(/costs +published-2022: \d+ published, \d+ derived, \d+ measured/);
    expect(table).toContain("no public timings exist");
    expect(table).toContain("seed 3");
    expect(table).toMatch(/\d+ of \d+ steps are recalled, not confirmed/);
  });

  it("says of what knobs and costs its answer and its verdict are, where the run has others", () => {
    const result = runScenario("startup-race", { knobs: { spread: 0, vmm: "firecracker" } });
    const text = resultText(STARTUP_RACE, { ...result, profile: "measured-here" }).replaceAll(/\s+/g, " ");
    expect(text).toContain("by default; here vmm, spread were turned, and the costs are those of measured-here");
    expect(ringside("startup-race")).not.toContain("as they are by default");
  });

  it("says yes or no where that is the question", () => {
    expect(ringside("data-survives")).toMatch(/\nvolume +– +yes +yes +–\n/);
    expect(ringside("noisy-neighbour")).toMatch(/\nserver killed +yes +no +no +–\n/);
  });

  it("lists every cost with its source on request", () => {
    const costs = ringside("startup-race", "--costs");
    expect(costs).toMatch(/published, \S+: [^:]*gVisor[\s\S]*?\n {4}linux\.systemCall\.entry +62 +ns\n/);
  });

  it.each(SCENARIOS.map(({ name }) => name))(
    "fits a terminal of 80 columns with %s, its help and its costs",
    (name) => {
      const text = ringside(name) + ringside(name, "--help") + ringside(name, "--costs");
      expect(text.split("\n").filter((line) => line.length > 80 && !line.startsWith("trace "))).toEqual([]);
    },
  );

  it("says of each world once what its steps are, and of a run without costs that it has none", () => {
    const text = ringside("privileged-instruction").replaceAll(/\n {15}/g, " ");
    expect(text.match(/^(process|container|vm|address-space) {2,}\S.* recalled, not confirmed/gm)).toHaveLength(4);
    expect(text).toContain("none of published-2022: these figures rest on no cost\n");
  });

  it("prints what is predicted beside what was published, as a table and as ringside.validate/1", () => {
    expect(ringside("--validate")).toMatch(/firecracker m5d +[\d.]+ ms +160\.9 ms .* ok /);
    const validation: unknown = JSON.parse(ringside("--validate", "--json"));
    expect(validation).toMatchObject({
      schema: "ringside.validate/1",
      rows: expect.arrayContaining([
        {
          kind: "figure",
          id: "CAL-7 runc",
          predicted: expect.any(Number),
          published: 13.9,
          unit: "ms",
          tolerance: 0.15,
          ok: true,
          basis: "its parts",
          source: expect.any(String),
        },
        expect.objectContaining({ kind: "order", id: "order of starts", ok: true }),
      ]),
    });
  });

  it("knows the race by its short name too", () => {
    const figures = ringside("startup", "--set", "vmm=cloud-hypervisor", "kernel=vmlinux", "host=haswell", "--json");
    expect(JSON.parse(figures)).toMatchObject({ scenario: "startup-race", knobs: { host: "haswell" } });
  });

  it("lists scenarios and profiles, and a scenario's knobs and metrics", () => {
    expect(ringside("--list")).toMatch(
      / {2}Starting\n {4}startup-race[\s\S]* {2}Sharing one machine\n[\s\S]*published-2022/,
    );
    const help = ringside("startup-race", "--help");
    for (const word of [
      "vmm",
      "firecracker",
      "spread",
      "firstInstruction",
      "intoHypervisor",
      "seventy times",
      "no operating",
    ])
      expect(help).toContain(word);
    expect(ringside("--help")).toContain("--set");
  });

  it.each([
    [["startup-rase"], 'no scenario "startup-rase"', 'did you mean "startup-race"?'],
    [["startup-rase", "--help"], 'no scenario "startup-rase"', 'did you mean "startup-race"?'],
    [[], "no scenario named", "ringside simulate startup-race"],
    [["startup-race", "--set", "vmn=x"], 'no knob "vmn"', 'did you mean "vmm"?'],
    [["startup-race", "--set", "vmm"], "--set vmm", "--set knob=value"],
    [["startup-race", "--set", "spread=1", "spread=2"], "already 1", "once"],
    [["startup-race", "--set", "spread=-1"], '"-1" is not a whole number', "from 0 to 200"],
    [["startup-race", "--set", "vmm=firecracker", "kernel=bzimage"], "nobody published", "kernel=vmlinux"],
    [["startup-race", "--set", "accelerator=tcg", "host=m5d"], "nobody measured", "host=reference"],
    [["startup-race", "--set", "host=reference"], "nobody measured", "accelerator=tcg"],
    [["startup-race", "--seed", "1.5"], 'seed "1.5"', "--seed 7"],
    [["startup-race", "--seed", "9007199254740992"], "not possible", "whole number"],
    [["startup-race", "--profile", "guesses"], 'no cost profile "guesses"', "published-2022"],
    [["startup-race", "--trace", "/dev/null/trace.json"], "write the trace", "folder"],
  ])("refuses %j with exit code 125 and says what to do", (words, what, fix) => {
    const error = refusal(...words);
    expect(error.exitCode).toBe(125);
    expect(error.message).toContain(what);
    expect(error.fix).toContain(fix);
  });
});
