/** Starts the measuring program in a world and takes what it says. */
import { closeSync, openSync, readSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ExitStatus } from "../../../native/kernel.ts";
import type { RunningWorld } from "../../container/running.ts";
import type { Stdio } from "../measure.ts";
import type { Workbench } from "../system.ts";
import { type Output, parseOutput } from "./output.ts";

export interface StartRequest<Running extends RunningWorld> {
  /** Asks for the program with these descriptors. */
  readonly start: (stdio: Stdio) => Promise<Running>;
  /** Kills what runs. Left out for an engine's command: killed half-way it leaves things behind, and it ends soon. */
  readonly signal?: AbortSignal;
  readonly timeLimitMs: number;
  /** Why it failed, where the world knows more than its exit status. */
  readonly explain?: (world: Running) => Error | undefined;
}

/** Far above what the program prints; a world that says more is not listened to. */
const MOST_OUTPUT_BYTES = 4 * 1024 ** 2;

/**
 * Starts and waits.
 * @throws Error when the program did not end with 0, or said nothing; with the abort's reason when the signal came
 */
export async function outputOf<Running extends RunningWorld>(
  { directory }: Pick<Workbench, "directory">,
  { start, signal, timeLimitMs, explain }: StartRequest<Running>,
): Promise<Output> {
  using descriptors = new DisposableStack();
  const open = (path: string, flags: string): number => descriptors.adopt(openSync(path, flags), closeSync);
  const [outputFile, errorFile] = [join(directory, "overhead-output"), join(directory, "overhead-errors")];
  for (const file of [outputFile, errorFile]) descriptors.defer(() => rmSync(file, { force: true }));
  const stdio = { stdin: open("/dev/null", "r"), stdout: open(outputFile, "w+"), stderr: open(errorFile, "w+") };
  const limit = AbortSignal.any([AbortSignal.timeout(timeLimitMs), ...(signal === undefined ? [] : [signal])]);
  const world = await start(stdio);
  const kill = (): void => world.kill("SIGKILL");
  limit.addEventListener("abort", kill);
  if (limit.aborted) kill();
  const { status } = await world.exited;
  limit.removeEventListener("abort", kill);
  signal?.throwIfAborted();
  const output = parseOutput(contentOf(stdio.stdout));
  if (status.kind === "exited" && status.code === 0 && output.samples.size > 0) return output;
  throw explain?.(world) ?? new Error(failure(status, limit.aborted, contentOf(stdio.stderr)));
}

function contentOf(fd: number): string {
  const buffer = Buffer.alloc(MOST_OUTPUT_BYTES);
  let length = 0;
  for (;;) {
    const count = readSync(fd, buffer, length, buffer.length - length, length);
    length += count;
    if (count === 0) return buffer.toString("utf8", 0, length);
  }
}

function failure(status: ExitStatus, isLate: boolean, errors: string): string {
  const how = isLate
    ? "did not end in time and was killed"
    : status.kind === "signaled"
      ? `was ended by ${status.signal}`
      : status.code === 0
        ? "ended without a sample"
        : `ended with status ${status.code}`;
  const said = errors.trim().split("\n").at(-1)?.trim() ?? "";
  return `${how}${said === "" ? "" : `: ${said}`}`;
}
