/** Another program, run to its end through the launcher: hooks, and ps(1). */
import { closeSync, openSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ExitStatus, type Launcher, openPipe } from "../../../native/kernel.ts";
import { openStream } from "../../../native/stream.ts";
import { processPlan } from "../../process/start.ts";

export interface Program {
  readonly argv: readonly string[];
  /** What is executed, where it is not the first argument. */
  readonly path?: string;
  readonly env: readonly string[];
  readonly cwd?: string;
  /** What it finds on standard input, and a directory in which that may lie for a moment. */
  readonly input?: { readonly text: string; readonly directory: string };
  /** It is killed then. */
  readonly timeoutMs?: number;
}

export interface ProgramEnd {
  readonly status: ExitStatus;
  /** Standard output and error together. */
  readonly output: string;
  readonly timedOut: boolean;
}

/** What is kept of a program's output: a hook that floods must not fill our memory. */
const MOST_OUTPUT_BYTES = 64 * 1024;

function collect(readFd: number): Promise<string> {
  const stream = openStream(readFd);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  return new Promise((resolve) => {
    stream.onData((chunk) => {
      if (bytes < MOST_OUTPUT_BYTES) chunks.push(chunk);
      bytes += chunk.length;
    });
    stream.onEnd(() => {
      stream.close();
      resolve(Buffer.concat(chunks).toString("utf8", 0, MOST_OUTPUT_BYTES));
    });
  });
}

/** A file without a name: it can be of any size, and unlike a pipe needs nobody to write while the program reads. */
function openInput(input: Program["input"]): number {
  if (input === undefined) return openSync("/dev/null", "r");
  const path = join(input.directory, `.input.${process.pid}`);
  writeFileSync(path, input.text, { mode: 0o600 });
  try {
    return openSync(path, "r");
  } finally {
    rmSync(path);
  }
}

/**
 * Runs a program and waits for its end.
 * @throws StepError when it cannot be started
 */
export async function runProgram(launcher: Launcher, program: Program): Promise<ProgramEnd> {
  const { argv, path, env, cwd, timeoutMs } = program;
  const plan = processPlan({ argv, env, ...(cwd !== undefined && { cwd }) }).map((step) =>
    step.op === "execute" && path !== undefined ? { ...step, candidates: [path] } : step,
  );
  const pipe = openPipe();
  const input = openInput(program.input);
  const output = collect(pipe.readFd);
  let timedOut = false;
  let timer: NodeJS.Timeout | undefined;
  try {
    const started = await launcher.start(plan, [input, pipe.writeFd, pipe.writeFd]);
    closeSync(pipe.writeFd);
    if (timeoutMs !== undefined) {
      timer = setTimeout(() => {
        timedOut = true;
        started.kill("SIGKILL");
      }, timeoutMs);
    }
    const { status } = await started.exited;
    return { status, output: await output, timedOut };
  } catch (error) {
    closeSync(pipe.writeFd);
    throw error;
  } finally {
    clearTimeout(timer);
    closeSync(input);
  }
}
