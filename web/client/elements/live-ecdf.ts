/**
 * `<live-ecdf>`: the distributions of several systems on one logarithmic axis, drawn again as samples come. uPlot draws
 * on a canvas, so that it keeps up; whoever does not see it has the table beside it.
 */

import { effect, type Signal } from "@preact/signals-core";
import { html, type PropertyValues, type TemplateResult } from "lit";
import type uPlot from "uplot";
import { RingsideElement } from "../app/element.ts";
import { FrameTask } from "../app/frame.ts";
import { theme } from "../app/theme.ts";
import { acceleratorWords, type Distribution, ecdfColumns, isEmulated, quantile } from "../benchmark/distributions.ts";
import { dashOf } from "../benchmark/line-style.ts";
import { formatTick } from "../timeline/format.ts";

const HEIGHT_PX = 340;
const NS_PER_MS = 1e6;
/** Between two drawings. */
const REST_MS = 500;
/** At which shares the names stand, one after the other, so that neighbours do not cover each other. */
const NAME_SHARES = [0.9, 0.72, 0.54, 0.36, 0.18];

export class LiveEcdf extends RingsideElement {
  static override properties = {
    distributions: { attribute: false },
    moment: { attribute: false },
    marked: { attribute: false },
  };

  declare distributions: readonly Distribution[];
  /** The moment that the pointer is at, in ms; told to others. */
  declare moment: Signal<number | undefined>;
  /** The system that stands out. */
  declare marked: string | undefined;

  #plot: uPlot | undefined;
  #names = "";
  #stopTheme: (() => void) | undefined;
  #lastDrawnMs = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #draw = new FrameTask(() => void this.#update());
  readonly #observer = new ResizeObserver(() => this.#resize());

  constructor() {
    super();
    this.distributions = [];
    this.marked = undefined;
  }

  override render(): TemplateResult {
    return html`<div class="plot" aria-hidden="true"></div>`;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#observer.observe(this);
    this.#stopTheme = effect(() => {
      // Colours are read when the plot is made.
      void theme.value;
      this.#names = "";
      this.#ask();
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#observer.disconnect();
    this.#stopTheme?.();
    clearTimeout(this.#timer);
    this.#plot?.destroy();
    this.#plot = undefined;
    this.#names = "";
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has("marked")) this.#lastDrawnMs = Number.NEGATIVE_INFINITY;
    this.#ask();
  }

  /** What draws takes time from what is measured on the same processors: samples that come together are drawn together. */
  #ask(): void {
    clearTimeout(this.#timer);
    const waitMs = this.#lastDrawnMs + REST_MS - performance.now();
    this.#timer = setTimeout(() => this.#draw.ask(), Math.max(0, waitMs));
  }

  #resize(): void {
    const width = this.clientWidth;
    if (width > 0) this.#plot?.setSize({ width, height: HEIGHT_PX });
  }

  async #update(): Promise<void> {
    const { default: Plot } = await import("uplot");
    const holder = this.querySelector<HTMLElement>(".plot");
    if (!this.isConnected || holder === null) return;
    this.#lastDrawnMs = performance.now();
    const { momentsMs, shares } = ecdfColumns(this.distributions);
    const data: uPlot.AlignedData = [[...momentsMs], ...shares.map((column) => [...column])];
    const names = `${this.distributions.map(({ name }) => name).join(" ")} ${this.marked ?? ""}`;
    if (this.#plot !== undefined && names === this.#names) {
      this.#plot.setData(data);
      return;
    }
    this.#plot?.destroy();
    this.#names = names;
    this.#plot = new Plot(this.#options(Plot), data, holder);
  }

  #options(Plot: typeof uPlot): uPlot.Options {
    const style = getComputedStyle(this);
    const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
    const stepped = Plot.paths.stepped?.({ align: 1 });
    const axis = {
      stroke: colour("muted"),
      font: `11px ${style.fontFamily}`,
      grid: { stroke: colour("grid"), width: 1 },
      ticks: { show: false },
    };
    return {
      width: Math.max(this.clientWidth, 200),
      height: HEIGHT_PX,
      legend: { show: false },
      cursor: { points: { show: false }, drag: { x: false, y: false } },
      scales: {
        x: { time: false, distr: 3, log: 10, range: (_, least, most) => [(least || 1) / 1.1, (most || 10) * 1.8] },
        y: { range: [0, 1.02] },
      },
      axes: [
        { ...axis, values: (_, splits) => splits.map((ms) => (ms === null ? "" : formatTick(ms * NS_PER_MS))) },
        {
          ...axis,
          size: 48,
          splits: [0, 0.25, 0.5, 0.75, 1],
          values: (_, splits) => splits.map((share) => `${share * 100} %`),
        },
      ],
      series: [
        {},
        ...this.distributions.map((one) => ({
          label: one.name,
          stroke: colour(one.world),
          width: one.name === this.marked ? 3 : 1.75,
          alpha: this.marked === undefined || one.name === this.marked ? 1 : 0.25,
          dash: [...dashOf(this.distributions, one)],
          points: { show: false },
          ...(stepped === undefined ? {} : { paths: stepped }),
        })),
      ],
      hooks: {
        draw: [(plot) => this.#drawNames(plot, colour)],
        setCursor: [(plot) => this.#point(plot)],
      },
    };
  }

  #point(plot: uPlot): void {
    const { left = -1 } = plot.cursor;
    this.moment.value = left < 0 ? undefined : plot.posToVal(left, "x");
  }

  /** Each name beside its curve. An emulated guest has it in its name. */
  #drawNames(plot: uPlot, colour: (name: string) => string): void {
    const { ctx } = plot;
    const ratio = devicePixelRatio;
    const order = this.distributions
      .map((one) => ({ one, p50: quantile(one.samplesMs, 0.5) ?? 0 }))
      .toSorted((one, other) => one.p50 - other.p50);
    ctx.save();
    ctx.font = `${12 * ratio}px ${getComputedStyle(this).fontFamily}`;
    ctx.textBaseline = "middle";
    ctx.textAlign = "left";
    ctx.lineJoin = "round";
    order.forEach(({ one }, index) => {
      if (this.marked !== undefined && this.marked !== one.name) return;
      const share = NAME_SHARES[index % NAME_SHARES.length] ?? 0.5;
      const at = quantile(one.samplesMs, share);
      if (at === undefined) return;
      const text = isEmulated(one.accelerator) ? `${one.name}, ${acceleratorWords(one.accelerator)}` : one.name;
      const width = ctx.measureText(text).width;
      const most = plot.bbox.left + plot.bbox.width - width;
      const x = Math.min(plot.valToPos(at, "x", true) + 8 * ratio, most);
      const y = plot.valToPos(share, "y", true);
      ctx.strokeStyle = colour("paper");
      ctx.lineWidth = 4 * ratio;
      ctx.strokeText(text, x, y);
      ctx.fillStyle = colour(one.world);
      ctx.fillText(text, x, y);
    });
    ctx.restore();
  }
}

customElements.define("live-ecdf", LiveEcdf);
