/**
 * Tickets for terminals: each lets one connection into one terminal, once, within 30 seconds, on behalf of the session
 * that asked for it. They travel in the first frame and never in an address, so they are in no log and no history.
 * Cookies alone would not do: they do not keep the ports of one host apart (RFC 6265 §8.5).
 */

import { TICKET_LIFETIME_MS } from "../protocol/terminals.ts";
import type { Clock } from "./clock.ts";
import { LIMITS } from "./limits.ts";
import { HttpProblem } from "./problem.ts";
import { newSecret, secretKey } from "./secrets.ts";

interface Entry {
  readonly session: string;
  readonly terminal: string;
  readonly expiresMs: number;
}

export class Tickets {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * A new ticket.
   *
   * @throws HttpProblem 429 where too many are unused
   */
  issue(session: string, terminal: string): string {
    this.#dropExpired();
    if (this.#entries.size >= LIMITS.tickets) {
      throw new HttpProblem(429, "too many tickets are waiting to be used", "wait half a minute and try again");
    }
    const ticket = newSecret();
    this.#entries.set(secretKey(ticket), { session, terminal, expiresMs: this.#clock.nowMs() + TICKET_LIFETIME_MS });
    return ticket;
  }

  /**
   * The terminal that the ticket is for, if it is this session's and still valid. Whatever the answer, the ticket is
   * used up.
   */
  redeem(ticket: string, session: string): string | undefined {
    const key = secretKey(ticket);
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    if (entry === undefined || entry.session !== session || this.#clock.nowMs() >= entry.expiresMs) return undefined;
    return entry.terminal;
  }

  #dropExpired(): void {
    const now = this.#clock.nowMs();
    for (const [key, entry] of this.#entries) if (now >= entry.expiresMs) this.#entries.delete(key);
  }
}
