/** A whole comparison from a protocol, on the command line, with real processes. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type BenchProtocol, benchProtocolSchema } from "../../runtime/bench/protocol.ts";
import { readProtocol } from "../../runtime/bench/protocol-file.ts";
import { benchReportSchema } from "../../runtime/bench/schema.ts";
import { runProtocol, wholeProtocol } from "../../runtime/bench/whole.ts";
import { RingsideError } from "../../runtime/error.ts";
import { madeReport } from "./made-report.ts";
import { realContainers } from "./real-containers.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "ringside-protocol-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `ringside bench …` with data of this test's own. */
async function bench(
  args: readonly string[],
  onError: (said: string, interrupt: () => void) => void = () => undefined,
): Promise<Ended> {
  const command = join(import.meta.dirname, "../../runtime/cli/main.ts");
  const child = spawn(process.execPath, [command, "bench", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, RINGSIDE_ROOT: root, TMPDIR: root },
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (data: Buffer) => {
    stdout += data.toString();
  });
  child.stderr.on("data", (data: Buffer) => {
    stderr += data.toString();
    onError(stderr, () => void child.kill("SIGINT"));
  });
  const [code] = await once(child, "close");
  return { code: typeof code === "number" ? code : null, stdout, stderr };
}

function protocolFile(startup: Record<string, unknown>): string {
  const file = join(root, "protocol.json");
  writeFileSync(file, JSON.stringify({ schema: "ringside.bench-protocol/1", startup }));
  return file;
}

const PROTOCOL = {
  systems: [{ name: "process" }, { name: "again", system: "process" }],
  runs: 6,
  warmup: 1,
  conditions: [{ workload: "serve", concurrency: 2, runs: 4 }],
};

describe("a protocol", () => {
  it("as the documentation shows it is one", () => {
    const page = readFileSync(join(import.meta.dirname, "../../docs/benchmark.md"), "utf8");
    const example: unknown = JSON.parse(/```json\n([\s\S]*?)```/.exec(page)?.[1] ?? "");
    expect(benchProtocolSchema.parse(example).startup?.systems).toHaveLength(5);
  });

  it("of the whole benchmark is one, and survives being completed and written down", () => {
    const protocol: BenchProtocol = wholeProtocol();
    expect(benchProtocolSchema.parse(JSON.parse(JSON.stringify(protocol)))).toEqual(protocol);
  });

  it.each([
    [{ systems: [] }, "startup.systems"],
    [{ systems: [{ name: "process" }], runs: 0 }, "startup.runs"],
    [{ systems: [{ name: "../process" }], runs: 1 }, "startup.systems[0].name"],
    [{ systems: [{ name: "process" }], runs: 1, loops: 3 }, "loops"],
  ])("that is none is refused by name: %j", (startup, where) => {
    const refused = () => readProtocol(protocolFile(startup));
    expect(refused).toThrow(where);
    expect(refused).toThrow(RingsideError);
  });

  it.each([
    [{ systems: [{ name: "jail" }] }, "there is no system jail"],
    [{ systems: [{ name: "process" }], baseline: "crun" }, "crun is not among"],
    [{ systems: [{ name: "process" }, { name: "process", system: "crun" }] }, "process is twice among"],
  ])("that names what there is not is refused before anything is measured: %j", async (startup, what) => {
    const parsed = benchProtocolSchema.parse({
      schema: "ringside.bench-protocol/1",
      startup: { runs: 1, ...startup },
    });
    const steps: unknown[] = [];
    const options = { signal: new AbortController().signal, progress: (step: unknown) => void steps.push(step) };
    await expect(runProtocol(parsed, options)).rejects.toThrow(what);
    expect(steps).toEqual([]);
  });
});

describe("ringside bench compare", () => {
  it("refuses what was not measured alike, and says what differs", async () => {
    const files = [1, 2].map((warmup) => {
      const file = join(root, `${warmup}.json`);
      writeFileSync(file, JSON.stringify(madeReport({ definition: { warmup } })));
      return file;
    });
    const { code, stderr } = await bench(["compare", ...files]);
    expect(code).toBe(125);
    expect(stderr).toContain("warm-up rounds: 1 in the first, 2 in the second");
  });
});

describe.skipIf(realContainers.missing)(realContainers.title("ringside bench run"), () => {
  it("measures what the protocol says, keeps it, and does it again from the report", { timeout: 60_000 }, async () => {
    const json = join(root, "report.json");
    const first = await bench(["run", protocolFile(PROTOCOL), "--json", json, "--csv", join(root, "report.csv")]);
    expect(first.stderr).toContain("at most: ");
    expect(first.code).toBe(0);
    const report = benchReportSchema.parse(JSON.parse(readFileSync(json, "utf8")));
    expect(report.systems.map(({ name, rounds }) => [name, rounds])).toEqual([
      ["process", [1, 2, 3, 4, 5, 6]],
      ["again", [1, 2, 3, 4, 5, 6]],
    ]);
    for (const { variants = [] } of report.systems) {
      expect(variants.map(({ workload, concurrency }) => [workload, concurrency])).toEqual([["serve", 2]]);
      const [variant] = variants;
      expect(variant?.marks.ready?.samplesMs).toHaveLength(4);
      expect(variant?.inFlight.max).toBeLessThanOrEqual(2);
    }
    expect(report.comparisons?.map(({ system, baseline }) => `${system}/${baseline}`)).toContain("again/process");
    expect(report.protocol.definition?.startup?.systems).toEqual(PROTOCOL.systems);

    const again = await bench(["verify", json, "--level", "0.000001"]);
    expect(again.code).toBe(0);
    expect(again.stderr).toContain("Brunner–Munzel");
    const history: { reports: { id: number }[] } = JSON.parse((await bench(["history", "--json"])).stdout);
    expect(history.reports.map(({ id }) => id)).toEqual([2, 1]);
    const compared = await bench(["compare", "1", "2", "--json"]);
    expect(JSON.parse(compared.stdout)).toMatchObject({ schema: "ringside.bench-compare/1" });
    expect((await bench(["show", "1"])).stdout).toContain("process");
    expect(readdirSync(join(root, "bench"))).toEqual([]);
  });

  it("keeps what there is at Ctrl-C, labels it, and ends with 130", { timeout: 60_000 }, async () => {
    const json = join(root, "report.json");
    let asked = false;
    const { code } = await bench(
      ["run", protocolFile({ ...PROTOCOL, runs: 1_000_000 }), "--json", json],
      (said, interrupt) => {
        if (!asked && said.includes("starts of each")) interrupt();
        asked ||= said.includes("starts of each");
      },
    );
    expect(code).toBe(130);
    expect(benchReportSchema.parse(JSON.parse(readFileSync(json, "utf8"))).interrupted).toBe(true);
    expect(readdirSync(join(root, "bench"))).toEqual([]);
  });
});
