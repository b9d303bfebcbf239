/**
 * What the guest's init tells the host, one line each over QEMU's debug console: `NONCE NAME GUEST_CLOCK_NS [DETAIL]`,
 * see native/guest/init.cc. A line without the nonce of this start is nothing.
 *
 * The stamps are the guest's clock. Each line also reaches the host some time after it was sent, so the smallest
 * distance between the two clocks over all lines is the best estimate of their offset (the filter of RFC 5905, section
 * 10), and takes the host's own delay in reading out of every stamp.
 */

export type Milestone =
  | { readonly kind: "init" | "ready" | "exec" | "bye"; readonly guestNs: number; readonly detail: string }
  | { readonly kind: "exited"; readonly guestNs: number; readonly code: number }
  | { readonly kind: "signaled"; readonly guestNs: number; readonly signal: number }
  /** The program, or the guest itself, could not start. */
  | { readonly kind: "failed"; readonly guestNs: number; readonly code: number; readonly reason: string }
  /** A line of the kernel's log; `guestNs` is the log's clock, which `tie` ties to the guest's. */
  | { readonly kind: "log"; readonly guestNs: number; readonly text: string }
  | { readonly kind: "tie"; readonly guestNs: number; readonly logNs: number };

type Parser = (guestNs: number, detail: string) => Milestone | undefined;

function told(kind: "init" | "ready" | "exec" | "bye"): Parser {
  return (guestNs, detail) => ({ kind, guestNs, detail });
}

const PARSERS: Readonly<Record<string, Parser>> = {
  init: told("init"),
  ready: told("ready"),
  exec: told("exec"),
  bye: told("bye"),
  exited: (guestNs, detail) => withNumber(detail, (code) => ({ kind: "exited", guestNs, code })),
  signaled: (guestNs, detail) => withNumber(detail, (signal) => ({ kind: "signaled", guestNs, signal })),
  tie: (guestNs, detail) => withNumber(detail, (logNs) => ({ kind: "tie", guestNs, logNs })),
  log: (guestNs, text) => ({ kind: "log", guestNs, text }),
  failed: (guestNs, detail) =>
    withNumber(detail.split(" ", 1)[0] ?? "", (code) => ({
      kind: "failed",
      guestNs,
      code,
      reason: detail.slice(detail.indexOf(" ") + 1),
    })),
};

function withNumber(text: string, make: (value: number) => Milestone): Milestone | undefined {
  return /^\d{1,15}$/.test(text) ? make(Number(text)) : undefined;
}

/** @returns undefined for anything that is not a milestone of the start with this nonce */
export function parseMilestone(line: string, nonce: string): Milestone | undefined {
  const [, claimed, name = "", guestNs = "", detail = ""] = /^(\S+) (\S+) (\d{1,15})(?: (.*))?$/.exec(line) ?? [];
  if (claimed !== nonce || !Object.hasOwn(PARSERS, name)) return undefined;
  return PARSERS[name]?.(Number(guestNs), detail);
}

/** Cuts a stream of bytes into lines, keeps those that are milestones, and keeps the two clocks together. */
export class MilestoneReader {
  readonly #nonce: string;
  readonly #seen: Milestone[] = [];
  #pending = "";
  #offsetNs = Number.POSITIVE_INFINITY;

  constructor(nonce: string) {
    this.#nonce = nonce;
  }

  /**
   * @param chunk what has arrived
   * @param hostNs when it was read, CLOCK_MONOTONIC
   * @returns the milestones that it completes
   */
  read(chunk: Uint8Array, hostNs: number): Milestone[] {
    const lines = (this.#pending + Buffer.from(chunk).toString("latin1")).split("\n");
    this.#pending = lines.pop() ?? "";
    const found = lines.flatMap((line) => parseMilestone(line, this.#nonce) ?? []);
    for (const milestone of found) {
      this.#seen.push(milestone);
      // The log's lines carry another clock, and `tie` is sent some time after its stamp was taken: not a bound here.
      if (milestone.kind !== "log") this.#offsetNs = Math.min(this.#offsetNs, hostNs - milestone.guestNs);
    }
    return found;
  }

  /** The first milestone of a kind: the guest's init sends each once, and nobody can take one back. */
  first<Kind extends Milestone["kind"]>(kind: Kind): Extract<Milestone, { kind: Kind }> | undefined {
    return this.#seen.find((milestone): milestone is Extract<Milestone, { kind: Kind }> => milestone.kind === kind);
  }

  /** When a milestone happened, on the host's clock. */
  hostNs(milestone: Milestone): number {
    if (milestone.kind !== "log") return Math.round(milestone.guestNs + this.#offsetNs);
    const tie = this.first("tie");
    return tie === undefined ? Number.NaN : Math.round(milestone.guestNs - tie.logNs + tie.guestNs + this.#offsetNs);
  }

  /** The first line of the kernel's log that begins so. */
  logLine(beginning: string): Milestone | undefined {
    return this.#seen.find((milestone) => milestone.kind === "log" && milestone.text.startsWith(beginning));
  }
}
