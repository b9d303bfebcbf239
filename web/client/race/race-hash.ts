/**
 * The race in the address: everything that makes it look as it does, so that a link shows the same figure.
 *
 *     #seed=7&scale=linear&from=0&to=2000000&at=812000&step=3&container=both&knob.kernel=fast
 */

import type { World } from "../../../simulator/trace/timeline.ts";
import type { ScaleKind } from "../timeline/warp.ts";
import type { Shown } from "./lanes.ts";
import { WORLDS } from "./worlds.ts";

export interface RaceHash {
  readonly seed: number | undefined;
  readonly scale: ScaleKind;
  /** The window in ns; absent: the whole. */
  readonly window: { readonly from: number; readonly to: number } | undefined;
  readonly at: number | undefined;
  /** The position in the lane that counts steps. */
  readonly step: number | undefined;
  readonly shown: Readonly<Partial<Record<World, Shown>>>;
  readonly knobs: Readonly<Record<string, string>>;
}

const KNOB = "knob.";

/**
 * Reads the part of an address after `#`. What it does not know it leaves out.
 */
export function parseRaceHash(hash: string): RaceHash {
  const fields = new URLSearchParams(hash.replace(/^#/, ""));
  const from = natural(fields.get("from"));
  const to = natural(fields.get("to"));
  return {
    seed: natural(fields.get("seed")),
    scale: fields.get("scale") === "linear" ? "linear" : "log",
    window: from !== undefined && to !== undefined && to > from ? { from, to } : undefined,
    at: natural(fields.get("at")),
    step: natural(fields.get("step")),
    shown: Object.fromEntries(
      WORLDS.flatMap(({ world }) => {
        const shown = parseShown(fields.get(world));
        return shown === undefined ? [] : [[world, shown]];
      }),
    ),
    knobs: Object.fromEntries(
      [...fields].flatMap(([key, value]) => (key.startsWith(KNOB) ? [[key.slice(KNOB.length), value]] : [])),
    ),
  };
}

/**
 * The part of the address after `#`, without what is as always.
 */
export function formatRaceHash(state: RaceHash): string {
  const fields = new URLSearchParams();
  if (state.seed !== undefined) fields.set("seed", String(state.seed));
  if (state.scale !== "log") fields.set("scale", state.scale);
  if (state.window !== undefined) {
    fields.set("from", String(Math.round(state.window.from)));
    fields.set("to", String(Math.round(state.window.to)));
  }
  if (state.at !== undefined) fields.set("at", String(Math.round(state.at)));
  if (state.step !== undefined) fields.set("step", String(Math.floor(state.step)));
  for (const [world, shown] of Object.entries(state.shown)) fields.set(world, shown);
  for (const [name, value] of Object.entries(state.knobs)) fields.set(KNOB + name, value);
  return fields.toString();
}

function natural(text: string | null): number | undefined {
  if (text === null || !/^\d{1,15}$/.test(text)) return undefined;
  return Number(text);
}

function parseShown(text: string | null): Shown | undefined {
  return text === "simulated" || text === "measured" || text === "both" ? text : undefined;
}
