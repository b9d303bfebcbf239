/** What is measured beside single starts: a figure, or why there is none. */

import { RingsideError } from "../../error.ts";
import { type Reason, Unusable } from "../system.ts";
import type { Figure } from "./schema.ts";

export type Quantity = { readonly kind: "figure"; readonly figure: Figure } | ({ readonly kind: "none" } & Reason);

/**
 * Measures; what goes wrong becomes the reason why there is no figure.
 *
 * @param measure throws Unusable or RingsideError with a fix of its own
 */
export async function quantity(measure: () => Promise<Figure>): Promise<Quantity> {
  try {
    return { kind: "figure", figure: await measure() };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const known = error instanceof Unusable || error instanceof RingsideError ? error.fix : undefined;
    return { kind: "none", reason, fix: known ?? "ringside doctor" };
  }
}
