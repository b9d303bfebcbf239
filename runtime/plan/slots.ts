/** Hands out the launcher's descriptor slots, so that no two concerns of a plan use the same one. */
import { SLOT_COUNT } from "../../native/plan/operations.ts";

export class Slots {
  #next: number;

  /** @param received how many slots the caller fills itself, with the descriptors that travel beside the plan */
  constructor(received: number) {
    this.#next = received;
  }

  /** @returns a slot that nobody else has; @throws RangeError when the launcher's table is full */
  take(): number {
    if (this.#next >= SLOT_COUNT)
      throw new RangeError(`a plan can use ${SLOT_COUNT} descriptor slots, and all are taken`);
    return this.#next++;
  }
}
