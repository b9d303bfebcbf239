/** A boot's stages as text: one line a span, with a bar on the boot's own axis. */
import type { Timeline } from "../../simulator/trace/timeline.ts";

const BAR_COLUMNS = 32;
const NS_PER_MS = 1e6;

/** What fills a bar, by depth below the waterline: on the surface, in the kernel, in the hypervisor. */
const MODE_MARKS = { user: "▔", problem: "▔", kernel: "▄", supervisor: "▄", hypervisor: "█" } as const;

/** @returns the lines, ended by where the figures come from */
export function bootBars(timeline: Timeline): string {
  const end = Math.max(1, ...timeline.spans.map((span) => span.end));
  const nameColumns = Math.max(0, ...timeline.spans.map(({ name }) => name.length));
  const lines = timeline.spans.map(({ name, stage, start, end: stop, mode }) => {
    const from = Math.floor((start / end) * BAR_COLUMNS);
    const to = Math.max(from + 1, Math.round((stop / end) * BAR_COLUMNS));
    const bar = `${" ".repeat(from)}${MODE_MARKS[mode].repeat(to - from)}`.padEnd(BAR_COLUMNS);
    return `  ${stage.padEnd(8)} ${bar} ${milliseconds(stop - start)}  ${mode.padEnd(6)}  ${name.padEnd(nameColumns)}`.trimEnd();
  });
  const marks = timeline.instants.map(({ name, at }) => `${name} ${(at / NS_PER_MS).toFixed(1)} ms`);
  const [track] = timeline.tracks;
  return [
    `${timeline.title}: ${track?.provenance.accelerator ?? ""}`,
    ...lines,
    `  ${marks.join(", ")}`,
    `  measured, once: ${track?.provenance.detail ?? ""}`,
    "",
  ].join("\n");
}

function milliseconds(ns: number): string {
  return `${(ns / NS_PER_MS).toFixed(1)} ms`.padStart(11);
}
