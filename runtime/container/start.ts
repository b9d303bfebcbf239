/** The start of a container, from options to a running process, and the news of its end. */
import { closeSync, openSync } from "node:fs";
import { type ExitRecord, type Launcher, monotonicNs, type OnPause, type StartedProcess } from "../../native/kernel.ts";
import type { Plan } from "../../native/plan/plan.ts";
import { parseReports } from "../cgroup/reports.ts";
import { RingsideError } from "../error.ts";
import { BASE_IMAGE, findImage, type Image } from "../image/image.ts";
import { compileContainer } from "./compile.ts";
import { appendEvent } from "./events.ts";
import { exitCodeOf } from "./exit-code.ts";
import { explainFailure } from "./failure.ts";
import { newId } from "./new-id.ts";
import type { ContainerOptions } from "./options.ts";
import type { Finding } from "./post-mortem/finding.ts";
import { ownIdentity, processIdentity } from "./process-identity.ts";
import { type ContainerRecord, writeRecord } from "./record.ts";
import { checkName, publishRecord, release, reserve } from "./reserve.ts";
import type { RunningWorld, WorldExit } from "./running.ts";
import { argumentsOf } from "./spec.ts";
import { runningWorld } from "./world.ts";

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

/** How a start is looked at while it goes on. */
export interface StartWatching {
  /** Adds pauses to the plan (runtime/plan/pauses.ts). */
  readonly addPauses?: (plan: Plan) => Plan;
  /** Called at each of them; the start goes on when the promise is fulfilled, and fails with its reason otherwise. */
  readonly onPause?: OnPause;
}

export interface StartedContainer extends RunningWorld {
  /** What was asked for and is not had, in words. */
  readonly warnings: readonly string[];
}

/**
 * Starts a container that belongs to this process (ownership "lab"): when this process goes, so does the container.
 * @returns once its program has been exec'd
 * @throws RingsideError saying what was wrong; nothing is left behind then
 */
export async function startContainer(
  launcher: Launcher,
  options: ContainerOptions,
  watching: StartWatching = {},
): Promise<StartedContainer> {
  const requestedNs = monotonicNs();
  const image = requireImage(options.image);
  const id = newId();
  const name = options.name ?? id;
  checkName(name);
  const compiled = compileContainer(id, options, image);
  const plan = watching.addPauses?.(compiled.plan) ?? compiled.plan;
  const owner = { kind: "lab" as const, ...ownIdentity() };
  reserve(id, name, owner);
  const record = newRecord(id, name, withWholeCommand(options, image), {
    owner,
    cgroups: compiled.cgroups,
    layer: compiled.directories.base,
    config: { ...compiled.config },
  });
  const program = compiled.config.process.args[0] ?? "";
  try {
    const nothing = openSync("/dev/null", "r+");
    const { stdin, stdout, stderr } = options.stdio ?? { stdin: nothing, stdout: nothing, stderr: nothing };
    const { onPause } = watching;
    const starting = launcher.start(plan, [stdin, stdout, stderr], onPause && { onPause }).finally(() => {
      closeSync(nothing);
    });
    await whileStarting(starting, () => {
      publishRecord(record);
      appendEvent("create", record);
    });
    const process = await starting;
    const { startTicks = 0 } = processIdentity(process.pid) ?? {};
    const started: ContainerRecord = { ...record, init: { pid: process.pid, startTicks } };
    writeRecord(started);
    appendEvent("start", record);
    const facts = {
      title: `container ${name}`,
      world: "container" as const,
      plan,
      requestedNs,
      date: record.createdAt,
    };
    const world = runningWorld(id, name, process, facts);
    const exited = world.exited.then((exit) => finish(started, exit));
    return { ...world, exited, warnings: compiled.warnings };
  } catch (error) {
    const { directories, config } = compiled;
    const { programExaminer } = await import("./post-mortem/facts.ts");
    const examine = programExaminer(directories.lower, config);
    const explained = explainFailure(error, { program, limitBytes: options.memoryBytes, examine });
    await release(id, name, compiled.cgroups);
    throw explained;
  }
}

/** Writes down what is being started while the launcher is at work: nobody has to wait for a file. */
async function whileStarting(starting: Promise<StartedProcess>, work: () => void): Promise<void> {
  try {
    work();
  } catch (error) {
    const process = await starting.catch(() => undefined);
    process?.kill("SIGKILL");
    await process?.exited;
    throw error;
  }
}

/** @returns the same with the words that run, the image's own among them: what people see of a container. */
export function withWholeCommand<Options extends Pick<ContainerOptions, "command" | "entrypoint">>(
  options: Options,
  image: Image,
): Options {
  return { ...options, command: argumentsOf(image.config, options.command, options.entrypoint) };
}

/** What is known of a container before it starts. */
export function newRecord(
  id: string,
  name: string,
  options: Pick<ContainerOptions, "image" | "command" | "remove" | "labels" | "stopSignal" | "stopTimeoutMs">,
  made: Pick<ContainerRecord, "owner" | "layer" | "config"> & { readonly cgroups: readonly string[] },
): ContainerRecord {
  return {
    schema: "ringside.container/1",
    id,
    name,
    image: options.image,
    command: [...options.command],
    createdAt: new Date().toISOString(),
    remove: options.remove,
    labels: { ...options.labels },
    ...(options.stopSignal !== undefined && { stopSignal: options.stopSignal }),
    ...(options.stopTimeoutMs !== undefined && { stopTimeoutMs: options.stopTimeoutMs }),
    ...made,
    cgroups: [...made.cgroups],
  };
}

/** Most containers end as they want to: then nothing of a post-mortem is loaded. */
async function findingsOf(ended: ContainerRecord, pidsRefused: number): Promise<readonly Finding[]> {
  const { status, oomKilled } = ended.exit ?? {};
  if (status?.kind === "exited" && status.code === 0 && oomKilled !== true && pidsRefused === 0) return [];
  const { postMortem } = await import("./post-mortem/facts.ts");
  return postMortem(ended, pidsRefused);
}

async function finish(record: ContainerRecord, exit: ExitRecord): Promise<WorldExit> {
  const { oomKilled, pidsRefused } = parseReports(exit.reports);
  const ended = { ...record, exit: { status: exit.status, at: new Date().toISOString(), oomKilled } };
  const findings = await findingsOf(ended, pidsRefused ?? 0);
  appendEvent("die", record, { exitCode: exitCodeOf(exit.status), oomKilled });
  if (record.remove) {
    await release(record.id, record.name, record.cgroups);
    appendEvent("destroy", record);
  } else writeRecord(ended);
  return { ...exit, findings };
}
