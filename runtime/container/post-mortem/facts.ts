/** From what Ringside knows of a container to what a post-mortem asks: its root, its program, its limits. */
import { readFileSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import type { ExitStatus } from "../../../native/kernel.ts";
import { findImage } from "../../image/image.ts";
import type { ContainerState } from "../state.ts";
import { type ExitFacts, explainExit } from "./exit.ts";
import type { Finding } from "./finding.ts";
import { examineProgram, type ProgramFacts } from "./program.ts";
import { RootView, type ShownMount } from "./root-view.ts";

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}

function number(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) ? value : undefined;
}

/** @returns what was run, and as whom, after a configuration in config.json's shape */
export function programFacts(config: unknown): ProgramFacts {
  const { process, mounts } = record(config);
  const { args, env, cwd, user } = record(process);
  const { uid, gid, additionalGids } = record(user);
  const groups = Array.isArray(additionalGids) ? additionalGids.flatMap((each) => number(each) ?? []) : [];
  return {
    args: texts(args),
    env: texts(env),
    cwd: typeof cwd === "string" ? cwd : "/",
    uid: number(uid) ?? 0,
    gids: [number(gid) ?? 0, ...groups],
    noExecute: mountsOf(mounts)
      .filter(({ options }) => options.includes("noexec"))
      .map(({ destination }) => destination),
  };
}

function mountsOf(mounts: unknown): (ShownMount & { readonly options: readonly string[] })[] {
  return (Array.isArray(mounts) ? mounts : []).flatMap((mount) => {
    const { destination, source, options } = record(mount);
    if (typeof destination !== "string") return [];
    const given = texts(options);
    const isBind = given.some((option) => option === "bind" || option === "rbind");
    return [
      {
        destination: posix.normalize(`/${destination}`).replace(/(.)\/$/, "$1"),
        source: isBind && typeof source === "string" ? source : undefined,
        options: given,
      },
    ];
  });
}

/** @param layers directories on the host, the topmost first */
export function rootView(layers: readonly string[], config: unknown): RootView {
  return new RootView({ layers, mounts: mountsOf(record(config).mounts) });
}

function liveRootView(pid: number): RootView {
  return new RootView({ layers: [`/proc/${pid}/root`], mounts: [] });
}

/** Directories that are mounted noexec for a process: proc_pid_mountinfo(5). */
function noExecuteOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/mountinfo`, "utf8")
      .split("\n")
      .map((line) => line.split(" "))
      .filter(([, , , , , options = ""]) => options.split(",").includes("noexec"))
      .map(([, , , , place = ""]) => place);
  } catch {
    return [];
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function limitsOf(config: unknown): Pick<ExitFacts, "memoryLimitBytes" | "pidsLimit" | "cpuLimitSeconds"> {
  const { memory, pids } = record(record(record(config).linux).resources);
  const memoryLimitBytes = number(record(memory).limit);
  const pidsLimit = number(record(pids).limit);
  const { rlimits } = record(record(config).process);
  const cpu = (Array.isArray(rlimits) ? rlimits : []).map(record).find(({ type }) => type === "RLIMIT_CPU");
  const cpuLimitSeconds = number(cpu?.hard);
  return {
    ...(memoryLimitBytes !== undefined && memoryLimitBytes > 0 && { memoryLimitBytes }),
    ...(pidsLimit !== undefined && pidsLimit > 0 && { pidsLimit }),
    ...(cpuLimitSeconds !== undefined && { cpuLimitSeconds }),
  };
}

/** Looks at the program of a container whose start has failed, as the container would have seen it. */
export function programExaminer(layers: readonly string[], config: unknown): () => Finding | undefined {
  return () => safely(() => [examineProgram(rootView(layers, config), programFacts(config)) ?? []].flat())[0];
}

/**
 * Looks at the program of a further process in a container that runs, by the root of its first process: that has all
 * mounts, and nothing has to be put together.
 */
export function liveProgramExaminer(pid: number, config: unknown): () => Finding | undefined {
  return () =>
    safely(() => {
      return [examineProgram(liveRootView(pid), { ...programFacts(config), noExecute: noExecuteOf(pid) }) ?? []].flat();
    })[0];
}

/** Why a further process ended; its container runs on, and is asked for nothing but its files. */
export function livePostMortem(status: ExitStatus, pid: number, config: unknown): Finding[] {
  const program = programFacts(config);
  return safely(() => explainExit({ status, oomKilled: false, ...limitsOf(config), program, view: liveRootView(pid) }));
}

/** A hostile image must not keep its container from being removed: what goes wrong while it is looked at is a finding. */
function safely(look: () => Finding[]): Finding[] {
  try {
    return look();
  } catch (error) {
    return [
      {
        kind: "unknown",
        sentence: `why could not be found out: ${error instanceof Error ? error.message : String(error)}`,
      },
    ];
  }
}

/**
 * Why a container ended, from its state: for `run`, `inspect`, `logs` and the server alike. Nothing is written down: the
 * files are looked at when somebody asks.
 * @param pidsRefused from the reports of the end, where they are known
 * @returns empty while it runs, and for one that ended as it wanted
 */
export function postMortem(
  { exit, config, image, layer }: Pick<ContainerState, "exit" | "config" | "image" | "layer">,
  pidsRefused?: number,
): Finding[] {
  if (exit === undefined) return [];
  const isCalm = exit.status.kind === "exited" && exit.status.code === 0 && !exit.oomKilled;
  if (isCalm && (pidsRefused ?? 0) === 0) return [];
  const layers = [join(layer, "upper"), ...(findImage(image)?.lowerDirectories ?? [])].filter(isDirectory);
  const facts: ExitFacts = {
    status: exit.status,
    oomKilled: exit.oomKilled,
    ...(pidsRefused !== undefined && { pidsRefused }),
    ...limitsOf(config),
    program: programFacts(config),
    view: rootView(layers, config),
  };
  return safely(() => explainExit(facts));
}
