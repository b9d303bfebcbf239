/**
 * Only one thing is measured at a time: a race and a benchmark, or two of a kind, would slow each other down, and neither's
 * times would be true.
 */

import { HttpProblem } from "./problem.ts";

export class Measuring {
  #what: string | undefined;

  /**
   * Takes the machine for a measurement.
   *
   * @param what `a race`, `a benchmark`
   * @returns gives it back; harmless when repeated
   * @throws HttpProblem 429 while another measurement has it
   */
  begin(what: string): () => void {
    if (this.#what !== undefined)
      throw new HttpProblem(429, `${this.#what} is running already`, "wait until it has ended");
    this.#what = what;
    let isMine = true;
    return () => {
      if (isMine) this.#what = undefined;
      isMine = false;
    };
  }
}
