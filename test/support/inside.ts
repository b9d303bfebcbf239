/** Runs programs in real containers and tells what their inside saw. */
import { closeSync } from "node:fs";
import { type ExitRecord, kernelProblem, Launcher, openPipe } from "../../native/kernel.ts";
import { openStream } from "../../native/stream.ts";
import type { ContainerOptions } from "../../runtime/container/options.ts";
import type { RunningWorld } from "../../runtime/container/running.ts";
import { startContainer } from "../../runtime/container/start.ts";
import { BASE_IMAGE, findImage } from "../../runtime/image/image.ts";

/** Why no container can be started here; undefined where one can. */
export function containerProblem(): string | undefined {
  const problem = kernelProblem();
  if (problem !== undefined) return problem.reason;
  if (process.getuid?.() !== 0) return "needs root";
  return findImage(BASE_IMAGE) === undefined ? `the image ${BASE_IMAGE} has not been made` : undefined;
}

/** What a test gives when it cares for nothing but the command. */
export function plainOptions(command: readonly string[], more: Partial<ContainerOptions> = {}): ContainerOptions {
  return { image: BASE_IMAGE, command, env: [], readOnly: false, network: "none", remove: true, ...more };
}

/** Collects everything that comes through a pipe's read end. */
export async function readAll(readFd: number): Promise<string> {
  const stream = openStream(readFd);
  const chunks: Uint8Array[] = [];
  return await new Promise((resolve) => {
    stream.onData((chunk) => chunks.push(chunk));
    stream.onEnd(() => {
      stream.close();
      resolve(Buffer.concat(chunks).toString());
    });
  });
}

/** Runs `start` with a pipe as standard output and error. */
export async function withOutput(
  start: (stdio: { stdin: number; stdout: number; stderr: number }) => Promise<RunningWorld>,
): Promise<{ world: RunningWorld; output: Promise<string> }> {
  const pipe = openPipe();
  const output = readAll(pipe.readFd);
  try {
    const world = await start({ stdin: pipe.readFd, stdout: pipe.writeFd, stderr: pipe.writeFd });
    return { world, output };
  } finally {
    closeSync(pipe.writeFd);
  }
}

/** Runs a shell script in a new container to its end. */
export async function inside(
  script: string,
  more: Partial<ContainerOptions> = {},
): Promise<{ output: string; exit: ExitRecord; world: RunningWorld }> {
  await using launcher = await Launcher.open();
  const options = plainOptions(["sh", "-c", script], more);
  const { world, output } = await withOutput((stdio) => startContainer(launcher, { ...options, stdio }));
  const exit = await world.exited;
  return { output: await output, exit, world };
}
