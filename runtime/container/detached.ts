/**
 * The start of a container that outlives the command (ownership "monitor"): its launcher stays behind as its parent.
 * Until the very end of the start the launcher belongs to us, so a start that is cut short leaves nothing.
 */
import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { Launcher, monotonicNs } from "../../native/kernel.ts";
import type { Timeline } from "../../simulator/trace/timeline.ts";
import { compileContainer } from "./compile.ts";
import { places } from "./directories.ts";
import { appendEvent } from "./events.ts";
import { explainFailure } from "./failure.ts";
import { DEFAULT_LOG_BOUNDS, type LogBounds, monitoredPlan } from "./monitor-steps.ts";
import { newId } from "./new-id.ts";
import type { ContainerOptions } from "./options.ts";
import { ownIdentity, processIdentity } from "./process-identity.ts";
import { type ContainerRecord, writeRecord } from "./record.ts";
import { checkName, publishRecord, release, reserve } from "./reserve.ts";
import { newRecord, requireImage, withWholeCommand } from "./start.ts";
import { type StartFacts, startTimeline } from "./start-timeline.ts";

export interface DetachedOptions extends Omit<ContainerOptions, "stdio"> {
  /** Its standard input stays open for whoever attaches. */
  readonly input: boolean;
  readonly log?: LogBounds;
}

export interface DetachedContainer {
  readonly id: string;
  readonly name: string;
  readonly pid: number;
  /** What was asked for and is not had, in words. */
  readonly warnings: readonly string[];
  timeline(): Timeline;
}

/**
 * Starts a container and leaves it to its monitor.
 * @returns once its program has been exec'd and nothing of it depends on this process any more
 * @throws RingsideError saying what was wrong; nothing is left behind then
 */
export async function startDetached(options: DetachedOptions): Promise<DetachedContainer> {
  const requestedNs = monotonicNs();
  const image = requireImage(options.image);
  const id = newId();
  const name = options.name ?? id;
  checkName(name);
  const compiled = compileContainer(id, options, image, { ownership: "monitor" });
  const { config, cgroups, directories, plan: own, warnings } = compiled;
  const where = places();
  const plan = monitoredPlan(own, {
    id,
    name,
    image: options.image,
    places: where,
    layer: directories.base,
    terminal: options.terminal !== undefined,
    input: options.input,
    remove: options.remove,
    bounds: options.log ?? DEFAULT_LOG_BOUNDS,
  });
  reserve(id, name, ownIdentity());
  const launcher = await Launcher.open();
  try {
    mkdirSync(join(where.logs, id), { recursive: true, mode: 0o700 });
    const owner = { kind: "monitor" as const, ...identityOf(launcher.pid) };
    const record = newRecord(id, name, withWholeCommand(options, image), {
      owner,
      cgroups,
      layer: directories.base,
      config: { ...config },
    });
    publishRecord(record);
    appendEvent("create", record);
    const process = await startWithoutInput(launcher, plan);
    const started: ContainerRecord = { ...record, init: identityOf(process.pid) };
    writeRecord(started);
    appendEvent("start", record);
    await launcher.leave();
    const facts: StartFacts = {
      title: `container ${name}`,
      world: "container",
      plan,
      requestedNs,
      date: record.createdAt,
      steps: process.steps,
      startedNs: process.startedNs,
    };
    return { id, name, pid: process.pid, warnings, timeline: () => startTimeline(facts, undefined) };
  } catch (error) {
    await launcher.close();
    const { programExaminer } = await import("./post-mortem/facts.ts");
    const { memoryBytes: limitBytes } = options;
    const program = config.process.args[0] ?? "";
    const explained = explainFailure(error, {
      program,
      limitBytes,
      examine: programExaminer(directories.lower, config),
    });
    await release(id, name, cgroups);
    throw explained;
  }
}

function identityOf(pid: number): { pid: number; startTicks: number } {
  return { pid, startTicks: processIdentity(pid)?.startTicks ?? 0 };
}

/** The monitor puts its own pipes into the places of output and error. */
async function startWithoutInput(launcher: Launcher, plan: Parameters<Launcher["start"]>[0]) {
  const nothing = openSync("/dev/null", "r+");
  try {
    return await launcher.start(plan, [nothing, nothing, nothing]);
  } finally {
    closeSync(nothing);
  }
}
