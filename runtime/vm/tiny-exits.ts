/** The exits of the tiny guest: the addon's records (native/addon/kvm-guest.h, Exit) as values, and by reason. */
import { percentile } from "../bench/statistics.ts";
import { PORTS } from "./tiny-program.ts";

/** KVM_EXIT_… of linux/kvm.h, those that the guest can cause or its bugs could. */
const KVM_EXIT = { io: 2, hlt: 5, mmio: 6, shutdown: 8, failEntry: 9, internalError: 17 } as const;
const RECORD_BYTES = 40;

export type ExitReason =
  | "out"
  | "in"
  | "MMIO write"
  | "MMIO read"
  | "HLT"
  | "shutdown"
  | "failed entry"
  | "KVM gave up"
  | "other";

/** One KVM_RUN, CLOCK_MONOTONIC: from the call until it has returned. */
export interface Exit {
  readonly reason: ExitReason;
  readonly enteredNs: number;
  readonly leftNs: number;
  /** The port, or the physical address. */
  readonly address: number;
  /** What the guest wrote; where KVM gave up, its own word for why. */
  readonly data: number;
}

/** @returns the exits in their order */
export function decodeExits(records: Buffer): Exit[] {
  return Array.from({ length: Math.floor(records.length / RECORD_BYTES) }, (_, index) => {
    const at = index * RECORD_BYTES;
    const isWrite = records.readUInt32LE(at + 36) !== 0;
    return {
      enteredNs: Number(records.readBigUInt64LE(at)),
      leftNs: Number(records.readBigUInt64LE(at + 8)),
      address: Number(records.readBigUInt64LE(at + 16)),
      data: Number(records.readBigUInt64LE(at + 24)),
      reason: reasonOf(records.readUInt32LE(at + 32), isWrite),
    };
  });
}

function reasonOf(reason: number, isWrite: boolean): ExitReason {
  switch (reason) {
    case KVM_EXIT.io:
      return isWrite ? "out" : "in";
    case KVM_EXIT.mmio:
      return isWrite ? "MMIO write" : "MMIO read";
    case KVM_EXIT.hlt:
      return "HLT";
    case KVM_EXIT.shutdown:
      return "shutdown";
    case KVM_EXIT.failEntry:
      return "failed entry";
    case KVM_EXIT.internalError:
      return "KVM gave up";
    default:
      return "other";
  }
}

/** The exits of one reason; nanoseconds. */
export interface ExitSummary {
  readonly reason: ExitReason;
  readonly count: number;
  readonly p50Ns: number;
  readonly p99Ns: number;
  readonly totalNs: number;
}

/**
 * Sums exits up.
 * @param exits those that are alike: a turn of a loop each
 * @returns one row a reason, in the order in which they came
 */
export function exitsByReason(exits: readonly Exit[]): ExitSummary[] {
  const byReason = Map.groupBy(exits, ({ reason }) => reason);
  return Array.from(byReason, ([reason, alike]) => {
    const sorted = Float64Array.from(alike, durationNs).sort();
    return {
      reason,
      count: alike.length,
      p50Ns: Math.round(percentile(sorted, 0.5)),
      p99Ns: Math.round(percentile(sorted, 0.99)),
      totalNs: sorted.reduce((sum, ns) => sum + ns, 0),
    };
  });
}

/** @returns from the call of KVM_RUN until its return, the guest's instructions in between included */
export function durationNs({ enteredNs, leftNs }: Exit): number {
  return leftNs - enteredNs;
}

/** @returns whether an exit is one turn of a loop: the signs, the marks and the end are other instructions. */
export function isOfLoop({ reason, address }: Exit): boolean {
  if (reason === "out" || reason === "in") return address === PORTS.loop;
  return reason === "MMIO write" || reason === "MMIO read" || reason === "HLT";
}
