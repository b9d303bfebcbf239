/** The stages of a boot are told by four clocks, which agree as well as clocks do: what is drawn of them always fits. */
import { describe, expect, test } from "vitest";
import { type BootFacts, bootTimeline } from "../../runtime/vm/boot-timeline.ts";
import { MilestoneReader } from "../../runtime/vm/milestones.ts";
import { MARKS } from "../../simulator/trace/timeline.ts";
import { chance } from "../support/chance.ts";

const MS = 1e6;
const BOOT = 10_000 * MS;

const FACTS: BootFacts = {
  title: "a machine",
  vmm: "QEMU",
  vmmVersion: "7.2",
  machine: "q35",
  accelerator: "tcg",
  kernelVersion: "6.12",
  date: "2026-01-01T00:00:00.000Z",
  requestedNs: BOOT,
  forkedNs: BOOT + MS,
  monitorNs: BOOT + 2 * MS,
  processorStartNs: BOOT + 30 * MS,
  handOverNs: BOOT + 40 * MS,
  firstByteNs: BOOT + 160 * MS,
  goneNs: BOOT + 210 * MS,
  milestones: told([
    "init 100",
    "ready 110",
    "exec 120",
    "exited 150 0",
    "tie 160 60",
    "log 10 Linux version 6",
    "bye 170",
  ]),
};

/** A guest whose clock began 30 ms after the request; each line arrives at once. `log` has a clock of its own. */
function told(lines: readonly string[]): MilestoneReader {
  const reader = new MilestoneReader("n");
  for (const line of lines) {
    const [kind = "", at = "", ...rest] = line.split(" ");
    const detail = kind === "tie" ? [String(Number(rest[0]) * MS)] : rest;
    const text = ["n", kind, Math.round(Number(at) * MS), ...detail].join(" ");
    reader.read(Buffer.from(`${text}\n`), BOOT + 30 * MS + Number(at) * MS);
  }
  return reader;
}

describe("the stages of a boot", () => {
  test("are each where their own clock told, brought to the host's", () => {
    const { spans, instants } = bootTimeline(FACTS);
    const ends = Object.fromEntries(spans.map(({ name, end }) => [name, end / MS]));
    expect(ends).toMatchObject({
      "fork, execve of QEMU": 2,
      "firmware: finds and copies the kernel": 40,
      // 10 ms on the log's clock, which is 100 ms behind the guest's, which is 30 ms behind the request.
      "guest kernel: unpacks itself, starts its clock": 140,
      "the program": 180,
      "QEMU ends": 210,
    });
    expect(instants.map(({ name, at }) => [name, at / MS])).toEqual([
      [MARKS.firstInstruction, 150],
      [MARKS.firstByte, 160],
      [MARKS.gone, 210],
    ]);
    expect(new Set(spans.map(({ args }) => args?.clock)).size).toBe(4);
  });

  test("follow one another without a gap or an overlap, and are the whole, however wrong a clock goes", () => {
    const random = chance();
    const kinds = ["init", "ready", "exec", "exited", "tie", "bye", "log"];
    const stamp = () => (random.integer(0, 3) === 0 ? undefined : BOOT + random.integer(-20, 400) * MS);
    for (let round = 0; round < 300; round++) {
      const lines = kinds
        .filter(() => random.integer(0, 4) > 0)
        .map(
          (kind) => `${kind} ${random.integer(0, 400)} ${kind === "log" ? "smp: Brought up" : random.integer(0, 300)}`,
        );
      const goneNs = BOOT + random.integer(1, 300) * MS;
      const facts = { ...FACTS, processorStartNs: stamp(), handOverNs: stamp(), firstByteNs: stamp(), goneNs };
      const { spans, instants } = bootTimeline({ ...facts, milestones: told(lines) });
      expect(spans[0]?.start).toBe(0);
      for (const [index, { start, end }] of spans.entries()) {
        expect(end).toBeGreaterThan(start);
        if (index > 0) expect(start).toBe(spans[index - 1]?.end);
      }
      expect(spans.at(-1)?.end).toBe(goneNs - BOOT);
      expect(spans.reduce((sum, { start, end }) => sum + end - start, 0)).toBe(goneNs - BOOT);
      const first = instants.find(({ name }) => name === MARKS.firstInstruction);
      if (first !== undefined) expect(first.at).toBeLessThanOrEqual(goneNs - BOOT);
    }
  });
});
