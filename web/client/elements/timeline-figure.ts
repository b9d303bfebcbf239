/**
 * `<timeline-figure>`: lanes of waterlines under one axis, with one cursor through all of them. Lit makes the skeleton;
 * inside each `<svg>` only the drawing functions of timeline/ write.
 */

import { effect } from "@preact/signals-core";
import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { RingsideElement } from "../app/element.ts";
import { FrameTask } from "../app/frame.ts";
import { AXIS_HEIGHT_PX, drawAxis } from "../timeline/draw-axis.ts";
import { drawStrip } from "../timeline/draw-strip.ts";
import { FigureState } from "../timeline/figure-state.ts";
import { formatCount, formatNs, formatShare } from "../timeline/format.ts";
import { MARGIN, stripGeometry } from "../timeline/geometry.ts";
import { countsSteps, type Lane } from "../timeline/lane.ts";
import { moveOverlays } from "../timeline/overlays.ts";
import { Player } from "../timeline/player.ts";
import { PointerControl } from "../timeline/pointer.ts";
import { provenanceParts } from "../timeline/provenance.ts";
import { spokenMoment } from "../timeline/spoken.ts";
import { marksOf, summarize } from "../timeline/summary.ts";
import { axisTicks } from "../timeline/ticks.ts";
import { type TrackIndex, WORDS_OF_MODE } from "../timeline/track-index.ts";
import { stepWindow, timeWindow } from "../timeline/windows.ts";
import "./strip-readout.ts";

const LABEL_WIDTH_PX = 68;
let figures = 0;

export class TimelineFigure extends RingsideElement {
  static override properties = {
    state: { attribute: false },
    laneHeader: { attribute: false },
    laneNote: { attribute: false },
    label: {},
  };

  declare state: FigureState;
  /** What stands beside a lane's first strip, under its title. */
  declare laneHeader: ((lane: Lane) => TemplateResult | typeof nothing) | undefined;
  /** What stands below a lane's strips, or in their place where it has none. */
  declare laneNote: ((lane: Lane) => TemplateResult | typeof nothing) | undefined;
  declare label: string;

  readonly #id = `figure-${++figures}`;
  #widthPx = 0;
  readonly #stops: (() => void)[] = [];
  readonly #drawing = new FrameTask(() => this.#draw());
  readonly #moving = new FrameTask(() => this.#move());
  readonly #resize = new ResizeObserver(() => this.#measure());
  readonly #player = new Player(() => this.state);
  readonly #pointer = new PointerControl(
    () => this.state,
    () => this.#widthPx,
  );

  constructor() {
    super();
    this.state = new FigureState();
    this.label = "Timeline";
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#resize.observe(this);
    this.#stops.push(
      effect(() => this.#watchDrawing()),
      effect(() => this.#watchCursor()),
    );
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resize.disconnect();
    for (const stop of this.#stops.splice(0)) stop();
    this.#player.stop();
    this.#drawing.cancel();
    this.#moving.cancel();
  }

  override render(): TemplateResult {
    const lanes = this.state.lanes.value;
    return html`
      <div class="lanes" role="group" aria-label=${this.label}>
        <div class="axis-row" ?data-idle=${lanes.length > 0 && lanes.every(countsSteps)}>
          <div class="head"></div>
          <div class="plot"><svg class="axis" data-axis="time" aria-hidden="true" height=${AXIS_HEIGHT_PX}></svg>
            <output class="cursor-time" aria-hidden="true"></output></div>
        </div>
        ${lanes.map((lane) => this.#renderLane(lane))}
      </div>
      <p class="visually-hidden" aria-live="polite">${this.#spoken()}</p>
    `;
  }

  protected override updated(changed: PropertyValues): void {
    super.updated(changed);
    this.#measure();
    this.#drawing.ask();
  }

  #renderLane(lane: Lane): TemplateResult {
    return html`
      <section class="lane" data-world=${lane.world} data-lane=${lane.id} aria-label=${lane.title}>
        ${lane.tracks.map((index, at) => this.#renderStrip(lane, index, at))}
        ${lane.tracks.length === 0 ? html`<div class="strip"><div class="head">${this.#renderTitle(lane)}</div><div class="plot"></div></div>` : nothing}
        ${this.laneNote?.(lane) ?? nothing}
      </section>
    `;
  }

  #renderTitle(lane: Lane): TemplateResult {
    return html`
      <h2>${lane.title}</h2>
      <p class="subtitle">${lane.subtitle}</p>
      ${this.laneHeader?.(lane) ?? nothing}
    `;
  }

  #renderStrip(lane: Lane, index: TrackIndex, at: number): TemplateResult {
    const name = stripName(lane, index);
    const [kind = "", ...details] = provenanceParts(index.track.provenance);
    return html`
      <div class="strip" data-unit=${index.track.unit}>
        <div class="head">
          ${at === 0 ? this.#renderTitle(lane) : nothing}
          ${name === "" ? nothing : html`<p class="track-name">${name}</p>`}
        </div>
        <div class="plot" @pointermove=${this.#pointer.move} @pointerdown=${this.#pointer.down} @pointerup=${this.#pointer.up}
          @pointercancel=${this.#pointer.leave} @pointerleave=${this.#pointer.leave} @dblclick=${() => this.state.fit()} @wheel=${this.#pointer.wheel}>
          <svg class="waterline" role="img" data-strip=${`${lane.id}/${at}`} aria-label=${describe(lane, index)}></svg>
          ${index.track.unit === "step" ? html`<svg class="axis" data-axis="step" aria-hidden="true"></svg>` : nothing}
          <div class="veil" aria-hidden="true"></div>
          <div class="cursor-line" aria-hidden="true"></div>
          <div class="brush" aria-hidden="true" hidden></div>
        </div>
        <div class="under">
          <strip-readout .index=${index} .state=${this.state}></strip-readout>
          <p class="provenance"><b>${kind}</b> ${details.join(", ")}</p>
        </div>
      </div>
    `;
  }

  /** What a screen reader hears: only when the cursor stands still, or it would never stop talking. */
  #spoken(): string {
    const time = this.state.cursor.value;
    if (this.state.playing.value || time === undefined) return "";
    return spokenMoment(this.state.lanes.value, time);
  }

  /** What the drawing depends on is read here, so that a change of it draws again. */
  #watchDrawing(): void {
    this.state.view.value;
    this.state.warp.value;
    this.#drawing.ask();
  }

  /** The cursor moves far more often than the figure changes. */
  #watchCursor(): void {
    this.state.shownTime.value;
    this.state.shownStep.value;
    this.#player.follow(this.state.playing.value);
    this.#moving.ask();
  }

  #measure(): void {
    const plot = this.querySelector<HTMLElement>(".axis-row .plot");
    const widthPx = Math.max(0, (plot?.clientWidth ?? 0) - MARGIN.left - MARGIN.right);
    if (widthPx === this.#widthPx) return;
    this.#widthPx = widthPx;
    this.#drawing.ask();
  }

  #draw(): void {
    if (this.#widthPx <= 0 || !this.isConnected) return;
    const { state } = this;
    const window = timeWindow(state.warp.value, state.view.value, this.#widthPx);
    const ticks = axisTicks(window, window.project, LABEL_WIDTH_PX);
    for (const axis of this.querySelectorAll<SVGSVGElement>('svg[data-axis="time"]')) {
      drawAxis(axis, { ticks, widthPx: this.#widthPx, unit: "ns", side: "below" });
    }
    for (const lane of state.lanes.value) {
      for (const [at, index] of lane.tracks.entries()) this.#drawStrip(lane, index, at, window, ticks);
    }
    this.#move();
  }

  #move(): void {
    if (this.#widthPx <= 0 || !this.isConnected) return;
    const { state } = this;
    moveOverlays(this, state, timeWindow(state.warp.value, state.view.value, this.#widthPx), this.#widthPx);
  }

  #drawStrip(
    lane: Lane,
    index: TrackIndex,
    at: number,
    time: ReturnType<typeof timeWindow>,
    ticks: ReturnType<typeof axisTicks>,
  ): void {
    const svg = this.querySelector<SVGSVGElement>(`svg[data-strip="${lane.id}/${at}"]`);
    if (svg === null) return;
    const steps = index.track.unit === "step";
    const window = steps ? stepWindow(index, this.#widthPx) : time;
    const own = steps ? axisTicks(window, window.project, 40) : ticks;
    const marks = marksOf(index);
    const geometry = stripGeometry(marks.length, index.maxDepth);
    drawStrip(svg, { index, marks, window, geometry, ticks: own, id: `${this.#id}-${lane.id}-${at}` });
    const axis = svg.parentElement?.querySelector<SVGSVGElement>('svg[data-axis="step"]');
    if (steps && axis != null) drawAxis(axis, { ticks: own, widthPx: this.#widthPx, unit: "step", side: "above" });
  }
}

/** What tells the strips of one lane apart: simulated or measured, else the track's own name. */
function stripName({ tracks }: Lane, { track }: TrackIndex): string {
  if (tracks.length === 1) return "";
  const alike = tracks.filter((other) => other.track.provenance.kind === track.provenance.kind);
  return alike.length === 1 ? track.provenance.kind : track.name;
}

/** The strip in words, for those who do not see it. */
function describe(lane: Lane, index: TrackIndex): string {
  const { modes, crossings } = summarize(index);
  const shares = modes.map(({ mode, share }) => `${formatShare(share)} ${WORDS_OF_MODE[mode]}`).join(", ");
  const marks = marksOf(index)
    .map(({ name, at }) => `${name} at ${countsSteps(lane) ? `step ${at + 1}` : formatNs(at)}`)
    .join(", ");
  return `${lane.title}, ${index.track.provenance.kind}: ${shares}; ${formatCount(crossings.intoKernel + crossings.intoHypervisor)} crossings${marks === "" ? "" : `; ${marks}`}`;
}

customElements.define("timeline-figure", TimelineFigure);
