/** Detached containers for tests: in a state directory of the test's own, and gone after it, whatever happened. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished, vi } from "vitest";
import { type DetachedContainer, type DetachedOptions, startDetached } from "../../runtime/container/detached.ts";
import { type LogOptions, logDirectory, readLog } from "../../runtime/container/logs.ts";
import { isAlive } from "../../runtime/container/process-identity.ts";
import { type ContainerState, findContainer, listContainers } from "../../runtime/container/state.ts";
import { removeContainer } from "../../runtime/container/stop.ts";
import { sweep } from "../../runtime/container/sweep.ts";
import { plainOptions } from "./inside.ts";
import { untilEmpty } from "./leftovers.ts";
import { temporaryDirectory } from "./temporary.ts";

/** @returns a state directory that this process and the commands that it starts use until the end of the test */
export function ownRoot(): string {
  const root = temporaryDirectory();
  vi.stubEnv("RINGSIDE_ROOT", root);
  onTestFinished(async () => {
    await sweep();
    for (const { id } of listContainers()) await removeContainer(id, { force: true });
    vi.unstubAllEnvs();
  });
  return root;
}

/** Starts a shell script that lives on by itself. */
export async function detached(
  script: string,
  more: Partial<DetachedOptions> = {},
): Promise<DetachedContainer & { state(): ContainerState }> {
  const options = { ...plainOptions(["sh", "-c", script]), input: false, remove: false, ...more };
  const container = await startDetached(options);
  return { ...container, state: () => findContainer(container.id) };
}

/** All that a container has printed, by stream; with `follow` until its end. */
export async function printed(
  id: string,
  options: Partial<LogOptions> = {},
): Promise<{ stdout: string; stderr: string; lost: number }> {
  const chunks: { stdout: Uint8Array[]; stderr: Uint8Array[] } = { stdout: [], stderr: [] };
  let lost = 0;
  for await (const piece of readLog(findContainer(id), { follow: false, ...options })) {
    if (piece.kind === "lost") lost++;
    else chunks[piece.stream].push(piece.data);
  }
  return {
    stdout: Buffer.concat(chunks.stdout).toString(),
    stderr: Buffer.concat(chunks.stderr).toString(),
    lost,
  };
}

/** Waits until `look` is true, for at most half a minute. */
export async function until(look: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await look())) {
    if (Date.now() > deadline) throw new Error(`never came true: ${look.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Waits until the log holds `text`. */
export async function untilPrinted(id: string, text: string): Promise<void> {
  await until(async () => (await printed(id)).stdout.includes(text));
}

/** Waits until the monitor of a container has ended. */
export async function monitorGone({ owner }: ContainerState): Promise<void> {
  await untilEmpty(() => (isAlive(owner.pid, owner.startTicks) ? [owner.pid] : []));
}

/** A file of the log's directory, as bytes. */
export function logFile(id: string, name: string): Buffer {
  return readFileSync(join(logDirectory(id), name));
}
