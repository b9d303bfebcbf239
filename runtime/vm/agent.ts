/**
 * What the host asks of the agent in a running guest (native/guest/agent.cc), whoever started the machine and whether it
 * is detached: everything goes by its state directory. The frames are in agent-protocol.ts.
 */
import { monotonicNs } from "../../native/kernel.ts";
import type { TerminalSize } from "../container/running.ts";
import { RingsideError } from "../error.ts";
import {
  AgentConnection,
  type AgentOptions,
  type AgentPlace,
  DEFAULT_AGENT_TIMEOUT_MS,
  lostAgent,
} from "./agent-connection.ts";
import type { GuestFrame, GuestNetwork, GuestStats, HostFrame } from "./agent-protocol.ts";
import { signalNumber } from "./signals.ts";

/**
 * Connects to the agent for a conversation of one's own; `execInGuest` (agent-exec.ts) and the others are made of it.
 *
 * @param use `session` takes one of eight ports, `control` the one for short requests, which are quickly done
 * @throws RingsideError when every session is taken, there is no agent, or it does not answer in time
 */
export function connectAgent(
  place: AgentPlace,
  use: "session" | "control",
  options: AgentOptions = {},
): Promise<AgentConnection> {
  return AgentConnection.open(place, use, options);
}

/**
 * What the guest's kernel says of its memory, processors and processes.
 *
 * @throws RingsideError when there is no agent or it does not answer in time
 */
export async function guestStats(place: AgentPlace, options: AgentOptions = {}): Promise<GuestStats> {
  const answer = await ask(place, { kind: "stats" }, "stats", options);
  return answer.stats;
}

/**
 * Asks the agent for a sign of life.
 *
 * @returns how long the way there and back took, nanoseconds; the connection was there before
 * @throws RingsideError when there is no agent or it does not answer in time
 */
export async function pingGuest(place: AgentPlace, options: AgentOptions = {}): Promise<number> {
  let sentNs = 0;
  await ask(place, { kind: "ping", data: Buffer.from("ringside") }, "pong", options, () => {
    sentNs = monotonicNs();
  });
  return monotonicNs() - sentNs;
}

export interface StopOptions extends AgentOptions {
  /** How long the program has before it is killed; 10 s unless given, as docker stop. */
  readonly graceMs?: number;
  /** What it is told to end by; SIGTERM unless given. */
  readonly signal?: string;
}

const DEFAULT_GRACE_MS = 10_000;

/**
 * Asks the machine's own program to end, and the machine with it.
 *
 * @returns once the guest has passed it on; that the machine has gone is told by its monitor
 * @throws RingsideError when there is no agent or it does not answer in time
 */
export async function stopGuest(place: AgentPlace, options: StopOptions = {}): Promise<void> {
  const { graceMs = DEFAULT_GRACE_MS, signal = "SIGTERM" } = options;
  await ask(place, { kind: "stop", signal: signalNumber(signal), graceMs }, "done", options);
}

/**
 * Sends a signal to the machine's own program, whatever has been started beside it.
 *
 * @param signal such as `SIGHUP`
 * @throws RingsideError when there is no agent or it does not answer in time
 */
export async function signalGuest(place: AgentPlace, signal: string, options: AgentOptions = {}): Promise<void> {
  await ask(place, { kind: "signal", signal: signalNumber(signal) }, "done", options);
}

/**
 * Has the guest's kernel panic (Documentation/admin-guide/sysrq.rst, command c), which takes everything in it down.
 *
 * @returns once the connection has broken
 * @throws RingsideError when there is no agent, it refuses, or the guest is still there after the time for it
 */
export async function crashGuest(place: AgentPlace, options: AgentOptions = {}): Promise<void> {
  using connection = await AgentConnection.open(place, "control", options);
  const refused = new Promise<GuestFrame>((resolve) => connection.onFrame(resolve));
  await connection.send({ kind: "crash" });
  const answer = await withTimeout(Promise.race([connection.closed, refused]), place, options);
  if (answer instanceof Error || answer === undefined) return;
  throw refusal(place, answer);
}

/**
 * Gives the console of the machine's own program another size.
 *
 * @throws RingsideError when there is no agent or it does not answer in time
 */
export async function resizeGuestConsole(
  place: AgentPlace,
  { columns, rows }: TerminalSize,
  options: AgentOptions = {},
): Promise<void> {
  await ask(place, { kind: "consoleSize", columns, rows }, "done", options);
}

/**
 * Gives the guest's first network device an address, a gateway and a name server.
 *
 * @throws RingsideError when there is no agent, it does not answer in time, or the guest has no such device
 */
export async function configureGuestNetwork(
  place: AgentPlace,
  network: GuestNetwork,
  options: AgentOptions = {},
): Promise<void> {
  await ask(place, { kind: "network", ...network }, "done", options);
}

/** One short request and its one answer. */
async function ask<Kind extends GuestFrame["kind"]>(
  place: AgentPlace,
  request: HostFrame,
  kind: Kind,
  options: AgentOptions,
  beforeSending: () => void = () => undefined,
): Promise<Extract<GuestFrame, { kind: Kind }>> {
  using connection = await AgentConnection.open(place, "control", options);
  const answered = new Promise<GuestFrame>((resolve) => connection.onFrame(resolve));
  beforeSending();
  void connection.send(request);
  const isAnswer = (frame: GuestFrame): frame is Extract<GuestFrame, { kind: Kind }> => frame.kind === kind;
  const broken = connection.closed.then((reason): never => {
    throw lostAgent(place, reason);
  });
  const frame = await withTimeout(Promise.race([answered, broken]), place, options);
  if (isAnswer(frame)) return frame;
  throw refusal(place, frame);
}

async function withTimeout<Result>(
  answer: Promise<Result>,
  place: AgentPlace,
  { timeoutMs = DEFAULT_AGENT_TIMEOUT_MS }: AgentOptions,
): Promise<Result> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(
      new RingsideError(`the agent in the virtual machine ${place.id} has not answered for ${timeoutMs / 1000} s`, {
        fix: "ringside vm kill ends the machine without asking it",
      }),
    );
  }, timeoutMs);
  try {
    return await Promise.race([answer, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function refusal({ id }: AgentPlace, frame: GuestFrame): RingsideError {
  return frame.kind === "failed"
    ? new RingsideError(`the agent in the virtual machine ${id} could not do it: ${frame.reason}`)
    : new RingsideError(`the agent in the virtual machine ${id} answered with ${frame.kind}, which was not asked for`, {
        fix: "do not trust this guest: ringside vm kill ends it",
      });
}
