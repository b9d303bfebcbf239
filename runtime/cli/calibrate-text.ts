/** What `ringside calibrate` prints for people: every quantity with its spread, what the kernel refused, where it is kept. */
import type { CostsDocument } from "../calibrate/document.ts";
import { tableText } from "./table.ts";

const NS_PER_US = 1000;

/** @param path where the profile is kept */
export function calibrationText(document: CostsDocument, path: string): string {
  const { name, measuredAt, machine, quantities, refused, costs } = document;
  const header = ["QUANTITY", "MEDIAN", "MIDDLE HALF", "N", "WHAT"];
  const rows = quantities.map(({ name: quantity, p50, p25, p75, n, what, accelerator }) => [
    quantity,
    time(p50),
    `${time(p25)} to ${time(p75)}`,
    String(n),
    accelerator === undefined ? what : `${what} [${accelerator}]`,
  ]);
  return [
    `${tableText([header, ...rows])}\n`,
    ...refused.map(({ name: quantity, why }) => `not measured: ${quantity}: ${why}\n`),
    `measured   ${measuredAt}, ${machine.kernel}, ${machine.cpu}, ${machine.cores} cores, control groups ${machine.cgroupMode}\n`,
    `profile    ${name}: ${costs.length} costs, kept in ${path}\n`,
    `use        ringside simulate startup-race --profile ${name}\n`,
  ].join("");
}

function time(ns: number): string {
  return ns >= NS_PER_US ? `${(ns / NS_PER_US).toFixed(1)} µs` : `${ns} ns`;
}
