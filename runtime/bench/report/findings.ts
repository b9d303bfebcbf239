/**
 * What a report found, in a few sentences, for those who read nothing else. A sentence about a guest that no hardware ran
 * says so itself.
 */

import type { BenchReport, SystemReport } from "../schema.ts";
import { isLine } from "./fit.ts";
import { type Content, html } from "./markup.ts";
import { acceleratorOf, formatBytes, formatMs, formatRatio } from "./words.ts";

interface Median {
  readonly system: SystemReport;
  readonly p50: number;
}

/**
 * The sentences, most important first; none where nothing was measured.
 */
export function findingsOf(report: BenchReport): Content[] {
  const medians = report.systems.flatMap((system): Median[] => {
    const p50 = system.marks.firstByte?.p50;
    return p50 === undefined ? [] : [{ system, p50 }];
  });
  const sorted = medians.toSorted((one, other) => one.p50 - other.p50);
  const process = sorted.find(({ system }) => system.world === "process");
  const isEmulated = ({ system }: Median): boolean => acceleratorOf(system.accelerator)?.isEmulated ?? false;
  const containers = sorted.filter(({ system }) => system.world === "container");
  const guests = sorted.filter(({ system }) => system.world === "vm");
  return [
    process === undefined
      ? []
      : [html`A process writes its first byte <b>${formatMs(process.p50)}</b> after it was asked for (median).`],
    range("Containers", containers, process),
    range(
      "Virtual machines on this machine’s hardware",
      guests.filter((guest) => !isEmulated(guest)),
      process,
    ),
    range("Virtual machines under software emulation", guests.filter(isEmulated), process, true),
    densitySentence(report),
  ].flat();
}

function range(what: string, sorted: readonly Median[], process: Median | undefined, emulated = false): Content[] {
  const [first] = sorted;
  const last = sorted.at(-1);
  if (first === undefined || last === undefined) return [];
  const times = (p50: number): string =>
    process === undefined || process.p50 === 0 ? "" : `, ${formatRatio(p50 / process.p50)} the process`;
  const ends =
    first === last
      ? html`<b>${formatMs(first.p50)}</b> (${first.system.name}${times(first.p50)})`
      : html`<b>${formatMs(first.p50)}</b> (${first.system.name}${times(first.p50)}) to <b>${formatMs(last.p50)}</b> (${last.system.name}${times(last.p50)})`;
  const caution = emulated
    ? " No hardware ran their instructions, so this says nothing of virtual machines with KVM; the published figures beside them are of such."
    : "";
  return [html`${what}: ${ends}.${caution}`];
}

function densitySentence({ density = [] }: BenchReport): Content[] {
  const slopes = density.flatMap(({ name, lines: { pss } }) =>
    !isLine(pss) ? [] : [html`${name} <b>${formatBytes(pss.slopeBytes)}</b>`],
  );
  if (slopes.length === 0) return [];
  return [html`One more idle instance takes (PSS): ${slopes.map((slope, index) => [index === 0 ? "" : ", ", slope])}.`];
}
