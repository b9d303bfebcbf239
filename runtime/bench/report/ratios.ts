/**
 * Ratios as dots with their intervals, on a logarithmic axis with a line at 1: starts against a baseline of the same
 * rounds, each operation of the overhead benchmark against the bare process of the same run, and cold against warm.
 */

import type { Comparison, OverheadReport, SystemReport } from "../schema.ts";
import { type Axis, logAxis } from "./axis.ts";
import { type Lane, type LaneGroup, laneFigure, place } from "./lanes.ts";
import { html, type Markup } from "./markup.ts";
import {
  acceleratorOf,
  formatMs,
  formatMsTick,
  formatQuantity,
  formatRatio,
  formatRatioTick,
  MARKS,
  quantityWords,
} from "./words.ts";

const LANE_PX = 32;
const MIDDLE_PX = LANE_PX / 2;

type Known = Pick<SystemReport, "name" | "world" | "accelerator">;

interface Interval {
  readonly value: number;
  readonly ci95: readonly [number, number];
}

/**
 * The ratios to each baseline; undefined where there are none.
 *
 * @param comparisons as the report has them
 * @param systems what the names mean
 */
export function comparisonFigure(comparisons: readonly Comparison[], systems: readonly Known[]): Markup | undefined {
  if (comparisons.length === 0) return undefined;
  const axis = ratioAxis(comparisons.map(({ ratio, ci95 }) => ({ value: ratio, ci95 })));
  const groups = Map.groupBy(comparisons, ({ baseline, mark }) => JSON.stringify([baseline, mark]));
  return laneFigure({
    title: "Against a baseline",
    caption: html`Ratio of the medians, with the 95 % interval of a bootstrap over whole rounds: what was started in the same round is
drawn together. Right of 1 is slower than the baseline. An interval that holds 1 shows no difference.`,
    axis,
    groups: [...groups.values()].map((rows) => ({
      title: `${MARKS[rows[0]?.mark ?? "firstByte"].title}, against ${rows[0]?.baseline}`,
      lanes: rows
        .toSorted((one, other) => one.ratio - other.ratio)
        .map(({ system, ratio, ci95 }) => {
          const known = systems.find(({ name }) => name === system);
          return ratioLane(
            known ?? { name: system, world: "process", accelerator: null },
            { value: ratio, ci95 },
            axis,
          );
        }),
    })),
  });
}

/**
 * The overhead benchmark, quantity by quantity; undefined where nothing was compared.
 */
export function overheadFigure(overhead: readonly OverheadReport[]): Markup | undefined {
  const ratios = overhead.flatMap(({ quantities }) => quantities.flatMap(({ ratio }) => ratio ?? []));
  if (ratios.length === 0) return undefined;
  const axis = ratioAxis(ratios);
  const names = [...new Set(overhead.flatMap(({ quantities }) => quantities.map(({ name }) => name)))];
  const groups = names.map((name): LaneGroup => {
    const rows = overhead.flatMap((world) => {
      const quantity = world.quantities.find((one) => one.name === name);
      return quantity?.ratio == null ? [] : [{ world, quantity, ratio: quantity.ratio }];
    });
    const bare = overhead.flatMap(({ quantities }) =>
      quantities.filter((one) => one.name === name && one.ratio === null),
    );
    const [process] = bare;
    const base = process === undefined ? "" : `; the process: ${formatQuantity(process.p50, process.unit)}`;
    return {
      title: html`${quantityWords(name)} <small>${rows[0]?.quantity.what}${base}</small>`,
      lanes: rows.map(({ world, quantity, ratio }) =>
        ratioLane(world, ratio, axis, formatQuantity(quantity.p50, quantity.unit)),
      ),
    };
  });
  return laneFigure({
    title: "Against the process",
    caption: html`Each operation as a ratio to the bare process of the same run, with its 95 % interval. Right of 1 is slower.`,
    axis,
    groups,
  });
}

/**
 * The first byte with an empty page cache against a full one; undefined where nobody emptied it.
 */
export function coldFigure(systems: readonly SystemReport[]): Markup | undefined {
  const rows = systems.flatMap((system) => {
    const cold = system.variants?.find(({ cache, concurrency, workload }) => {
      return cache === "cold" && concurrency === 1 && workload === "byte";
    })?.marks.firstByte;
    const warm = system.marks.firstByte;
    return cold === undefined || warm === undefined ? [] : [{ system, cold, warm }];
  });
  if (rows.length === 0) return undefined;
  const axis = logAxis(
    rows.flatMap(({ cold, warm }) => [cold.p50, warm.p50, ...cold.ci95, ...warm.ci95]),
    formatMsTick,
  );
  return laneFigure({
    title: "Page cache",
    caption: html`Median of the first byte: the full dot with a page cache as the warm-up left it, the empty one with the page cache
emptied before each start.`,
    axis,
    groups: [
      {
        title: "Warm and cold",
        lanes: rows
          .toSorted((one, other) => one.warm.p50 - other.warm.p50)
          .map(({ system, cold, warm }) => ({
            ...frame(system),
            value: html`<b>${formatMs(cold.p50)}</b> <small>cold</small>`,
            drawing: [
              line("range", axis.at(warm.p50), axis.at(cold.p50)),
              html`<circle class="dot" cx="${place(axis.at(warm.p50))}%" cy="${MIDDLE_PX}" r="4"/>`,
              html`<circle class="dot open" cx="${place(axis.at(cold.p50))}%" cy="${MIDDLE_PX}" r="4"/>`,
            ],
            spoken: `${system.name}: first byte after ${formatMs(warm.p50)} warm, ${formatMs(cold.p50)} cold`,
          })),
      },
    ],
  });
}

function ratioAxis(intervals: readonly Interval[]): Axis {
  return logAxis([1, ...intervals.flatMap(({ value, ci95 }) => [value, ...ci95])], formatRatioTick);
}

function ratioLane(system: Known, { value, ci95 }: Interval, axis: Axis, measured?: string): Lane {
  const [low, high] = ci95;
  return {
    ...frame(system),
    value: html`<b>${formatRatio(value)}</b> <small>${measured ?? `${formatRatio(low)} to ${formatRatio(high)}`}</small>`,
    drawing: [
      html`<line class="one" x1="${place(axis.at(1))}%" x2="${place(axis.at(1))}%" y2="100%"/>`,
      line("interval", axis.at(low), axis.at(high)),
      html`<circle class="dot" cx="${place(axis.at(value))}%" cy="${MIDDLE_PX}" r="4"/>`,
    ],
    spoken: `${system.name}: ${formatRatio(value)}, 95 % interval ${formatRatio(low)} to ${formatRatio(high)}`,
  };
}

function frame(system: Known): Pick<Lane, "name" | "detail" | "world" | "isEmulated" | "heightPx"> {
  const accelerator = acceleratorOf(system.accelerator);
  return {
    name: system.name,
    detail: accelerator?.words,
    world: system.world,
    isEmulated: accelerator?.isEmulated ?? false,
    heightPx: LANE_PX,
  };
}

function line(kind: string, from: number, to: number): Markup {
  return html`<line class="${kind}" x1="${place(from)}%" x2="${place(to)}%" y1="${MIDDLE_PX}" y2="${MIDDLE_PX}"/>`;
}
