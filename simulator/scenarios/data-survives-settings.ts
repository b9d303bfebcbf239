/** How data come to their end: the words that both halves of the scenario share. */
export const ENDS = ["removed", "stopped", "power failure"] as const;
export type End = (typeof ENDS)[number];

export interface DataSettings {
  readonly end: End;
  readonly fsync: boolean;
  readonly imageFileBytes: number;
}

/** @returns the name of the instant that says what became of a place. */
export function verdictOf(place: string, survives: boolean): string {
  return `${survives ? "kept" : "lost"}: ${place}`;
}
