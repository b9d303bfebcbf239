/**
 * Lets the cursor run while a figure plays: the only place where the browser's clock comes in.
 */

import type { FigureState } from "./figure-state.ts";

/** After a pause of the page (another tab) the cursor goes on from where it was. */
const LONGEST_FRAME_MS = 100;

export class Player {
  readonly #state: () => FigureState;
  #frame = 0;
  #last: number | undefined;

  constructor(state: () => FigureState) {
    this.#state = state;
  }

  /** Starts or stops with the figure. */
  follow(playing: boolean): void {
    if (playing && this.#last === undefined) {
      this.#last = performance.now();
      this.#frame = requestAnimationFrame(this.#tick);
    }
    if (!playing) this.stop();
  }

  stop(): void {
    cancelAnimationFrame(this.#frame);
    this.#last = undefined;
  }

  readonly #tick = (now: number): void => {
    if (this.#last === undefined) return;
    const elapsed = Math.min(Math.max(now - this.#last, 0), LONGEST_FRAME_MS);
    this.#last = now;
    this.#frame = requestAnimationFrame(this.#tick);
    this.#state().advance(elapsed);
  };
}
