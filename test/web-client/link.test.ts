/** The life of a terminal's connection as a state machine: tickets, breaks, ends. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { advance, LINK_START, type LinkEvent, type LinkState } from "../../web/client/terminal/link.ts";
import { CLOSE_CODES } from "../../web/protocol/close-codes.ts";

/** Runs events from the start and tells what was done. */
function run(...events: LinkEvent[]) {
  let state: LinkState = LINK_START.state;
  const done = LINK_START.actions.map(({ kind }) => kind);
  for (const event of events) {
    const step = advance(state, event);
    state = step.state;
    done.push(...step.actions.map(({ kind }) => kind));
  }
  return { state, done };
}

const TICKET: LinkEvent = { kind: "ticket", ticket: "t" };
const OPENED: LinkEvent = { kind: "opened" };
const SCREEN: LinkEvent = { kind: "screen" };
const LIVE = [TICKET, OPENED, SCREEN];
const BROKEN: LinkEvent = { kind: "closed", code: 1006, reason: "" };
const RETRY: LinkEvent = { kind: "retry" };

describe("a terminal's connection", () => {
  it("asks for a ticket, opens a socket, shows the ticket, and is live with the screen", () => {
    expect(run(...LIVE)).toEqual({ state: { kind: "live" }, done: ["ask", "open", "hello"] });
  });

  it("shows the very ticket that it was given", () => {
    const opening = advance(LINK_START.state, { kind: "ticket", ticket: "secret" }).state;
    expect(advance(opening, OPENED).actions).toEqual([{ kind: "hello", ticket: "secret" }]);
  });

  it("asks for a new ticket after it broke: a ticket is good once", () => {
    const { state, done } = run(...LIVE, BROKEN, RETRY);
    expect(state).toMatchObject({ kind: "asking" });
    expect(done).toEqual(["ask", "open", "hello", "wait", "ask"]);
  });

  it("waits longer and longer while the server is away, but never longer than eight seconds", () => {
    const waits: number[] = [];
    let state: LinkState = LINK_START.state;
    for (let attempt = 0; attempt < 8; attempt++) {
      const refused = advance(state, { kind: "no-ticket", hopeless: false, reason: "offline", fix: undefined });
      for (const action of refused.actions) if (action.kind === "wait") waits.push(action.delayMs);
      state = advance(refused.state, RETRY).state;
    }
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, 8000, 8000, 8000]);
  });

  it("starts over with short waits once it has been live", () => {
    const away: LinkEvent = { kind: "no-ticket", hopeless: false, reason: "offline", fix: undefined };
    const { state } = run(away, RETRY, away, RETRY, ...LIVE, BROKEN);
    expect(state).toMatchObject({ kind: "waiting", delayMs: 250 });
  });

  it("keeps how the program ended, whatever the socket does afterwards", () => {
    const exit: LinkEvent = { kind: "exit", status: { kind: "exited", code: 7 } };
    const closed: LinkEvent = { kind: "closed", code: CLOSE_CODES.ended.code, reason: "" };
    expect(run(...LIVE, exit, closed, RETRY).state).toEqual({ kind: "ended", status: { kind: "exited", code: 7 } });
  });

  it("does not try again where the server says that it cannot help, unless it is asked to", () => {
    const removed: LinkEvent = { kind: "closed", ...CLOSE_CODES.removed };
    const { state, done } = run(...LIVE, removed);
    expect(state).toMatchObject({ kind: "lost", reason: CLOSE_CODES.removed.reason });
    expect(done.at(-1)).toBe("hang-up");
    expect(run(...LIVE, removed, RETRY).state).toMatchObject({ kind: "asking", attempt: 0 });
  });

  it("gives up where there is no such terminal, and says why", () => {
    const gone: LinkEvent = { kind: "no-ticket", hopeless: true, reason: "there is no terminal", fix: "open another" };
    expect(run(gone).state).toEqual({ kind: "lost", reason: "there is no terminal", fix: "open another" });
  });

  it("does nothing more once the page has let go of it", () => {
    const event = fc.constantFrom<LinkEvent>(TICKET, OPENED, SCREEN, BROKEN, RETRY, {
      kind: "exit",
      status: { kind: "exited", code: 0 },
    });
    fc.assert(
      fc.property(fc.array(event), fc.array(event), (before, after) => {
        const left = run(...before, { kind: "leave" }, ...after);
        expect(left.state).toEqual({ kind: "left" });
        expect(left.done.at(-1)).toBe("hang-up");
      }),
    );
  });

  it("never opens a socket without a ticket of its own, whatever comes in whatever order", () => {
    const event = fc.constantFrom<LinkEvent>(TICKET, OPENED, SCREEN, BROKEN, RETRY, {
      kind: "no-ticket",
      hopeless: false,
      reason: "",
      fix: undefined,
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        const { done } = run(...events);
        const asked = done.filter((kind) => kind === "ask").length;
        expect(done.filter((kind) => kind === "open").length).toBeLessThanOrEqual(asked);
        expect(done.filter((kind) => kind === "hello").length).toBeLessThanOrEqual(asked);
      }),
    );
  });
});
