/** Cutting whole numbers into whole numbers: how a burst is drawn in parts without losing a nanosecond. */

/** @returns `count` integers that differ by at most one and sum up to `total`, the larger ones first. */
export function evenPieces(total: number, count: number): number[] {
  const each = Math.floor(total / count);
  return Array.from({ length: count }, (_, index) => each + (index < total - each * count ? 1 : 0));
}

/** One of many visits, or a run of them drawn as one. */
export interface Tooth<Kind> {
  readonly kind: Kind;
  readonly count: number;
}

/**
 * Spreads visits of several kinds evenly over a stretch. Where exactly they lie within it is not known, so no chance is
 * put in: each kind is spaced evenly, and the kinds interleave.
 * @param kinds how many visits there are of each kind
 * @param limit at most about this many teeth; beyond it, a tooth stands for several visits
 * @returns the teeth in order; their counts sum up to the visits
 */
export function interleave<Kind>(kinds: readonly Tooth<Kind>[], limit: number): Tooth<Kind>[] {
  const total = kinds.reduce((sum, { count }) => sum + count, 0);
  const placed = kinds.flatMap(({ kind, count }, order) => {
    const teeth = Math.min(count, Math.max(1, Math.floor((count * Math.min(limit, total)) / total)));
    return teeth === 0
      ? []
      : evenPieces(count, teeth).map((part, index) => ({ kind, count: part, order, index, teeth }));
  });
  // Positions (2i + 1) / 2n are compared as fractions, multiplied out: no rounding, so no machine orders them otherwise.
  placed.sort(
    (left, right) =>
      (2 * left.index + 1) * right.teeth - (2 * right.index + 1) * left.teeth || left.order - right.order,
  );
  return placed.map(({ kind, count }) => ({ kind, count }));
}
