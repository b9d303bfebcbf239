/**
 * The costs of one run: looked up by id, scaled by the run's spread, and remembered, so that a result can list exactly
 * the figures that it rests on.
 */
import type { Cost, CostProfile, CostUnit } from "./cost.ts";

const PERMILLE = 1000;

export class CostBook {
  readonly profile: CostProfile;
  readonly #byId: ReadonlyMap<string, Cost>;
  readonly #used: Map<string, Cost>;
  readonly #factorPermille: number;

  /**
   * @param profile the costs
   * @param factorPermille by how much this start is slower or faster than the sources' typical one; 1000 is exactly it
   * @param used where looked-up costs are noted; books of one run share it
   */
  constructor(profile: CostProfile, factorPermille = PERMILLE, used = new Map<string, Cost>()) {
    this.profile = profile;
    this.#byId = new Map(profile.costs.map((cost) => [cost.id, cost]));
    this.#factorPermille = factorPermille;
    this.#used = used;
  }

  /** @returns a book of the same costs with another spread; what it looks up is noted in this one too. */
  scaled(factorPermille: number): CostBook {
    return new CostBook(this.profile, factorPermille, this.#used);
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  /**
   * @returns the time of a cost in this start, an integer of at least 1 ns
   * @throws RangeError where the profile has no such cost or it is not a time
   */
  ns(id: string): number {
    return Math.max(1, Math.round((this.#find(id, "ns").value * this.#factorPermille) / PERMILLE));
  }

  /** @returns a cost that is a number of things, which no spread changes. */
  count(id: string): number {
    return this.#find(id, "count").value;
  }

  /** @returns a cost that is a share, in thousandths, which no spread changes. */
  permille(id: string): number {
    return this.#find(id, "permille").value;
  }

  /** @returns the cost as it is written, and notes that it was used. */
  cost(id: string): Cost {
    const cost = this.#byId.get(id);
    if (cost === undefined) {
      throw new RangeError(`look up the cost ${id}: the profile ${this.profile.name} has none`);
    }
    this.#used.set(id, cost);
    return cost;
  }

  /** @returns every cost that has been looked up, by id. */
  used(): Cost[] {
    return [...this.#used.values()].sort((left, right) => (left.id < right.id ? -1 : 1));
  }

  #find(id: string, unit: CostUnit): Cost {
    const cost = this.cost(id);
    if (cost.unit !== unit) throw new RangeError(`look up the cost ${id}: it is in ${cost.unit}, not in ${unit}`);
    return cost;
  }
}
