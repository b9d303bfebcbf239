/**
 * How a terminal's connection lives: a ticket, a socket, the screen, then bytes; when it breaks, the same again after a
 * while. A pure state machine: `advance` says what comes next and what to do; terminal/connection.ts does it.
 */

import { mayReconnect } from "../../protocol/close-codes.ts";
import type { ExitStatus } from "../../protocol/exit-status.ts";

export type LinkState =
  /** A ticket has been asked for. */
  | { readonly kind: "asking"; readonly attempt: number }
  /** A socket is opening, the ticket in hand. */
  | { readonly kind: "opening"; readonly attempt: number; readonly ticket: string }
  /** The ticket is shown; the screen comes next. */
  | { readonly kind: "greeting"; readonly attempt: number }
  | { readonly kind: "live" }
  /** Tries again after a while. */
  | { readonly kind: "waiting"; readonly attempt: number; readonly delayMs: number }
  | { readonly kind: "ended"; readonly status: ExitStatus }
  /** Trying again cannot help. */
  | { readonly kind: "lost"; readonly reason: string; readonly fix: string | undefined }
  /** The page has let go of it. */
  | { readonly kind: "left" };

export type LinkEvent =
  | { readonly kind: "ticket"; readonly ticket: string }
  /** No ticket: `hopeless` where asking again will give the same answer. */
  | {
      readonly kind: "no-ticket";
      readonly hopeless: boolean;
      readonly reason: string;
      readonly fix: string | undefined;
    }
  | { readonly kind: "opened" }
  | { readonly kind: "screen" }
  | { readonly kind: "exit"; readonly status: ExitStatus }
  | { readonly kind: "closed"; readonly code: number; readonly reason: string }
  /** The wait is over, or somebody does not want to wait. */
  | { readonly kind: "retry" }
  | { readonly kind: "leave" };

export type LinkAction =
  | { readonly kind: "ask" }
  | { readonly kind: "open" }
  | { readonly kind: "hello"; readonly ticket: string }
  | { readonly kind: "wait"; readonly delayMs: number }
  /** Closes the socket and forgets any wait. */
  | { readonly kind: "hang-up" };

export interface LinkStep {
  readonly state: LinkState;
  readonly actions: readonly LinkAction[];
}

const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 8000;

/** A connection at its beginning. */
export const LINK_START: LinkStep = { state: { kind: "asking", attempt: 0 }, actions: [{ kind: "ask" }] };

/**
 * What follows from an event. Events that come too late (the ticket after leaving) change nothing.
 */
export function advance(state: LinkState, event: LinkEvent): LinkStep {
  if (event.kind === "leave") return { state: { kind: "left" }, actions: [{ kind: "hang-up" }] };
  switch (state.kind) {
    case "asking":
      return afterAsking(state, event);
    case "opening":
      if (event.kind === "opened") {
        return {
          state: { kind: "greeting", attempt: state.attempt },
          actions: [{ kind: "hello", ticket: state.ticket }],
        };
      }
      return event.kind === "closed" ? afterClose(state.attempt, event) : same(state);
    case "greeting":
    case "live":
      return afterFrame(state, event);
    case "waiting":
      return event.kind === "retry" ? ask(state.attempt) : same(state);
    case "lost":
      return event.kind === "retry" ? ask(0) : same(state);
    case "ended":
    case "left":
      return same(state);
  }
}

function same(state: LinkState): LinkStep {
  return { state, actions: [] };
}

function ask(attempt: number): LinkStep {
  return { state: { kind: "asking", attempt }, actions: [{ kind: "ask" }] };
}

function afterAsking(state: Extract<LinkState, { kind: "asking" }>, event: LinkEvent): LinkStep {
  switch (event.kind) {
    case "ticket":
      return { state: { kind: "opening", attempt: state.attempt, ticket: event.ticket }, actions: [{ kind: "open" }] };
    case "no-ticket":
      if (event.hopeless) return lose(event.reason, event.fix);
      return waitFor(state.attempt);
    default:
      return same(state);
  }
}

function afterFrame(state: Extract<LinkState, { kind: "greeting" | "live" }>, event: LinkEvent): LinkStep {
  switch (event.kind) {
    case "screen":
      return { state: { kind: "live" }, actions: [] };
    case "exit":
      return { state: { kind: "ended", status: event.status }, actions: [] };
    case "closed":
      return afterClose(state.kind === "live" ? 0 : state.attempt, event);
    default:
      return same(state);
  }
}

function afterClose(attempt: number, event: { readonly code: number; readonly reason: string }): LinkStep {
  if (!mayReconnect(event.code))
    return lose(event.reason === "" ? "the connection was closed" : event.reason, undefined);
  return waitFor(attempt);
}

function lose(reason: string, fix: string | undefined): LinkStep {
  return { state: { kind: "lost", reason, fix }, actions: [{ kind: "hang-up" }] };
}

/** Twice as long every time, so that a server that comes back is not run over. */
function waitFor(attempt: number): LinkStep {
  const delayMs = Math.min(FIRST_DELAY_MS * 2 ** attempt, LONGEST_DELAY_MS);
  return { state: { kind: "waiting", attempt: attempt + 1, delayMs }, actions: [{ kind: "wait", delayMs }] };
}
