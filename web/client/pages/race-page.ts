/**
 * `<race-page>`: the race. The figure is there at once, simulated and paused where it tells most; one button runs it for
 * real.
 */

import { effect, signal } from "@preact/signals-core";
import { html, nothing, type TemplateResult } from "lit";
import { RequestError } from "../api/request.ts";
import { RingsideElement } from "../app/element.ts";
import { isForWidget } from "../app/keys.ts";
import { sentence } from "../app/sentence.ts";
import "../elements/failure-notice.ts";
import "../elements/figure-controls.ts";
import "../elements/figure-table.ts";
import "../elements/fix-line.ts";
import "../elements/knob-panel.ts";
import "../elements/timeline-figure.ts";
import { type Shown, shownOf } from "../race/lanes.ts";
import { RaceState, type RealRun } from "../race/race-state.ts";
import { REAL_WORLDS, runForReal } from "../race/run-for-real.ts";
import { WORLDS } from "../race/worlds.ts";
import { pressKey } from "../timeline/keyboard.ts";
import { type Lane, lastMoment } from "../timeline/lane.ts";
import { changeScale } from "../timeline/scale-motion.ts";

const SHOWN: readonly Shown[] = ["simulated", "measured", "both"];

export class RacePage extends RingsideElement {
  readonly #race = new RaceState(location.hash);
  readonly #running = signal(false);
  readonly #failure = signal<RequestError | undefined>(undefined);
  readonly #asTable = signal(false);
  #abort = new AbortController();
  readonly #stops: (() => void)[] = [];

  override connectedCallback(): void {
    super.connectedCallback();
    this.#stops.push(
      this.#race.start(),
      effect(() => keepInAddress(this.#race.hash())),
    );
    document.addEventListener("keydown", this.#key);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("keydown", this.#key);
    this.#abort.abort();
    for (const stop of this.#stops.splice(0)) stop();
  }

  override render(): TemplateResult {
    const race = this.#race;
    const simulated = race.simulated.value;
    return html`
      <article class="race">
        <header class="race-head">
          <div>
            <h1>One program, four worlds</h1>
            <p class="lead">Start it, run its first instruction, write one byte, end. Time in the program’s own code stands above the
              line; time in the kernel lies below it, in the hypervisor deeper still.</p>
          </div>
          <div class="race-action">
            <button type="button" class="primary" @click=${this.#running.value ? this.#halt : this.#run}>
              ${this.#running.value ? "Stop" : "Run for real"}
            </button>
            <p>${this.#running.value ? "running on this machine…" : "starts a process, a container and a virtual machine on this machine"}</p>
          </div>
        </header>
        ${this.#renderFailure()}
        ${simulated.kind === "refused" ? html`<p class="notice" role="alert">${simulated.reason}</p>` : nothing}
        <figure-controls .state=${race.figure} .asTable=${this.#asTable}></figure-controls>
        <figure>
          <timeline-figure label="The race" .state=${race.figure} .laneHeader=${this.#laneHeader} .laneNote=${this.#laneNote}></timeline-figure>
          <figcaption>
            Depth is privilege: <b>U</b> user mode, <b>K</b> kernel, <b>H</b> hypervisor; on z/OS <b>P</b> problem state, <b>S</b> supervisor
            state. Where teeth are too fine to be drawn, the shade is their share of the time.
          </figcaption>
        </figure>
        ${this.#asTable.value ? html`<figure-table .lanes=${race.figure.lanes.value}></figure-table>` : nothing}
        <knob-panel .simulation=${race}></knob-panel>
      </article>
    `;
  }

  readonly #laneHeader = (lane: Lane): TemplateResult => {
    const race = this.#race;
    const measured = race.measured.value;
    const source = { simulated: undefined, measured, shown: race.shown.value };
    const end = lastMoment(lane.tracks);
    const timed = lane.tracks.some(({ track }) => track.unit === "ns");
    return html`
      <div class="lane-tools">
        ${timed ? html`<button type="button" class="link" @click=${() => race.figure.fitTo(0, end)}title="Show the time until it is gone, as wide as the screen">fit lane</button>` : nothing}
        ${
          measured[lane.world] === undefined
            ? nothing
            : html`<div class="choice" role="group" aria-label=${`What ${lane.title} shows`}>
                ${SHOWN.map((shown) => html`<button type="button" aria-pressed=${shownOf(source, lane.world) === shown} @click=${() => race.show(lane.world, shown)}>${shown}</button>`)}
              </div>`
        }
      </div>
    `;
  };

  readonly #laneNote = (lane: Lane): TemplateResult | typeof nothing => {
    const row = WORLDS.find(({ world }) => world === lane.world);
    if (row?.neverReal !== undefined) return html`<p class="lane-note">${row.neverReal}</p>`;
    const world = REAL_WORLDS.find((candidate) => candidate === lane.world);
    const run = world === undefined ? undefined : this.#race.runs.value[world];
    return run === undefined ? nothing : renderRun(run);
  };

  #renderFailure(): TemplateResult | typeof nothing {
    const failure = this.#failure.value;
    if (failure === undefined) return nothing;
    return html`<failure-notice .failure=${failure}></failure-notice><p class="hint">What you see below is simulated, and needs no server.</p>`;
  }

  readonly #run = async (): Promise<void> => {
    const abort = new AbortController();
    this.#abort = abort;
    this.#running.value = true;
    this.#failure.value = undefined;
    try {
      await runForReal(this.#race, abort.signal);
    } catch (error) {
      if (abort.signal.aborted) return;
      this.#failure.value =
        error instanceof RequestError ? error : new RequestError("refused", String(error), undefined);
    } finally {
      this.#running.value = false;
    }
  };

  readonly #halt = (): void => this.#abort.abort();

  readonly #key = (event: KeyboardEvent): void => {
    if (isForWidget(event)) return;
    const { figure } = this.#race;
    if (event.key.toLowerCase() === "l") changeScale(figure, figure.scale.value === "log" ? "linear" : "log");
    else if (!pressKey(figure, event.key, event.shiftKey)) return;
    event.preventDefault();
  };
}

function renderRun(run: RealRun): TemplateResult {
  if (run.kind === "running") return html`<p class="lane-note" role="status">${sentence(run.message)}</p>`;
  return html`
    <p class="lane-note" role="status">
      <b>Not run for real.</b> ${sentence(run.reason)} <fix-line .fix=${run.fix}></fix-line>
    </p>
  `;
}

/** The address follows the figure, without filling the history. */
function keepInAddress(hash: string): void {
  const wanted = hash === "" ? location.pathname + location.search : `#${hash}`;
  if (location.pathname === "/") history.replaceState(null, "", wanted);
}

customElements.define("race-page", RacePage);
