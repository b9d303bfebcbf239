/** How a report's figures came about, in words: the order, the conditions, the statistics, what differs between systems. */

import type { BenchReport } from "../schema.ts";
import { type Content, html, joined, type Markup, withCode } from "./markup.ts";
import { formatBytes, MARKS } from "./words.ts";

/**
 * The section on the method.
 */
export function methodSection(report: BenchReport): Markup {
  const { protocol, systems, density = [], overhead = [] } = report;
  const { concurrency, runs, warmup, seed } = protocol;
  const rows: readonly (readonly [string, Content])[] = [
    ["Each run starts", protocol.workload],
    ["Order", protocol.order],
    ["Rounds", `${runs} measured, after ${warmup} for warm-up; seed ${seed}`],
    ["Page cache", protocol.cache],
    [
      "At once",
      `one, but for the figures of several at once${concurrency === 1 ? "" : `, which are of up to ${concurrency}`}`,
    ],
    ["Between runs", protocol.settle],
    ...Object.values(MARKS).map(({ title, what }) => [title, what] as const),
  ];
  return html`<h2>Method</h2>
<dl>${rows.map(([name, words]) => html`<div><dt>${name}</dt><dd>${words}.</dd></div>`)}</dl>
<p>Percentiles are interpolated between neighbours (Hyndman and Fan, type 7). The 95 % interval of a median is that of a percentile bootstrap with
2000 resamples. No sample is left out, whatever its value, and there is no mean: start times are skewed and often have two humps. The raw samples are
in the JSON and the CSV of this report.</p>
${limits(report)}
${notesSection("What is compared", systems)}
${notesSection("What density compares", density)}
${notesSection("What overhead compares", overhead)}
${versionsOf([...systems, ...overhead])}
`;
}

function versionsOf(all: readonly { readonly name: string; readonly version: string }[]): Markup | undefined {
  const versions = new Map(all.map(({ name, version }) => [name, version]));
  if (versions.size === 0) return undefined;
  return html`<h3>Versions</h3><dl>${[...versions].map(([name, version]) => html`<div><dt>${name}</dt><dd>${version}</dd></div>`)}</dl>
`;
}

/**
 * The section on the machine.
 */
export function machineSection({ machine, startedAt }: BenchReport): Markup {
  const rows: readonly (readonly [string, Content])[] = [
    ["Kernel", machine.kernel],
    ["Processor", `${machine.cpu}, ${machine.cores} ${machine.cores === 1 ? "core" : "cores"}`],
    ["Memory", formatBytes(machine.memoryBytes)],
    ["Control groups", machine.cgroupMode],
    ...optionalRows(machine),
    ["Measured", startedAt.replace("T", " ").replace(/(\.\d+)?Z$/, " UTC")],
  ];
  return html`<h2>Machine</h2><dl>${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
`;
}

function* optionalRows(machine: BenchReport["machine"]): Generator<readonly [string, Content]> {
  const { virtualized, smt, governor, mitigations = {}, loadBefore } = machine;
  if (virtualized !== undefined)
    yield ["Is a guest itself", virtualized ? "yes: what runs on KVM here is nested" : "no"];
  if (smt !== undefined) yield ["Cores shared in pairs", smt === null ? "the kernel does not say" : smt ? "yes" : "no"];
  if (governor !== undefined) yield ["Frequency governor", governor ?? "none"];
  if (loadBefore !== undefined) yield ["Load in the minute before", loadBefore.toFixed(2)];
  const known = Object.entries(mitigations);
  if (known.length > 0) yield ["Mitigations", known.map(([name, state]) => html`${name}: ${state}<br>`)];
}

/**
 * The section on what could not be measured; undefined where everything was.
 */
export function missingSection({ unavailable }: BenchReport): Markup | undefined {
  if (unavailable.length === 0) return undefined;
  return html`<h2>Not measured</h2><dl class="missing">${unavailable.map(
    ({ name, reason, fix }) =>
      html`<div><dt>${name}</dt><dd>${withCode(reason)}<br><span class="fix">Fix: ${withCode(fix)}</span></dd></div>`,
  )}</dl>
`;
}

function limits({ limits: known }: BenchReport): Markup | undefined {
  if (known === undefined) return undefined;
  return html`<p>It said before it began that it would take at most ${Math.ceil(known.timeSeconds)} s, ${formatBytes(known.memoryBytes)} of memory and
${formatBytes(known.diskBytes)} of disk.</p>`;
}

/** A note that several share is said once, with their names. */
function notesSection(
  title: string,
  all: readonly { readonly name: string; readonly notes: readonly string[] }[],
): Markup | undefined {
  const namesOf = new Map<string, string[]>();
  for (const { name, notes } of all) {
    for (const note of notes) namesOf.set(note, [...(namesOf.get(note) ?? []), name]);
  }
  if (namesOf.size === 0) return undefined;
  const rows = [...namesOf].map(([note, names]) => {
    const who = joined(
      names.map((name) => html`<b>${name}</b>`),
      ", ",
    );
    return html`<li>${who}: ${withCode(note.replace(/\.+$/, ""))}.</li>`;
  });
  return html`<h3>${title}</h3><ul class="notes">${rows}</ul>
`;
}
