/** A condition in words, as reports, comparisons and the line of progress name it. */

import type { Circumstances } from "./rounds.ts";

/** `byte, warm, one at a time`. */
export function conditionText({ workload, cache, concurrency }: Circumstances): string {
  return [workload, cache, concurrency === 1 ? "one at a time" : `${concurrency} at once`].join(", ");
}
