/**
 * One timed start: a pipe of ours is the program's standard output; the clock runs from the request until the pipe can be
 * read (the program's first byte) and until everything is gone. CLOCK_MONOTONIC throughout, the launcher's clock too.
 */

import { closeSync, openSync, readFileSync, readSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { type ExitRecord, type ExitStatus, monotonicNs, openPipe, pollDescriptor } from "../../native/kernel.ts";
import type { RunningWorld } from "../container/running.ts";
import type { StartEnds } from "./plan-stages.ts";
import type { Sample, Stage } from "./system.ts";

/** What a start gets as its standard input, output and error. */
export interface Stdio {
  readonly stdin: number;
  readonly stdout: number;
  readonly stderr: number;
}

export interface MeasureOptions<World extends RunningWorld = RunningWorld> {
  /**
   * Kills what runs. Left out for a command that ends soon: an engine that is killed half-way leaves its monitor, mounts and
   * control groups behind.
   */
  readonly signal?: AbortSignal;
  /** Where the program serves: asked as soon as its byte is here, and `ready` is its answer. */
  readonly port?: number | undefined;
  /** Where the time went, asked after its end. */
  readonly stages?: (world: World, exit: ExitRecord, ends: StartEnds) => readonly Stage[] | undefined;
  /** A file that standard error goes to, so that a failure can be explained. */
  readonly errorFile: string;
  /** What the program reads; /dev/null unless said otherwise. */
  readonly inputFile?: string;
  /** When the kernel switched to the program, asked after its end; for a command that starts the program, nobody saw. */
  readonly firstInstructionNs?: (world: World, exit: ExitRecord) => number | undefined;
  /** Why it failed, where the world knows more than its exit status and standard error. */
  readonly explain?: (world: World) => Error | undefined;
  readonly timeLimitMs: number;
  /**
   * `fork`: from the launcher's fork until it has waited for the command, as hyperfine(1) and time(1) count; what it takes to
   * ask the launcher is not the command's. `request`, unless said otherwise: from the question until we know of the end.
   */
  readonly clock?: "request" | "fork";
}

/**
 * Times one start.
 * @param start asks for the program with these descriptors; the clock starts just before it is called
 * @throws Error with the exit status and what was written to standard error when the program did not end with 0 after
 *   its first byte; with the abort's reason when the signal came
 */
export async function measureStart<World extends RunningWorld>(
  start: (stdio: Stdio) => Promise<World>,
  options: MeasureOptions<World>,
): Promise<Sample> {
  using descriptors = new DisposableStack();
  const { readFd, writeFd } = openPipe();
  descriptors.defer(() => closeSync(readFd));
  const stdout = descriptors.adopt({ fd: writeFd, open: true }, closeOnce);
  const stdin = openSync(options.inputFile ?? "/dev/null", "r");
  descriptors.defer(() => closeSync(stdin));
  const stderr = openSync(options.errorFile, "w");
  descriptors.defer(() => closeSync(stderr));

  const firstByte = whenReadable(readFd, descriptors);
  const ready = options.port === undefined ? undefined : whenAnswered(firstByte, options.port);
  // Awaited at the end; until then a failure waits too.
  firstByte.catch(() => undefined);
  ready?.catch(() => undefined);
  const limit = AbortSignal.any([
    AbortSignal.timeout(options.timeLimitMs),
    ...(options.signal ? [options.signal] : []),
  ]);
  const askedNs = monotonicNs();
  const world = await start({ stdin, stdout: writeFd, stderr });
  // From now on only the program holds the writing end: if it ends without a byte, the pipe says so.
  closeOnce(stdout);
  const kill = () => world.kill("SIGKILL");
  limit.addEventListener("abort", kill);
  if (limit.aborted) kill();
  const exit = await world.exited;
  const knownNs = monotonicNs();
  limit.removeEventListener("abort", kill);
  options.signal?.throwIfAborted();
  const firstByteNs = await firstByte;
  if (firstByteNs === undefined || exit.status.kind !== "exited" || exit.status.code !== 0) {
    const errors = readFileSync(options.errorFile, "utf8");
    throw options.explain?.(world) ?? new Error(failure(exit.status, firstByteNs !== undefined, limit.aborted, errors));
  }
  // We may hear of the byte after the program's end, and the launcher of the execve after the byte: each came before what
  // followed from it.
  const byteNs = Math.min(firstByteNs, exit.exitedNs);
  const [requestedNs, goneNs] =
    options.clock === "fork" ? [forkedNs(world, askedNs), exit.exitedNs] : [askedNs, knownNs];
  const instructionNs = options.firstInstructionNs?.(world, exit);
  const readyNs = await ready;
  const stages = options.stages?.(world, exit, { requestedNs, goneNs });
  const sinceRequest = (atNs: number) => (atNs - requestedNs) / 1e6;
  return {
    requestedNs,
    ...(instructionNs === undefined ? {} : { firstInstruction: sinceRequest(Math.min(instructionNs, byteNs)) }),
    firstByte: sinceRequest(byteNs),
    ...(readyNs === undefined ? {} : { ready: sinceRequest(Math.min(readyNs, goneNs)) }),
    gone: sinceRequest(goneNs),
    ...(stages === undefined ? {} : { stages }),
  };
}

function closeOnce(end: { fd: number; open: boolean }): void {
  if (end.open) closeSync(end.fd);
  end.open = false;
}

/** When the first byte can be read; undefined when the pipe ended without one. */
function whenReadable(fd: number, descriptors: DisposableStack): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const poll = pollDescriptor(fd, "readable", () => {
      const atNs = monotonicNs();
      poll.stop();
      // Thrown here, an error would have nobody to catch it.
      try {
        resolve(readSync(fd, Buffer.alloc(64)) > 0 ? atNs : undefined);
      } catch (error) {
        reject(error);
      }
    });
    descriptors.defer(() => poll.stop());
  });
}

/**
 * When the server has answered: it is asked once, as soon as its byte says that it listens. So nobody polls.
 * @throws Error when it did not answer
 */
async function whenAnswered(firstByte: Promise<number | undefined>, port: number): Promise<number | undefined> {
  if ((await firstByte) === undefined) return undefined;
  return new Promise((resolve, reject) => {
    const client = connect({ port, host: "127.0.0.1", noDelay: true });
    client.once("data", () => {
      const atNs = monotonicNs();
      client.destroy();
      resolve(atNs);
    });
    client.once("error", (error) => reject(new Error(`the server on port ${port} was asked: ${error.message}`)));
    client.once("end", () => reject(new Error(`the server on port ${port} hung up without an answer`)));
  });
}

function failure(status: ExitStatus, wrote: boolean, timedOut: boolean, errors: string): string {
  const how = timedOut
    ? "did not end in time and was killed"
    : status.kind === "signaled"
      ? `was ended by ${status.signal}`
      : `ended with status ${status.code}`;
  const said = errors.trim().split("\n").at(-1)?.trim() ?? "";
  return `${how}${wrote ? "" : " without a byte from the program"}${said === "" ? "" : `: ${said}`}`;
}

/** When the launcher began to fork; the plan's report counts from the request. */
function forkedNs({ planReport }: RunningWorld, askedNs: number): number {
  return askedNs + (planReport.find(({ op }) => op === "clone")?.startNs ?? 0);
}

/** For what the launcher executes itself: execve succeeded. */
export function execveNs(world: RunningWorld): number {
  return world.startedNs;
}

/** What a command prints, for versions and the like: not timed. */
export async function captureOutput(
  start: (stdio: Stdio) => Promise<RunningWorld>,
  outputFile: string,
): Promise<{ succeeded: boolean; output: string }> {
  using descriptors = new DisposableStack();
  const stdin = openSync("/dev/null", "r");
  descriptors.defer(() => closeSync(stdin));
  const output = openSync(outputFile, "w");
  descriptors.defer(() => closeSync(output));
  descriptors.defer(() => rmSync(outputFile, { force: true }));
  const world = await start({ stdin, stdout: output, stderr: output });
  const { status } = await world.exited;
  return { succeeded: status.kind === "exited" && status.code === 0, output: readFileSync(outputFile, "utf8") };
}
