/**
 * When a device that has something to tell raises its interrupt: at once, or only after so many completions, or so long
 * after the first of them (ethtool(8), `--coalesce rx-frames, rx-usecs`; NVM Express Base Specification, "Interrupt
 * Coalescing"). A driver that looks for itself switches the interrupt off meanwhile (Linux's NAPI, virtio's
 * `VIRTQ_AVAIL_F_NO_INTERRUPT`), and loses nothing: what came while it was off is told when it is switched on.
 */
import type { Simulation } from "../engine/simulation.ts";
import { OneShotTimer } from "./timers.ts";

export interface ModerationOptions {
  /** An interrupt for so many completions; 1 tells each at once. */
  readonly completions: number;
  /** Or so long after the first that was not told yet; where it is 0, only the number counts. */
  readonly delayNs: number;
}

export const EVERY_COMPLETION: ModerationOptions = { completions: 1, delayNs: 0 };

export class InterruptModeration {
  readonly #simulation: Simulation;
  readonly #options: ModerationOptions;
  readonly #signal: () => void;
  readonly #timer: OneShotTimer;
  #untold = 0;
  #enabled = true;
  #signals = 0;

  /**
   * @param signal raises the interrupt
   * @throws RangeError where neither a number nor a time would ever let one completion be told
   */
  constructor(simulation: Simulation, options: ModerationOptions, signal: () => void) {
    const { completions, delayNs } = options;
    if (completions < 1 || (completions > 1 && delayNs < 1)) {
      throw new RangeError(
        `moderate interrupts: after ${completions} completions or ${delayNs} ns the last ones would never be told`,
      );
    }
    this.#simulation = simulation;
    this.#options = options;
    this.#signal = signal;
    this.#timer = new OneShotTimer(simulation, () => this.#tell());
  }

  /** Interrupts raised so far. */
  get signals(): number {
    return this.#signals;
  }

  get enabled(): boolean {
    return this.#enabled;
  }

  /** Something is there to be told. */
  completed(): void {
    this.#untold++;
    if (!this.#enabled) return;
    if (this.#untold >= this.#options.completions) this.#tell();
    else if (this.#timer.deadline === undefined) this.#timer.arm(this.#simulation.now + this.#options.delayNs);
  }

  /** The driver has taken everything there was: nothing is left to be told. */
  emptied(): void {
    this.#untold = 0;
    this.#timer.disarm();
  }

  disable(): void {
    this.#enabled = false;
    this.#timer.disarm();
  }

  enable(): void {
    if (this.#enabled) return;
    this.#enabled = true;
    if (this.#untold > 0) this.#tell();
  }

  #tell(): void {
    this.#untold = 0;
    this.#timer.disarm();
    this.#signals++;
    this.#signal();
  }
}
