/** The start of a container, from options to a running process, and the news of its end. */
import { randomBytes } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { type ExitRecord, type Launcher, monotonicNs } from "../../native/kernel.ts";
import { parseReports } from "../cgroup/reports.ts";
import { RingsideError } from "../error.ts";
import { BASE_IMAGE, findImage, type Image } from "../image/image.ts";
import { compileContainer } from "./compile.ts";
import { explainFailure } from "./failure.ts";
import type { ContainerOptions } from "./options.ts";
import { processIdentity } from "./process-identity.ts";
import type { RunningWorld } from "./running.ts";
import { type ContainerRecord, checkName, release, reserve, writeRecord } from "./state.ts";
import { runningWorld } from "./world.ts";

const ID_BYTES = 6;

/** @throws RingsideError when there is no such image */
export function requireImage(name: string): Image {
  const image = findImage(name);
  if (image !== undefined) return image;
  throw new RingsideError(`there is no image ${name}`, {
    fix:
      name === BASE_IMAGE
        ? "ringside image build"
        : `ringside image ls shows which there are; ${BASE_IMAGE} is always one`,
  });
}

/** Twelve hexadecimal digits, as Docker shows them. */
export function newId(): string {
  return randomBytes(ID_BYTES).toString("hex");
}

/**
 * Starts a container that belongs to this process (ownership "lab"): when this process goes, so does the container.
 * @returns once its program has been exec'd
 * @throws RingsideError saying what was wrong; nothing is left behind then
 */
export async function startContainer(launcher: Launcher, options: ContainerOptions): Promise<RunningWorld> {
  const requestedNs = monotonicNs();
  const image = requireImage(options.image);
  const id = newId();
  const name = options.name ?? id;
  checkName(name);
  const compiled = compileContainer(id, options, image);
  reserve(id, name);
  const record = newRecord(id, name, options, compiled.cgroups, compiled.directories.base, { ...compiled.config });
  const program = compiled.config.process.args[0] ?? "";
  try {
    writeRecord(record);
    const nothing = openSync("/dev/null", "r+");
    const { stdin, stdout, stderr } = options.stdio ?? { stdin: nothing, stdout: nothing, stderr: nothing };
    const process = await launcher.start(compiled.plan, [stdin, stdout, stderr]).finally(() => {
      closeSync(nothing);
    });
    const { startTicks = 0 } = processIdentity(process.pid) ?? {};
    const started: ContainerRecord = { ...record, init: { pid: process.pid, startTicks } };
    writeRecord(started);
    const facts = {
      title: `container ${name}`,
      world: "container" as const,
      plan: compiled.plan,
      requestedNs,
      date: record.createdAt,
    };
    const world = runningWorld(id, name, process, facts);
    const exited = world.exited.then((exit) => {
      finish(started, exit);
      return exit;
    });
    return { ...world, exited };
  } catch (error) {
    release(id, name, compiled.cgroups);
    throw explainFailure(error, program, options.memoryBytes);
  }
}

function newRecord(
  id: string,
  name: string,
  options: ContainerOptions,
  cgroups: readonly string[],
  layer: string,
  config: Record<string, unknown>,
): ContainerRecord {
  return {
    schema: "ringside.container/1",
    id,
    name,
    image: options.image,
    command: [...options.command],
    createdAt: new Date().toISOString(),
    owner: { kind: "lab", pid: process.pid, startTicks: processIdentity(process.pid)?.startTicks ?? 0 },
    remove: options.remove,
    cgroups: [...cgroups],
    layer,
    labels: { ...options.labels },
    config,
  };
}

function finish(record: ContainerRecord, exit: ExitRecord): void {
  if (record.remove) {
    release(record.id, record.name, record.cgroups);
    return;
  }
  const { oomKilled } = parseReports(exit.reports);
  writeRecord({ ...record, exit: { status: exit.status, at: new Date().toISOString(), oomKilled } });
}
