/**
 * A station of servers behind one queue, first come, first served: G/G/c in Kendall's notation. It knows nothing about
 * computers: with Poisson arrivals its waiting times are known exactly (theory.ts), so it is what the engine is checked and
 * timed with.
 */
import { PRIORITIES } from "../engine/priorities.ts";
import type { Simulation } from "../engine/simulation.ts";

export interface StationOptions {
  readonly simulation: Simulation;
  readonly servers: number;
  /** How long the next service takes; asked when it begins. */
  readonly service: () => number;
  /** A service has ended. */
  readonly served?: (server: number, arrivedAt: number, beganAt: number, endedAt: number) => void;
}

export class Station {
  readonly #options: StationOptions;
  readonly #simulation: Simulation;
  /** When those in the queue arrived: a ring. */
  #arrivals = new Float64Array(64);
  #first = 0;
  #waiting = 0;
  readonly #free: number[];
  readonly #arrivedAt: Float64Array;
  readonly #beganAt: Float64Array;

  constructor(options: StationOptions) {
    this.#options = options;
    this.#simulation = options.simulation;
    this.#free = Array.from({ length: options.servers }, (_, server) => options.servers - 1 - server);
    this.#arrivedAt = new Float64Array(options.servers);
    this.#beganAt = new Float64Array(options.servers);
  }

  /** Customers in the queue and in service. */
  get inSystem(): number {
    return this.#waiting + this.#options.servers - this.#free.length;
  }

  /** A customer comes. */
  arrive(): void {
    const { now } = this.#simulation;
    const server = this.#free.pop();
    if (server === undefined) this.#queue(now);
    else this.#begin(server, now, now);
  }

  #begin(server: number, arrivedAt: number, now: number): void {
    this.#arrivedAt[server] = arrivedAt;
    this.#beganAt[server] = now;
    this.#simulation.post(now + this.#options.service(), PRIORITIES.complete, this.#end, server);
  }

  readonly #end = (server: number): void => {
    const { now } = this.#simulation;
    const arrivedAt = this.#arrivedAt[server] ?? 0;
    const beganAt = this.#beganAt[server] ?? 0;
    if (this.#waiting === 0) this.#free.push(server);
    else this.#begin(server, this.#nextInQueue(), now);
    this.#options.served?.(server, arrivedAt, beganAt, now);
  };

  #queue(now: number): void {
    const { length } = this.#arrivals;
    if (this.#waiting === length) {
      const wider = new Float64Array(length * 2);
      wider.set(this.#arrivals.subarray(this.#first));
      wider.set(this.#arrivals.subarray(0, this.#first), length - this.#first);
      this.#arrivals = wider;
      this.#first = 0;
    }
    this.#arrivals[(this.#first + this.#waiting++) & (this.#arrivals.length - 1)] = now;
  }

  #nextInQueue(): number {
    const arrivedAt = this.#arrivals[this.#first] ?? 0;
    this.#first = (this.#first + 1) & (this.#arrivals.length - 1);
    this.#waiting--;
    return arrivedAt;
  }
}
