/** What a demonstrated crash has shown: as words, as `ringside.crash/1`, and as a timeline. */
import type { Instant, Span, Timeline, Track } from "../../../simulator/trace/timeline.ts";
import type { Actor } from "./actor.ts";
import type { Crash } from "./demonstration.ts";

const NS_PER_MS = 1e6;

interface Fate {
  readonly id: string;
  readonly title: string;
  readonly kernel: string;
  readonly isInside: boolean;
  readonly valuesBefore: number;
  /** That arrived after the machine had gone. */
  readonly valuesAfter: number;
  readonly isContinuous: boolean;
  readonly lastMs: number;
}

function fateOf({ facts, lines, isContinuous }: Actor, { askedNs, goneNs }: Crash): Fate {
  const { id, title, kernel, isInside } = facts;
  return {
    id,
    title,
    kernel,
    isInside,
    valuesBefore: lines.filter(({ hostNs }) => hostNs <= askedNs).length,
    valuesAfter: lines.filter(({ hostNs }) => hostNs > goneNs).length,
    isContinuous,
    lastMs: ((lines.at(-1)?.hostNs ?? askedNs) - askedNs) / NS_PER_MS,
  };
}

/** Whether it came as it must: those inside are gone, the others go on and have missed nothing. */
export function isAsExpected(crash: Crash): boolean {
  return crash.actors
    .map((actor) => fateOf(actor, crash))
    .every(
      ({ isInside, valuesAfter, isContinuous }) => isContinuous && (isInside ? valuesAfter === 0 : valuesAfter > 0),
    );
}

/** @returns `ringside.crash/1` */
export function crashJson(crash: Crash): string {
  const document = {
    schema: "ringside.crash/1",
    accelerator: crash.accelerator,
    lastWords: crash.lastWords,
    goneMs: (crash.goneNs - crash.askedNs) / NS_PER_MS,
    actors: crash.actors.map((actor) => fateOf(actor, crash)),
    asExpected: isAsExpected(crash),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** The words for people, ending in a newline. */
export function crashText(crash: Crash): string {
  const fates = crash.actors.map((actor) => fateOf(actor, crash));
  const width = Math.max(...fates.map(({ title }) => title.length));
  const rows = fates.map(
    ({ title, kernel, valuesBefore, valuesAfter, isContinuous }) =>
      `  ${title.padEnd(width)}  ${String(valuesBefore).padStart(5)} values, then ${valuesAfter === 0 ? "none" : `${valuesAfter} more, ${isContinuous ? "none missed" : "some missed"}`}  (kernel ${kernel})`,
  );
  const own = fates.find(({ isInside }) => isInside)?.kernel ?? "";
  return [
    `A kernel panicked, with two containers on it. Its last words: ${crash.lastWords === "" ? "none" : crash.lastWords}`,
    `Its machine was gone ${((crash.goneNs - crash.askedNs) / NS_PER_MS).toFixed(0)} ms later (${crash.accelerator}).`,
    "",
    ...rows,
    "",
    `The containers inside shared the kernel that panicked (${own}).`,
    "They went with it, as every container of this host would go with the host's kernel. Whoever had another kernel has not",
    "noticed: that is what a virtual machine isolates and a container does not.",
    "",
  ].join("\n");
}

/** @returns a track for each that counts, since the first was started */
export function crashTimeline(crash: Crash, date: string): Timeline {
  const { startedNs, askedNs, goneNs, endedNs, accelerator } = crash;
  const at = (ns: number): number => Math.max(0, Math.round(ns - startedNs));
  const tracks = crash.actors.map(({ facts, lines }): Track => {
    const detail = `kernel ${facts.kernel}; a value every 100 ms, by this host's clock on arrival`;
    const isEmulated = facts.world === "vm" || facts.isInside;
    const provenance = { kind: "measured" as const, detail, n: lines.length, date, ...(isEmulated && { accelerator }) };
    return { id: facts.id, name: facts.title, world: facts.world, unit: "ns", provenance };
  });
  const spans = crash.actors.flatMap(({ facts, lines }): Span[] => {
    const [first, last] = [lines[0], lines.at(-1)];
    if (first === undefined || last === undefined || last.hostNs <= first.hostNs) return [];
    const end = facts.isInside ? last.hostNs : endedNs;
    const args = { values: lines.length };
    return [
      { track: facts.id, name: "counts", start: at(first.hostNs), end: at(end), mode: "user", stage: "counts", args },
    ];
  });
  const instants = crash.actors
    .filter(({ facts }) => facts.isInside)
    .flatMap(({ facts }): Instant[] => [
      { track: facts.id, name: "its kernel panics", at: at(askedNs) },
      { track: facts.id, name: "its machine is gone", at: at(goneNs) },
    ]);
  return { title: "a kernel panics", tracks, spans, instants, counters: [] };
}
