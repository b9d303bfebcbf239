/**
 * A further process in a running container: its namespaces joined in one call, its control groups, and the same
 * restrictions as its first process. setns(2), pid_namespaces(7).
 */
import { closeSync, openSync } from "node:fs";
import { type ExitRecord, type Launcher, monotonicNs } from "../../native/kernel.ts";
import type { Plan } from "../../native/plan/plan.ts";
import { detectCgroups } from "../cgroup/layout.ts";
import { RingsideError } from "../error.ts";
import { cacheDirectory } from "../image/cache.ts";
import type { NamespaceType, OciProcess } from "../oci/config.ts";
import { DEFAULT_PATH } from "../oci/defaults.ts";
import { parseConfig } from "../oci/parse.ts";
import { enterSteps, insideTerminalSteps } from "../plan/enter.ts";
import { isApart } from "../plan/namespaces.ts";
import { processSteps } from "../plan/process.ts";
import { cachedFilter } from "../plan/seccomp/filter-cache.ts";
import { seccompSteps } from "../plan/seccomp-steps.ts";
import { Slots } from "../plan/slots.ts";
import { RECEIVED_SLOTS } from "../plan/terminal.ts";
import { becomeRootStep } from "../plan/user-namespace.ts";
import { explainFailure } from "./failure.ts";
import type { Finding } from "./post-mortem/finding.ts";
import { ownPrivilege } from "./privilege.ts";
import type { RunningWorld, TerminalSize } from "./running.ts";
import { capabilitiesOf, mergeEnv } from "./spec.ts";
import { type ContainerState, findContainer, itIs } from "./state.ts";
import { type ResolvedUser, readerBelow, resolveUser } from "./user.ts";
import { runningWorld } from "./world.ts";

export interface ExecOptions {
  readonly command: readonly string[];
  readonly env: readonly string[];
  readonly cwd?: string;
  readonly user?: string;
  readonly terminal?: TerminalSize;
  readonly stdio?: { readonly stdin: number; readonly stdout: number; readonly stderr: number };
}

/** All that a container of ours may have; one that it shares with the host is joined without effect. */
const JOINED: readonly NamespaceType[] = ["pid", "mount", "network", "uts", "ipc", "cgroup"];

type ExecProcess = OciProcess & { readonly env: readonly string[] };

interface Init {
  readonly pid: number;
  readonly startTicks: number;
}

/** Nobody but the container's own: by number, since names may have come to mean others meanwhile. */
function execUser({ user }: ExecOptions, own: OciProcess | undefined, init: Init): ResolvedUser {
  const read = readerBelow([`/proc/${init.pid}/root`]);
  if (user !== undefined || own === undefined) return resolveUser(user ?? "", read);
  const { uid, gid, additionalGids = [] } = own.user;
  return { ...resolveUser(`${uid}:${gid}`, read), additionalGids };
}

/** It may do what the container's first process may, and no more. */
function execProcess(options: ExecOptions, own: OciProcess | undefined, init: Init): ExecProcess {
  const user = execUser(options, own, init);
  const size = options.terminal ?? { columns: 80, rows: 24 };
  return {
    terminal: options.terminal !== undefined,
    consoleSize: { width: size.columns, height: size.rows },
    user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
    args: options.command,
    env: mergeEnv(
      [`PATH=${DEFAULT_PATH}`, `HOME=${user.home}`],
      options.terminal === undefined ? [] : ["TERM=xterm-256color"],
      // HOME and TERM are each process's own.
      (own?.env ?? []).filter((entry) => !/^(HOME|TERM)=/.test(entry)),
      options.env,
    ),
    cwd: options.cwd ?? own?.cwd ?? "/",
    capabilities: capabilitiesOf(user.uid, true, own?.capabilities?.bounding ?? []),
    noNewPrivileges: own?.noNewPrivileges ?? true,
    ...(own?.rlimits !== undefined && { rlimits: own.rlimits }),
    ...(own?.oomScoreAdj !== undefined && { oomScoreAdj: own.oomScoreAdj }),
  };
}

/** Why it ended, where it did not end well: then only a post-mortem is loaded. */
async function findingsOf({ status }: ExitRecord, pid: number, process: OciProcess): Promise<readonly Finding[]> {
  if (status.kind === "exited" && status.code === 0) return [];
  const { livePostMortem } = await import("./post-mortem/facts.ts");
  return livePostMortem(status, pid, { process });
}

interface PreparedExec {
  readonly state: ContainerState;
  readonly init: Init;
  readonly process: ExecProcess;
  readonly plan: Plan;
}

/** @param diesWithLauncher it ends with whoever asked for it */
function prepare(idOrName: string, options: ExecOptions, diesWithLauncher: boolean): PreparedExec {
  const state = findContainer(idOrName);
  const { init } = state;
  if (state.status !== "running" || init === undefined) {
    throw new RingsideError(`cannot run a command in ${state.name}: ${itIs(state.status)}`, {
      fix: state.status === "paused" ? `ringside unpause ${state.name}` : "ringside ps lists the containers that run",
    });
  }
  const { config } = parseConfig(JSON.stringify(state.config), `the configuration of ${state.name}`);
  const process = execProcess(options, config.process, init);
  const seccomp = config.linux?.seccomp;
  const hasUsers = isApart(config.linux?.namespaces, "user");
  const namespaces = hasUsers ? (["user", ...JOINED] as const) : JOINED;
  const slots = new Slots(RECEIVED_SLOTS);
  const plan: Plan = [
    ...enterSteps({ init, cgroups: state.cgroups, layout: detectCgroups(), namespaces }, slots),
    // Root comes in as nobody; an ordinary user is root there from the first moment on.
    ...(hasUsers && ownPrivilege() !== "user" ? [becomeRootStep(config.linux ?? {})] : []),
    ...insideTerminalSteps(process, slots),
    ...processSteps(process, {
      seccomp: seccompSteps(seccomp === undefined ? undefined : cachedFilter(seccomp, cacheDirectory())),
      linux: {},
      limitPhase: "child",
      diesWithLauncher,
      keyring: state.id,
    }).steps,
  ];
  return { state, init, process, plan };
}

/** Gives `use` the three streams, nothing for those that are not given; a failure of it is put into words. */
async function withStreams<Result>(
  { state, init, process }: PreparedExec,
  { stdio, command }: ExecOptions,
  use: (descriptors: readonly number[]) => Promise<Result>,
): Promise<Result> {
  const nothing = openSync("/dev/null", "r+");
  try {
    const { stdin, stdout, stderr } = stdio ?? { stdin: nothing, stdout: nothing, stderr: nothing };
    return await use([stdin, stdout, stderr]);
  } catch (error) {
    const { liveProgramExaminer } = await import("./post-mortem/facts.ts");
    throw explainFailure(error, {
      program: command[0] ?? "",
      what: `cannot run a command in ${state.name}`,
      examine: liveProgramExaminer(init.pid, { process }),
    });
  } finally {
    closeSync(nothing);
  }
}

/**
 * Runs a command in a running container; it ends with this process (ownership "lab").
 * @throws RingsideError when the container is not running or the command cannot be run
 */
export async function execInContainer(
  launcher: Launcher,
  idOrName: string,
  options: ExecOptions,
): Promise<RunningWorld> {
  const requestedNs = monotonicNs();
  const prepared = prepare(idOrName, options, true);
  const { state, init, process, plan } = prepared;
  return await withStreams(prepared, options, async (descriptors) => {
    const started = await launcher.start(plan, descriptors);
    const title = `exec in ${state.name}`;
    const facts = { title, world: "container" as const, plan, requestedNs, date: new Date().toISOString() };
    const world = runningWorld(`${state.id}-${started.pid}`, title, started, facts);
    const exited = world.exited.then(async (exit) => ({
      ...exit,
      findings: await findingsOf(exit, init.pid, process),
    }));
    return { ...world, exited };
  });
}

/**
 * Runs a command in a running container and lets go of it: it lives as long as it likes, at most as long as the
 * container. The launcher ends; nobody hears of its exit.
 * @returns once it is its program
 * @throws RingsideError when the container is not running or the command cannot be run
 */
export async function execDetached(
  launcher: Launcher,
  idOrName: string,
  options: Omit<ExecOptions, "terminal" | "stdio">,
): Promise<void> {
  const prepared = prepare(idOrName, options, false);
  await withStreams(prepared, options, (descriptors) => launcher.startAndRelease(prepared.plan, descriptors));
}
