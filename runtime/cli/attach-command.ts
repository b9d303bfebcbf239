/** `ringside attach`: this terminal at a detached container. docker-attach(1), termios(3). */
import { writeSync } from "node:fs";
import type { Command } from "commander";
import { appendEvent } from "../container/events.ts";
import { type ContainerState, findContainer } from "../container/state.ts";
import { killContainer } from "../container/stop.ts";
import { openViewer, type Viewer } from "../container/viewer.ts";
import { RingsideError } from "../error.ts";
import { callerTerminalSize } from "./attach.ts";
import { DEFAULT_DETACH_KEYS, DetachKeys, parseDetachKeys } from "./detach-keys.ts";
import { FORWARDED, holdSignals } from "./held-signals.ts";
import { requireKernel } from "./launcher.ts";
import { lostText } from "./logs.ts";
import { OutputClosed, PatientWriter } from "./output.ts";
import { makeRaw } from "./raw-terminal.ts";

/** The options of `ringside attach` and `ringside vm attach`. */
export interface AttachFlags {
  readonly stdin: boolean;
  readonly detachKeys: string;
  readonly sigProxy: boolean;
}

const STDERR = 2;

/** Adds `ringside attach` to the program. */
export function registerAttach(program: Command): void {
  const command = program
    .command("attach")
    .description("see what a detached container prints from now on, and type into it")
    .argument("<container>", "its name, its id or the beginning of its id");
  addAttachOptions(command, "container").addHelpText("after", HELP).action(attach);
}

/** Adds how to look. @param what it is that is looked at */
export function addAttachOptions(command: Command, what: string): Command {
  return command
    .option("--no-stdin", "only look")
    .option("--detach-keys <keys>", "what leaves it without ending it", DEFAULT_DETACH_KEYS)
    .option("--no-sig-proxy", `keep signals to this command; they end the look, not the ${what}`);
}

const HELP = `
Several may look at one container; the first that types is the one who may, until it leaves. The exit code is the
container's own, or 0 when it was left by the detach keys. What was printed before: ringside logs.`;

async function attach(container: string, flags: AttachFlags): Promise<void> {
  requireKernel();
  const state = findContainer(container);
  if (state.status === "paused") {
    throw new RingsideError(`cannot attach to ${state.name}: it is paused`, { fix: `ringside unpause ${state.name}` });
  }
  await look(
    {
      name: state.name,
      hasTerminal: hasTerminal(state),
      async open() {
        const viewer = await openViewer(state);
        appendEvent("attach", state);
        return viewer;
      },
      kill: (signal) => killContainer(state.id, signal),
    },
    flags,
  );
}

/** What has a monitor, and can be looked at. */
export interface Lookable {
  readonly name: string;
  readonly hasTerminal: boolean;
  open(): Promise<Viewer>;
  kill(signal: string): Promise<unknown>;
}

/**
 * Joins this terminal to what has a monitor, until its end or until the detach keys.
 * @throws RingsideError when it cannot be looked at
 */
export async function look(subject: Lookable, flags: AttachFlags): Promise<void> {
  const keys = new DetachKeys(parseDetachKeys(flags.detachKeys));
  const left = Promise.withResolvers<"left">();
  const undo: (() => void)[] = [];
  // From here on: what comes while we connect is the inside's, too.
  if (flags.sigProxy) undo.push(forwardSignals(subject));
  const onLeave = (): void => left.resolve("left");
  // A terminal that goes takes the look along, and is no business of the inside's.
  process.on("SIGHUP", onLeave);
  undo.push(() => void process.off("SIGHUP", onLeave));
  let viewer: Viewer | undefined;
  try {
    viewer = await subject.open();
    if (flags.stdin && (await mayWrite(viewer, subject.name))) {
      undo.push(joinInput(viewer, subject.hasTerminal, keys, onLeave));
    }
    const over = await Promise.race([print(viewer), left.promise]);
    process.exitCode = over === "left" ? 0 : await viewer.exitCode();
  } finally {
    for (const step of undo) step();
    viewer?.close();
  }
}

function hasTerminal({ config }: ContainerState): boolean {
  const { process } = config;
  return typeof process === "object" && process !== null && "terminal" in process && process.terminal === true;
}

async function mayWrite(viewer: Viewer, name: string): Promise<boolean> {
  const writing = await viewer.requestWriting();
  if (writing === "taken") {
    writeSync(STDERR, `ringside: somebody else types into ${name}; you see what it prints\n`);
  }
  return writing === "granted";
}

/** @returns `left` where nobody reads any more, as in `ringside attach X | head` */
async function print(viewer: Viewer): Promise<"ended" | "left"> {
  const writers = { stdout: new PatientWriter(process.stdout), stderr: new PatientWriter(process.stderr) };
  try {
    for await (const record of viewer.output()) {
      if (record.kind === "lost") writeSync(STDERR, `ringside: ${lostText(record.bytes)}\n`);
      else await writers[record.stream].write(record.data);
    }
  } catch (error) {
    if (error instanceof OutputClosed) return "left";
    throw error;
  }
  return "ended";
}

function forwardSignals({ kill }: Lookable): () => void {
  const signals = holdSignals(FORWARDED.filter((signal) => signal !== "SIGHUP"));
  signals.handTo((signal) => {
    // It may have ended meanwhile: the news of it is on its way then.
    kill(signal).catch(() => undefined);
  });
  return () => signals.release();
}

/** @returns undoes it */
function joinInput(viewer: Viewer, terminal: boolean, keys: DetachKeys, onLeave: () => void): () => void {
  const { stdin, stdout } = process;
  const onResize = (): void => viewer.resize(callerTerminalSize());
  const onInput = (chunk: Uint8Array): void => {
    const { pass, isDetached } = terminal ? keys.type(chunk) : { pass: chunk, isDetached: false };
    stdin.pause();
    void viewer.write(pass).then(() => {
      if (isDetached) onLeave();
      else stdin.resume();
    });
  };
  const isTerminal = stdin.isTTY;
  const putBack = terminal && isTerminal ? makeRaw() : () => {};
  if (terminal && stdout.isTTY) {
    // A full-screen program draws itself again when the size changes: once to another size and back.
    const size = callerTerminalSize();
    viewer.resize({ ...size, rows: size.rows + 1 });
    viewer.resize(size);
    stdout.on("resize", onResize);
  }
  stdin.on("data", onInput);
  if (isTerminal) {
    stdin.on("end", onLeave);
    stdin.on("error", onLeave);
  }
  return () => {
    stdin.off("data", onInput);
    stdin.off("end", onLeave);
    stdin.off("error", onLeave);
    stdout.off("resize", onResize);
    putBack();
    stdin.pause();
    stdin.unref();
  };
}
