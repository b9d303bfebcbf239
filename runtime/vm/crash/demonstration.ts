/**
 * What a kernel's panic takes along, shown and not told. Five count at the same time: a container of this host, a virtual
 * machine, and in a second machine two containers, made there by a Ringside of its own. Then the second machine's kernel
 * panics (sysrq c, Documentation/admin-guide/sysrq.rst). Its containers have shared that kernel and are gone; who had
 * another one goes on, and has missed nothing.
 */
import { closeSync, openSync } from "node:fs";
import { release } from "node:os";
import { type Launcher, monotonicNs, openPipe } from "../../../native/kernel.ts";
import { openStream } from "../../../native/stream.ts";
import type { RunningWorld } from "../../container/running.ts";
import { startContainer } from "../../container/start.ts";
import { RingsideError } from "../../error.ts";
import { BASE_IMAGE } from "../../image/image.ts";
import { buildInsideImage, INSIDE_IMAGE } from "../../image/inside.ts";
import { crashGuest } from "../agent.ts";
import { guestKernel } from "../guest-files.ts";
import type { VirtualMachine } from "../machine.ts";
import { startVm } from "../start.ts";
import { Actor, ActorReader } from "./actor.ts";

export interface CrashOptions {
  /** Told what is being done, for whoever waits. */
  readonly onStage?: (words: string) => void;
  readonly signal?: AbortSignal;
}

/** What was seen; times are CLOCK_MONOTONIC. */
export interface Crash {
  readonly actors: readonly Actor[];
  readonly startedNs: number;
  /** When the panic was asked for, and when the machine's monitor had gone. */
  readonly askedNs: number;
  readonly goneNs: number;
  readonly endedNs: number;
  /** The kernel's last words on its console. */
  readonly lastWords: string;
  readonly accelerator: string;
}

const INTERVAL_US = "100000";
/** Both containers' Node starts are emulated where the machine is. */
const MEMORY_BYTES = 640 * 1024 ** 2;
const LINES_BEFORE = 10;
const LINES_AFTER = 20;
const PATIENCE_MS = 180_000;
const WORDS = ["one", "two"] as const;
const LAST_WORDS = /Kernel panic - not syncing: .*/;

/**
 * Shows it.
 *
 * @throws RingsideError when one of them cannot be started; nothing is left behind then
 */
export async function demonstrateCrash(launcher: Launcher, options: CrashOptions = {}): Promise<Crash> {
  const stage = options.onStage ?? (() => undefined);
  stage(`making ${INSIDE_IMAGE}`);
  buildInsideImage();
  await using undo = new AsyncDisposableStack();
  const started = async <World extends RunningWorld>(world: World): Promise<World> => {
    undo.defer(async () => {
      world.kill("SIGKILL");
      await world.exited;
    });
    return world;
  };
  const startedNs = monotonicNs();
  const container = actorOf("container", "a container of this host", "container", release());
  const neighbour = actorOf("neighbour", "another virtual machine", "vm", guestKernel().version);
  const inside = WORDS.map((word) =>
    actorOf(word, `container ${word} inside the machine that panics`, "container", guestKernel().version, true),
  );
  stage("starting a container, a machine, and a machine with two containers in it");
  await started(await countInContainer(launcher, container));
  const other = await started(
    await startVm(launcher, { image: BASE_IMAGE, command: ["ringside-counter", INTERVAL_US], env: [] }),
  );
  other.console.onData(reading(new ActorReader(new Map([["", neighbour]]))));
  const doomed = await started(
    await startVm(launcher, {
      image: INSIDE_IMAGE,
      command: ["sh", "-c", INSIDE],
      env: [],
      memoryBytes: MEMORY_BYTES,
      agent: true,
    }),
  );
  const said: string[] = [];
  const byWord = new Map(inside.map((actor) => [actor.facts.id, actor]));
  doomed.console.onData(reading(new ActorReader(byWord, (text) => said.push(text))));
  const actors = [container, neighbour, ...inside];
  const ends = [endOf(doomed, said), ...(options.signal === undefined ? [] : [aborted(options.signal)])];
  for (const actor of actors) await linesMore(actor, LINES_BEFORE, ends);
  stage("its kernel panics");
  const askedNs = monotonicNs();
  await crashGuest(doomed.directory);
  await doomed.exited;
  const goneNs = monotonicNs();
  stage("waiting for those who go on");
  for (const actor of [container, neighbour]) await linesMore(actor, LINES_AFTER, []);
  const lastWords = LAST_WORDS.exec(said.join("\n"))?.[0] ?? "";
  const { accelerator } = doomed;
  return { actors, startedNs, askedNs, goneNs, endedNs: monotonicNs(), lastWords, accelerator };
}

/** In the machine: two containers of a Ringside of its own, whose lines begin with their names. */
const INSIDE = [
  ...WORDS.map(
    (word) =>
      `ringside run --rm --name ${word} ${BASE_IMAGE} sh -c 'ringside-counter ${INTERVAL_US} | while read -r line; do echo "${word} $line"; done' &`,
  ),
  "wait",
].join("\n");

function actorOf(id: string, title: string, world: "container" | "vm", kernel: string, isInside = false): Actor {
  return new Actor({ id, title, world, kernel, isInside });
}

function reading(reader: ActorReader): (chunk: Uint8Array) => void {
  return (chunk) => reader.read(chunk, monotonicNs());
}

async function countInContainer(launcher: Launcher, actor: Actor): Promise<RunningWorld> {
  const output = openPipe();
  const nothing = openSync("/dev/null", "r+");
  try {
    const world = await startContainer(launcher, {
      image: BASE_IMAGE,
      command: ["ringside-counter", INTERVAL_US],
      env: [],
      readOnly: false,
      network: "none",
      remove: true,
      stdio: { stdin: nothing, stdout: output.writeFd, stderr: nothing },
    });
    openStream(output.readFd).onData(reading(new ActorReader(new Map([["", actor]]))));
    return world;
  } catch (error) {
    closeSync(output.readFd);
    throw error;
  } finally {
    closeSync(output.writeFd);
    closeSync(nothing);
  }
}

async function endOf(machine: VirtualMachine, said: readonly string[]): Promise<never> {
  await machine.exited;
  throw (
    machine.failure() ??
    new RingsideError(`the machine with the containers in it has ended too early: ${said.slice(-3).join("; ")}`)
  );
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new RingsideError("it was given up")), { once: true });
  });
}

/** @param ends whose rejection is the reason for which nothing more comes */
async function linesMore(actor: Actor, more: number, ends: readonly Promise<never>[]): Promise<void> {
  const until = actor.lines.length + more;
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () =>
      late.reject(
        new RingsideError(`${actor.facts.title} does not count`, { fix: "run it again on a quieter machine" }),
      ),
    PATIENCE_MS,
  );
  try {
    while (actor.lines.length < until) await Promise.race([actor.next(), late.promise, ...ends]);
  } finally {
    clearTimeout(timer);
  }
}
