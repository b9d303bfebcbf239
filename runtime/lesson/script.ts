/**
 * Runs a shell script inside a container, as root. The text goes in through a pipe to `sh -s`: no host file is mounted or
 * opened in the container, and the learner's `ps` does not show it.
 */
import { closeSync, readFileSync, readSync, writeSync } from "node:fs";
import { errorCode } from "../../native/error-code.ts";
import { type Launcher, openPipe } from "../../native/kernel.ts";
import { execInContainer } from "../container/exec.ts";
import { RingsideError } from "../error.ts";

export interface ScriptOptions {
  /** `NAME=value`, added to the image's own. */
  readonly env?: readonly string[];
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export type ScriptResult =
  | { readonly kind: "ended"; readonly code: number; readonly output: string; readonly errors: string }
  | { readonly kind: "timed out"; readonly output: string; readonly errors: string };

/** What a pipe holds by default (pipe(7)); the script has to fit, since it is written before anybody reads. */
const PIPE_BYTES = 64 * 1024;

/**
 * Runs a script of the host in a container and waits for it. Its background processes may go on.
 * @param container id or name
 * @param file the script on the host
 * @throws RingsideError when it is too long, or cannot be started in the container
 */
export async function runScript(
  launcher: Launcher,
  container: string,
  file: string,
  options: ScriptOptions,
): Promise<ScriptResult> {
  using descriptors = new DisposableStack();
  const stdin = filledPipe(file, descriptors);
  const output = openCapture(descriptors);
  const errors = openCapture(descriptors);
  const process = await execInContainer(launcher, container, {
    command: ["sh", "-s"],
    env: options.env ?? [],
    stdio: { stdin, stdout: output.writeFd, stderr: errors.writeFd },
  });
  const limit = AbortSignal.any([AbortSignal.timeout(options.timeoutMs), ...(options.signal ? [options.signal] : [])]);
  const kill = () => process.kill("SIGKILL");
  limit.addEventListener("abort", kill);
  if (limit.aborted) kill();
  const { status } = await process.exited;
  limit.removeEventListener("abort", kill);
  const said = { output: output.read(), errors: errors.read() };
  if (status.kind === "exited") return { kind: "ended", code: status.code, ...said };
  if (limit.aborted) return { kind: "timed out", ...said };
  throw new RingsideError(`run ${file} in ${container}: it was ended by ${status.signal}`);
}

/** The reading end of a pipe that holds the script, all of it, and then its end. */
function filledPipe(file: string, descriptors: DisposableStack): number {
  const text = readFileSync(file);
  if (text.length > PIPE_BYTES) throw new RingsideError(`run ${file}: a script has at most ${PIPE_BYTES} bytes`);
  const { readFd, writeFd } = openPipe();
  descriptors.defer(() => closeSync(readFd));
  writeSync(writeFd, text);
  closeSync(writeFd);
  return readFd;
}

/**
 * A pipe that is read once, after the script's end. A script that writes more than a pipe holds waits and is ended by its
 * time limit; a background process that keeps the other end does not keep us waiting.
 */
function openCapture(descriptors: DisposableStack): { writeFd: number; read(): string } {
  const { readFd, writeFd } = openPipe();
  descriptors.defer(() => closeSync(readFd));
  descriptors.defer(() => closeSync(writeFd));
  return { writeFd, read: () => drain(readFd) };
}

function drain(fd: number): string {
  const chunk = Buffer.alloc(PIPE_BYTES);
  try {
    // One read of a pipe returns all that it holds, up to the buffer's size.
    return chunk.subarray(0, readSync(fd, chunk)).toString("utf8");
  } catch (error) {
    if (errorCode(error) === "EAGAIN") return "";
    throw error;
  }
}
