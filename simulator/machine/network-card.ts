/**
 * A network card with a ring of packets to send and a ring of packets received, as every card since the 1990s has them
 * (Intel 82599 datasheet, "Descriptor Rings"; ethtool(8), `--set-ring`, `--coalesce`). A driver hands over many packets
 * with one notification; the card tells of many arrivals with one interrupt. A card whose receive ring is full drops what
 * arrives, and counts it.
 */
import type { Simulation } from "../engine/simulation.ts";
import { EVERY_COMPLETION, InterruptModeration, type ModerationOptions } from "./moderation.ts";
import { type Packet, Wire, type WireOptions } from "./wire.ts";

export type Ring = "transmit" | "receive";

export interface NetworkCardOptions {
  readonly simulation: Simulation;
  /** Slots of each ring. */
  readonly transmitSlots: number;
  readonly receiveSlots: number;
  /** A ring has something for the driver. */
  readonly interrupt: (ring: Ring) => void;
  readonly moderation?: ModerationOptions;
}

export interface NetworkCardCounters {
  /** Packets that the driver has handed over, and those of them that are on the wire or beyond. */
  readonly queued: number;
  readonly transmitted: number;
  /** How often the driver told the card: one write to a device register each. */
  readonly notifications: number;
  /** Packets that came off the wire: received = taken + in the ring; what found no slot is dropped. */
  readonly received: number;
  readonly taken: number;
  readonly dropped: number;
  readonly interrupts: number;
}

export class NetworkCard<P extends Packet = Packet> {
  readonly #options: NetworkCardOptions;
  readonly #moderation: Readonly<Record<Ring, InterruptModeration>>;
  #wire: Wire<P> | undefined;
  /** Slots of the transmit ring that are not free: packets that wait, and packets sent whose slot was not taken back. */
  #transmitUsed = 0;
  #sent = 0;
  readonly #arrived: P[] = [];
  #counters = { queued: 0, transmitted: 0, notifications: 0, received: 0, taken: 0, dropped: 0 };

  constructor(options: NetworkCardOptions) {
    const { simulation, interrupt, moderation = EVERY_COMPLETION } = options;
    this.#options = options;
    this.#moderation = {
      transmit: new InterruptModeration(simulation, moderation, () => interrupt("transmit")),
      receive: new InterruptModeration(simulation, moderation, () => interrupt("receive")),
    };
  }

  get counters(): NetworkCardCounters {
    const { transmit, receive } = this.#moderation;
    return { ...this.#counters, interrupts: transmit.signals + receive.signals };
  }

  /** Packets that have arrived and have not been taken. */
  get waiting(): number {
    return this.#arrived.length;
  }

  /** Slots of the transmit ring that are free. */
  get room(): number {
    return this.#options.transmitSlots - this.#transmitUsed;
  }

  /** Plugs a wire in, by which it sends from now on. */
  plug(wire: Wire<P>): void {
    this.#wire = wire;
  }

  /**
   * Hands packets over, as many as there is room for, with one notification.
   * @returns how many were taken; the driver keeps the others until slots are free again
   * @throws RangeError where no wire is plugged in
   */
  transmit(packets: readonly P[]): number {
    const wire = this.#wire;
    if (wire === undefined) throw new RangeError("transmit: no wire is plugged into the card");
    const accepted = packets.slice(0, this.room);
    if (accepted.length === 0) return 0;
    this.#counters.notifications++;
    this.#counters.queued += accepted.length;
    this.#transmitUsed += accepted.length;
    for (const packet of accepted) {
      wire.send(packet, () => {
        this.#sent++;
        this.#counters.transmitted++;
        this.#moderation.transmit.completed();
      });
    }
    return accepted.length;
  }

  /** Takes the slots of packets that have been sent back. @returns how many there were */
  takeTransmitted(): number {
    const sent = this.#sent;
    this.#sent = 0;
    this.#transmitUsed -= sent;
    this.#moderation.transmit.emptied();
    return sent;
  }

  /** Takes packets that have arrived, in their order, and frees their slots; `most` is a driver's budget for one round. */
  take(most = Number.POSITIVE_INFINITY): P[] {
    const taken = this.#arrived.splice(0, most);
    this.#counters.taken += taken.length;
    if (this.#arrived.length === 0) this.#moderation.receive.emptied();
    return taken;
  }

  /** A packet comes off the wire. */
  arrive(packet: P): void {
    if (this.#arrived.length >= this.#options.receiveSlots) {
      this.#counters.dropped++;
      return;
    }
    this.#counters.received++;
    this.#arrived.push(packet);
    this.#moderation.receive.completed();
  }

  /** Switches a ring's interrupt off while the driver looks for itself, and on again. */
  setInterrupts(ring: Ring, enabled: boolean): void {
    if (enabled) this.#moderation[ring].enable();
    else this.#moderation[ring].disable();
  }
}

/**
 * Connects two cards, both ways.
 * @returns the wires: from the first to the second, and back
 */
export function connect<P extends Packet>(
  simulation: Simulation,
  first: NetworkCard<P>,
  second: NetworkCard<P>,
  options: WireOptions,
): readonly [Wire<P>, Wire<P>] {
  const there = new Wire<P>(simulation, options, (packet) => second.arrive(packet));
  const back = new Wire<P>(simulation, options, (packet) => first.arrive(packet));
  first.plug(there);
  second.plug(back);
  return [there, back];
}

/**
 * Nothing that was handed over or that arrived is lost without being counted.
 * @returns what is wrong, one sentence each; empty for a sound card
 */
export function checkNetworkCard<P extends Packet>(card: NetworkCard<P>): string[] {
  const { queued, transmitted, received, taken } = card.counters;
  return [
    ...(transmitted > queued ? [`${transmitted} packets were sent, ${queued} were handed over`] : []),
    ...(received === taken + card.waiting
      ? []
      : [`${received} packets were received, ${taken} taken, ${card.waiting} wait`]),
  ];
}
