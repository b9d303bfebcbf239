/**
 * One server that works on all of its customers at once, each getting an equal share: processor sharing (Kleinrock,
 * "Queueing Systems", vol. 2, §4.4), the limit of ever shorter time slices. Shares are counted in integers: a clock runs
 * by 2^16 for each unit of service that everybody in the server has got, and a customer is done when it has come far enough.
 */
import type { ScheduledEvent } from "../engine/event-queue.ts";
import { PRIORITIES } from "../engine/priorities.ts";
import type { Simulation } from "../engine/simulation.ts";

const SCALE = 2 ** 16;

interface Customer {
  readonly arrivedAt: number;
  readonly service: number;
  /** The clock of shares at which it is done. */
  readonly doneAt: number;
}

export interface SharedServerOptions {
  readonly simulation: Simulation;
  readonly served?: (arrivedAt: number, service: number, endedAt: number) => void;
}

export class SharedServer {
  readonly #simulation: Simulation;
  readonly #served: SharedServerOptions["served"];
  readonly #customers: Customer[] = [];
  #shares = 0;
  #countedAt = 0;
  #nextEnd: ScheduledEvent | undefined;

  constructor({ simulation, served }: SharedServerOptions) {
    this.#simulation = simulation;
    this.#served = served;
  }

  get inSystem(): number {
    return this.#customers.length;
  }

  /** A customer comes, and everybody's share gets smaller. */
  arrive(service: number): void {
    this.#count();
    const doneAt = this.#shares + service * SCALE;
    this.#customers.push({ arrivedAt: this.#simulation.now, service, doneAt });
    this.#expectEnd();
  }

  /** Moves the clock of shares to the present; a busy period begins it anew, so that it stays exact. */
  #count(): void {
    const { now } = this.#simulation;
    const present = this.#customers.length;
    this.#shares = present === 0 ? 0 : this.#shares + Math.floor(((now - this.#countedAt) * SCALE) / present);
    this.#countedAt = now;
  }

  /** The next end is another one as soon as somebody comes or goes. */
  #expectEnd(): void {
    if (this.#nextEnd !== undefined) this.#nextEnd.cancelled = true;
    this.#nextEnd = undefined;
    const first = this.#first();
    if (first === undefined) return;
    const left = Math.max(0, first.doneAt - this.#shares);
    const delay = Math.ceil((left * this.#customers.length) / SCALE);
    this.#nextEnd = this.#simulation.after(delay, PRIORITIES.complete, () => this.#end(first));
  }

  #first(): Customer | undefined {
    let first: Customer | undefined;
    for (const customer of this.#customers) {
      if (first === undefined || customer.doneAt < first.doneAt) first = customer;
    }
    return first;
  }

  #end(customer: Customer): void {
    this.#count();
    this.#customers.splice(this.#customers.indexOf(customer), 1);
    this.#expectEnd();
    this.#served?.(customer.arrivedAt, customer.service, this.#simulation.now);
  }
}
