/**
 * Every limit of the server in one place. A limit that is reached is answered with a message that names it.
 */

const MIB = 1024 * 1024;

export const LIMITS = {
  /** Machines that run at the same time. */
  runningMachines: 12,
  /** Machines that are kept, ended ones included; beyond it the oldest ended one is forgotten. */
  keptMachines: 32,
  terminalsPerMachine: 8,
  viewersPerTerminal: 16,
  /** TCP connections altogether; a browser uses about six. */
  sockets: 1_024,
  /** WebSockets altogether, and those of them that have not said hello yet. */
  connections: 256,
  strangers: 32,
  sessions: 64,
  /** Tickets that have been given out and not used. */
  tickets: 256,
  /** The body of a request. */
  bodyBytes: 64 * 1024,
  /** How long a new WebSocket may wait before its hello. */
  helloMs: 5_000,
  /** A ping is sent this often; a connection that did not answer the last one is closed. */
  heartbeatMs: 20_000,
  /** A viewer that stays above the high-water mark for so long gets a snapshot later instead of every byte now. */
  stuckViewerMs: 2_000,
  /** What may have been typed that the program has not read yet. */
  unreadInputBytes: MIB,
  /** What a headless screen may have unparsed before its pty is left alone. */
  unparsedBytes: 256 * 1024,
  /** Lines above the screen that a reconnecting viewer gets back. */
  scrollbackLines: 1_000,
  /** After its program's end, how long a terminal is still read: a child may keep it open for ever. */
  afterExitMs: 1_000,
  /** How long one lane of a race may take. */
  raceLaneMs: 60_000,
  /** Earlier benchmarks that are listed; the command line has all. */
  listedBenchmarks: 50,
  /** How long a lesson's check may take, whatever the lesson says. */
  checkMs: 60_000,
} as const;

/** What a machine gets when the request does not say. */
export const DEFAULT_MEMORY_BYTES = 256 * MIB;
export const DEFAULT_PIDS = 256;

/** Requests of one address in `windowMs`; more are answered with 429 until the window has passed. */
export const RATES = {
  everything: { max: 3_000, windowMs: 60_000 },
  create: { max: 60, windowMs: 60_000 },
} as const;
