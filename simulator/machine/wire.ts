/**
 * A wire in one direction: packets go onto it one after the other, each as long as its bits take, and come out at the
 * other end a latency later, in the same order (IEEE 802.3; a packet on Ethernet also takes the time of its preamble and
 * of the gap to the next one).
 */
import { PRIORITIES } from "../engine/priorities.ts";
import type { Simulation } from "../engine/simulation.ts";

export interface Packet {
  readonly bytes: number;
}

/** Preamble and start delimiter, 8, and the gap between packets, 12 (IEEE 802.3, clause 4). */
export const ETHERNET_OVERHEAD_BYTES = 20;

export interface WireOptions {
  readonly bitsPerSecond: number;
  /** From the last bit's leaving to its arrival. */
  readonly latencyNs: number;
  /** Bytes that every packet takes on the wire beside its own. */
  readonly overheadBytes?: number;
}

const NS_PER_SECOND = 1_000_000_000;

export class Wire<P extends Packet = Packet> {
  readonly #simulation: Simulation;
  readonly #options: WireOptions;
  readonly #deliver: (packet: P) => void;
  #freeAt = 0;
  #inFlight = 0;

  /** @param deliver what a packet does at the other end */
  constructor(simulation: Simulation, options: WireOptions, deliver: (packet: P) => void) {
    if (!Number.isInteger(options.bitsPerSecond) || options.bitsPerSecond < 1) {
      throw new RangeError(`lay a wire of ${options.bitsPerSecond} bits a second`);
    }
    this.#simulation = simulation;
    this.#options = options;
    this.#deliver = deliver;
  }

  /** Packets that have been sent and have not arrived. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** @returns how long a packet of so many bytes takes to go onto the wire. */
  serializationNs(bytes: number): number {
    const { bitsPerSecond, overheadBytes = ETHERNET_OVERHEAD_BYTES } = this.#options;
    return Math.ceil(((bytes + overheadBytes) * 8 * NS_PER_SECOND) / bitsPerSecond);
  }

  /**
   * Sends a packet when those before it have gone.
   * @param sent called when its last bit is on the wire
   */
  send(packet: P, sent: () => void = () => {}): void {
    this.#freeAt = Math.max(this.#freeAt, this.#simulation.now) + this.serializationNs(packet.bytes);
    this.#inFlight++;
    this.#simulation.schedule(this.#freeAt, PRIORITIES.complete, sent);
    this.#simulation.schedule(this.#freeAt + this.#options.latencyNs, PRIORITIES.complete, () => {
      this.#inFlight--;
      this.#deliver(packet);
    });
  }
}
