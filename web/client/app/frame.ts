/**
 * Work that is done once in the next frame, however often it is asked for until then (HTML, animation frames).
 */

export class FrameTask {
  readonly #work: () => void;
  #frame: number | undefined;

  constructor(work: () => void) {
    this.#work = work;
  }

  /** Asks for the work. A frame that is on its way is never put off, or what asks every frame would never be done. */
  ask(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      this.#work();
    });
  }

  cancel(): void {
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    this.#frame = undefined;
  }
}
