/**
 * What the model predicts beside what was published: every figure of the calibration (validation/starts.ts, crossings.ts,
 * memory.ts), the orders that hold on every machine (orders.ts) and what walks add (walks.ts), by running the model.
 */
import type { Basis, Check, FigureCheck, NamedValue, OrderCheck } from "./validation/check.ts";
import { CROSSING_CHECKS } from "./validation/crossings.ts";
import { MEMORY_CHECKS } from "./validation/memory.ts";
import { ORDER_CHECKS } from "./validation/orders.ts";
import { START_CHECKS } from "./validation/starts.ts";
import { WALK_CHECKS } from "./validation/walks.ts";

interface RowBase {
  readonly id: string;
  readonly predicted: number;
  readonly published: number;
  readonly unit: string;
  readonly ok: boolean;
  readonly source: string;
}

export interface FigureRow extends RowBase {
  readonly kind: "figure";
  /** As a share of the published figure. */
  readonly tolerance: number;
  readonly basis: Basis;
}

/** `predicted` is the least that one of the values is of the one before it; it has to be more than `published`. */
export interface OrderRow extends RowBase {
  readonly kind: "order";
  readonly tolerance: 0;
  readonly claim: string;
  readonly values: readonly NamedValue[];
}

export type ValidationRow = FigureRow | OrderRow;

export const CHECKS: readonly Check[] = [
  ...START_CHECKS,
  ...CROSSING_CHECKS,
  ...MEMORY_CHECKS,
  ...ORDER_CHECKS,
  ...WALK_CHECKS,
];

const DIGITS = 1_000_000;

/** @returns every published figure and order with the model's prediction of it */
export function validate(): ValidationRow[] {
  return CHECKS.map((check) => (check.kind === "figure" ? figureRow(check) : orderRow(check)));
}

function figureRow({ predict, ...check }: FigureCheck): FigureRow {
  const predicted = rounded(predict());
  const ok = Math.abs(predicted - check.published) <= check.tolerance * check.published;
  return { ...check, predicted, ok };
}

function orderRow({ predict, least, ...check }: OrderCheck): OrderRow {
  const values = predict().map(({ name, value }) => ({ name, value: rounded(value) }));
  const ratios = values.slice(1).map(({ value }, index) => value / (values[index]?.value ?? Number.NaN));
  const predicted = rounded(Math.min(...ratios));
  return { ...check, predicted, published: least, unit: "times", tolerance: 0, ok: predicted > least, values };
}

function rounded(value: number): number {
  return Math.round(value * DIGITS) / DIGITS;
}

/** @returns the rows as `ringside.validate/1`, with a newline at its end. */
export function validationJson(rows: readonly ValidationRow[]): string {
  return `${JSON.stringify({ schema: "ringside.validate/1", rows }, null, 2)}\n`;
}
