/**
 * `<strip-readout>`: what a strip was doing at the cursor, in two lines that are always there, so that nothing jumps.
 * Without a cursor it says what the strip comes to.
 */

import { html, type TemplateResult } from "lit";
import type { Crossings } from "../../../simulator/trace/crossings.ts";
import type { TimeUnit } from "../../../simulator/trace/timeline.ts";
import { RingsideElement } from "../app/element.ts";
import { argumentWords } from "../timeline/arguments.ts";
import type { FigureState } from "../timeline/figure-state.ts";
import { formatLength, formatPosition, formatShare, formatTimes } from "../timeline/format.ts";
import { type Readout, readoutAt } from "../timeline/readout.ts";
import { soFarWords } from "../timeline/so-far.ts";
import { summarize } from "../timeline/summary.ts";
import { LETTER_OF_MODE, type TrackIndex, WORDS_OF_MODE } from "../timeline/track-index.ts";

export class StripReadout extends RingsideElement {
  static override properties = { index: { attribute: false }, state: { attribute: false } };

  declare index: TrackIndex;
  declare state: FigureState;

  override render(): TemplateResult {
    const shown = this.index.track.unit === "ns" ? this.state.shownTime.value : this.state.shownStep.value;
    return shown === undefined
      ? summaryLines(this.index)
      : momentLines(this.index, readoutAt(this.index, shown), shown);
  }
}

function summaryLines(index: TrackIndex): TemplateResult {
  const { modes, crossings } = summarize(index);
  const { unit } = index.track;
  const shares = modes.map(
    ({ mode, share, total }) =>
      html`<span class="share">${formatShare(share)} ${WORDS_OF_MODE[mode]} (${formatLength(total, unit)})</span>`,
  );
  return html`
    <p class="what">${shares}</p>
    <p class="why">${crossingWords(unit, crossings)}</p>
  `;
}

function crossingWords(unit: TimeUnit, { intoKernel, intoHypervisor }: Crossings): string {
  const below = unit === "ns" ? "the kernel" : "supervisor state";
  const words = `goes down into ${below} ${formatTimes(intoKernel)}`;
  return intoHypervisor === 0 ? words : `${words}, into the hypervisor ${formatTimes(intoHypervisor)}`;
}

function momentLines(index: TrackIndex, readout: Readout, at: number): TemplateResult {
  const { unit } = index.track;
  switch (readout.kind) {
    case "before":
      return quiet(`Not started yet: ${formatLength(readout.wait, unit)} to go`);
    case "after":
      return quiet(readout.ago > 0 ? `Gone, ${formatLength(readout.ago, unit)} ago` : "Gone", soFarWords(index, at));
    case "idle":
      return quiet(`Nothing recorded for ${formatLength(readout.until - readout.since, unit)}`, soFarWords(index, at));
    case "in": {
      const { span } = readout;
      return html`
        <p class="what">
          <span class="letter depth-${LETTER_OF_MODE[span.mode]}" title=${WORDS_OF_MODE[span.mode]}>${LETTER_OF_MODE[span.mode]}</span>
          <b>${span.name}</b>
          <span class="detail">${span.stage} stage, ${WORDS_OF_MODE[span.mode]}</span>
          <span class="figure">${extent(span, unit, at)}</span>
        </p>
        <p class="why">${[argumentWords(span.args), soFarWords(index, at)].filter((part) => part !== "").join("  ·  ")}</p>
      `;
    }
  }
}

function extent(span: { start: number; end: number }, unit: TrackIndex["track"]["unit"], at: number): string {
  if (unit === "step")
    return span.end - span.start === 1
      ? formatPosition(at, unit)
      : `${formatPosition(at, unit)}, one of ${formatLength(span.end - span.start, unit)}`;
  return `${formatLength(span.end - span.start, unit)} from ${formatPosition(span.start, unit)}`;
}

function quiet(what: string, why = ""): TemplateResult {
  return html`<p class="what quiet">${what}</p><p class="why">${why}</p>`;
}

customElements.define("strip-readout", StripReadout);
