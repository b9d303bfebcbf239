/**
 * An interrupt controller, as x86's local APICs with message-signalled interrupts (Intel SDM vol. 3, "Advanced
 * Programmable Interrupt Controller (APIC)", "Interrupt Acceptance for Fixed Interrupts"; PCI Local Bus Specification,
 * "MSI-X"). A vector is a number from 16 to 255; a larger one is more urgent, in classes of 16. A processor remembers one
 * interrupt of each vector that it has not taken yet: what is raised meanwhile is merged with it, which is why a handler
 * looks for everything that its device has done, and not for one thing.
 *
 * What is masked waits (MSI-X keeps a pending bit). A processor takes the most urgent one when it can take any.
 */

import type { InterruptHandler } from "./cpu.ts";
import type { CpuSet } from "./cpu-set.ts";
import type { Thread } from "./thread.ts";

/** Vectors below are the processor's own exceptions and reserved ones. */
export const FIRST_VECTOR = 16;
const VECTORS = 256;
const CLASS = 16;

/** What is behind a vector. */
export interface InterruptLine {
  /** As it is shown: `disk`, `local timer`. */
  readonly name: string;
  /** What the processor does when it takes the interrupt. */
  readonly handle: (cpu: number, now: number) => InterruptHandler;
  /** The processor that it goes to where nobody says another: processor 0 unless something else is said. */
  readonly cpu?: number;
}

/** One interrupt that a processor has taken. */
export interface Delivery {
  readonly vector: number;
  readonly name: string;
  readonly cpu: number;
  readonly raisedAt: number;
  readonly deliveredAt: number;
}

export interface InterruptCounters {
  /** raised = delivered + merged + pending, always. */
  readonly raised: number;
  readonly delivered: number;
  /** Raised while one of the same vector was waiting for the same processor: one delivery is for both. */
  readonly merged: number;
  readonly pending: number;
}

export interface InterruptControllerOptions<T extends Thread> {
  readonly cpus: CpuSet<T>;
  readonly now: () => number;
  readonly delivered?: (delivery: Delivery) => void;
}

interface Line extends InterruptLine {
  cpu: number;
  masked: boolean;
}

export class InterruptController<T extends Thread = Thread> {
  readonly #options: InterruptControllerOptions<T>;
  readonly #lines = new Map<number, Line>();
  /** By processor: vectors that wait, and since when. */
  readonly #pending: readonly Map<number, number>[];
  /** By processor: the class that a vector has to be above (the task priority register). */
  readonly #thresholds: number[];
  #counters = { raised: 0, delivered: 0, merged: 0 };

  constructor(options: InterruptControllerOptions<T>) {
    this.#options = options;
    this.#pending = Array.from({ length: options.cpus.count }, () => new Map());
    this.#thresholds = this.#pending.map(() => 0);
  }

  get counters(): InterruptCounters {
    return { ...this.#counters, pending: this.#pending.reduce((sum, { size }) => sum + size, 0) };
  }

  /**
   * Puts something behind a vector.
   * @throws RangeError where the vector is none, or taken
   */
  connect(vector: number, line: InterruptLine): void {
    if (!Number.isInteger(vector) || vector < FIRST_VECTOR || vector >= VECTORS) {
      throw new RangeError(`connect ${line.name} to vector ${vector}: vectors are ${FIRST_VECTOR} to ${VECTORS - 1}`);
    }
    const taken = this.#lines.get(vector);
    if (taken !== undefined) throw new RangeError(`connect ${line.name} to vector ${vector}: ${taken.name} has it`);
    this.#lines.set(vector, { ...line, cpu: line.cpu ?? 0, masked: false });
  }

  /** A device or a timer raises its interrupt, at the processor that it is routed to. */
  raise(vector: number): void {
    this.send(vector, this.#line(vector).cpu);
  }

  /** Raises an interrupt at a processor: what one processor sends another, too (inter-processor interrupt). */
  send(vector: number, cpu: number): void {
    this.#line(vector);
    const pending = this.#pendingOf(cpu);
    this.#counters.raised++;
    if (pending.has(vector)) {
      this.#counters.merged++;
      return;
    }
    pending.set(vector, this.#options.now());
    this.#request(cpu, vector);
  }

  /** Sends what comes from now on to another processor: `/proc/irq/N/smp_affinity`. */
  route(vector: number, cpu: number): void {
    this.#pendingOf(cpu);
    this.#line(vector).cpu = cpu;
  }

  /** Keeps a vector from all processors until it is unmasked; what is raised meanwhile waits. */
  mask(vector: number): void {
    this.#line(vector).masked = true;
  }

  unmask(vector: number): void {
    this.#line(vector).masked = false;
    for (const [cpu, pending] of this.#pending.entries()) if (pending.has(vector)) this.#request(cpu, vector);
  }

  /**
   * Has a processor take only vectors above a class.
   * @param priorityClass 0 lets everything in, 15 nothing (TPR bits 7 to 4, CR8)
   */
  setThreshold(cpu: number, priorityClass: number): void {
    const pending = this.#pendingOf(cpu);
    this.#thresholds[cpu] = priorityClass;
    for (const vector of pending.keys()) this.#request(cpu, vector);
  }

  /** @returns vectors that wait for a processor, the most urgent first. */
  pendingOn(cpu: number): number[] {
    return [...this.#pendingOf(cpu).keys()].sort((left, right) => right - left);
  }

  #line(vector: number): Line {
    const line = this.#lines.get(vector);
    if (line === undefined) throw new RangeError(`nothing is connected to vector ${vector}`);
    return line;
  }

  #pendingOf(cpu: number): Map<number, number> {
    const pending = this.#pending[cpu];
    if (pending === undefined) throw new RangeError(`there is no processor ${cpu} of ${this.#pending.length}`);
    return pending;
  }

  #isOpen(cpu: number, vector: number): boolean {
    return !this.#line(vector).masked && Math.floor(vector / CLASS) > (this.#thresholds[cpu] ?? 0);
  }

  #request(cpu: number, vector: number): void {
    if (this.#isOpen(cpu, vector)) this.#options.cpus.requestInterrupt(cpu, () => this.#accept(cpu));
  }

  /** The processor can take an interrupt now. The request that asked may be another's, or be masked again by now. */
  #accept(cpu: number): InterruptHandler | undefined {
    const vector = this.pendingOn(cpu).find((waiting) => this.#isOpen(cpu, waiting));
    if (vector === undefined) return undefined;
    const now = this.#options.now();
    const pending = this.#pendingOf(cpu);
    const raisedAt = pending.get(vector) ?? now;
    pending.delete(vector);
    this.#counters.delivered++;
    const { name, handle } = this.#line(vector);
    this.#options.delivered?.({ vector, name, cpu, raisedAt, deliveredAt: now });
    return handle(cpu, now);
  }
}
