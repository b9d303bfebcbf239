/**
 * Where the time of a start goes: one bar for each system, divided into its stages by their medians. Starts lie decades
 * apart, so each bar is as wide as its own whole, which stands behind it: shares are compared, not lengths.
 */

import type { SystemReport } from "../schema.ts";
import { linearAxis } from "./axis.ts";
import { type Lane, laneFigure, place } from "./lanes.ts";
import { html, type Markup } from "./markup.ts";
import { acceleratorOf, formatMs, WORLDS } from "./words.ts";

const BAR_PX = 26;
/** Narrower than this no letter fits. */
const LETTER_PERCENT = 3;
const SHADES = [0.85, 0.5, 0.7, 0.35, 0.6, 0.25];

/**
 * The figure; undefined where no system tells its stages apart.
 */
export function stageFigure(systems: readonly SystemReport[]): Markup | undefined {
  const staged = systems.filter(({ stages }) => stages !== undefined && stages.length > 0);
  if (staged.length === 0) return undefined;
  return laneFigure({
    title: "Stages",
    caption: html`Medians of each stage, in their order. Every bar is as wide as its own start, whose length stands behind it.`,
    axis: linearAxis(100, (share) => `${share}\u202f%`),
    groups: WORLDS.map(({ world, title }) => ({
      title,
      lanes: staged.filter((system) => system.world === world).map(stageLane),
    })),
  });
}

function stageLane(system: SystemReport): Lane {
  const stages = system.stages ?? [];
  const accelerator = acceleratorOf(system.accelerator);
  const wholeMs = stages.reduce((sum, { p50 }) => sum + p50, 0);
  let atMs = 0;
  const bars = stages.map(({ p50 }, index) => {
    const from = wholeMs > 0 ? (atMs / wholeMs) * 100 : 0;
    const width = wholeMs > 0 ? (p50 / wholeMs) * 100 : 0;
    atMs += p50;
    const shade = SHADES[index % SHADES.length] ?? 1;
    return [
      html`<rect class="stage" x="${place(from)}%" width="${place(width)}%" y="2" height="${BAR_PX - 4}" fill-opacity="${shade}"/>`,
      width < LETTER_PERCENT
        ? undefined
        : html`<text class="letter${shade > 0.55 ? " on" : ""}" x="${place(from + width / 2)}%" y="${BAR_PX / 2 + 4}">${letterOf(index)}</text>`,
    ];
  });
  return {
    name: system.name,
    detail: accelerator?.words,
    value: html`<b>${formatMs(wholeMs)}</b>`,
    below: html`${stages.map(({ name, p50 }, index) => html`<span><b>${letterOf(index)}</b> ${name} ${formatMs(p50)}</span> `)}`,
    world: system.world,
    isEmulated: accelerator?.isEmulated ?? false,
    drawing: bars,
    heightPx: BAR_PX,
    spoken: `${system.name}: ${stages.map(({ name, p50 }) => `${name} ${formatMs(p50)}`).join(", ")}`,
  };
}

/** a, b, … z, then numbers. */
function letterOf(index: number): string {
  return index < 26 ? String.fromCharCode(97 + index) : String(index + 1);
}
