/**
 * A further process in a running container: its namespaces joined in one call, its control groups, and the same
 * restrictions as its first process. setns(2), pid_namespaces(7).
 */
import { closeSync, openSync } from "node:fs";
import { type ExitRecord, type Launcher, monotonicNs } from "../../native/kernel.ts";
import type { Plan, PlanStep } from "../../native/plan/plan.ts";
import { type CgroupLayout, detectCgroups } from "../cgroup/layout.ts";
import { joinCgroupSteps } from "../cgroup/steps.ts";
import { RingsideError } from "../error.ts";
import { cacheDirectory } from "../image/cache.ts";
import type { NamespaceType, OciProcess } from "../oci/config.ts";
import { DEFAULT_PATH } from "../oci/defaults.ts";
import { parseConfig } from "../oci/parse.ts";
import { isApart, namespaceFlags } from "../plan/namespaces.ts";
import { processSteps } from "../plan/process.ts";
import { cachedFilter } from "../plan/seccomp/filter-cache.ts";
import { seccompSteps } from "../plan/seccomp-steps.ts";
import { Slots } from "../plan/slots.ts";
import { openTerminalSteps, RECEIVED_SLOTS } from "../plan/terminal.ts";
import { explainFailure } from "./failure.ts";
import type { Finding } from "./post-mortem/finding.ts";
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
const O_PATH_DIRECTORY = 0o10000000 | 0o200000;

type ExecProcess = OciProcess & { readonly env: readonly string[] };

interface Init {
  readonly pid: number;
  readonly startTicks: number;
}

function joinSteps(
  init: Init,
  state: ContainerState,
  layout: CgroupLayout,
  slots: Slots,
  hasUsers: boolean,
): PlanStep[] {
  const pidfd = slots.take();
  const groups = joinCgroupSteps(layout, state.cgroups, slots, init.pid);
  const types = hasUsers ? (["user", ...JOINED] as const) : JOINED;
  return [
    {
      phase: "host",
      stage: "join",
      why: "The container's first process, held so that its number cannot come to mean another.",
      op: "openPidfd",
      slot: pidfd,
      pid: init.pid,
      startTicks: init.startTicks,
    },
    ...groups.host,
    {
      phase: "host",
      stage: "clone",
      why: "A copy of the launcher, which will walk into the container.",
      op: "clone",
      flags: 0,
      cgroup: groups.cloneInto,
    },
    ...groups.join,
    {
      phase: "child",
      stage: "join",
      why: "Every namespace of the container at once.",
      op: "joinNamespaces",
      slot: pidfd,
      flags: namespaceFlags(types),
    },
    {
      phase: "child",
      stage: "join",
      why: "A process keeps its own number for life: only one born now is in the pid namespace.",
      op: "forkSibling",
    },
  ];
}

/** The devpts of a running container is found by its path inside; what is found there is checked to be one. */
function terminalSteps(process: OciProcess, slots: Slots): PlanStep[] {
  if (!process.terminal) return [];
  const pts = slots.take();
  return [
    {
      phase: "child",
      stage: "terminal",
      why: "The container's own terminals.",
      op: "openPath",
      slot: pts,
      path: "/dev/pts",
      flags: O_PATH_DIRECTORY,
    },
    ...openTerminalSteps(process, { pts }),
  ];
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
  const state = findContainer(idOrName);
  const { init } = state;
  if (state.status !== "running" || init === undefined) {
    throw new RingsideError(`cannot run a command in ${state.name}: ${itIs(state.status)}`, {
      fix: state.status === "paused" ? `ringside unpause ${state.name}` : "ringside ps lists the containers that run",
    });
  }
  const layout = detectCgroups();
  const { config } = parseConfig(JSON.stringify(state.config), `the configuration of ${state.name}`);
  const process = execProcess(options, config.process, init);
  const seccomp = config.linux?.seccomp;
  const slots = new Slots(RECEIVED_SLOTS);
  const plan: Plan = [
    ...joinSteps(init, state, layout, slots, isApart(config.linux?.namespaces, "user")),
    ...terminalSteps(process, slots),
    ...processSteps(process, {
      seccomp: seccompSteps(seccomp === undefined ? undefined : cachedFilter(seccomp, cacheDirectory())),
      linux: {},
      limitPhase: "child",
      diesWithLauncher: true,
      keyring: state.id,
    }).steps,
  ];
  const nothing = openSync("/dev/null", "r+");
  try {
    const { stdin, stdout, stderr } = options.stdio ?? { stdin: nothing, stdout: nothing, stderr: nothing };
    const started = await launcher.start(plan, [stdin, stdout, stderr]);
    const title = `exec in ${state.name}`;
    const facts = { title, world: "container" as const, plan, requestedNs, date: new Date().toISOString() };
    const world = runningWorld(`${state.id}-${started.pid}`, title, started, facts);
    const exited = world.exited.then(async (exit) => ({
      ...exit,
      findings: await findingsOf(exit, init.pid, process),
    }));
    return { ...world, exited };
  } catch (error) {
    const { liveProgramExaminer } = await import("./post-mortem/facts.ts");
    const examine = liveProgramExaminer(init.pid, { process });
    throw explainFailure(error, {
      program: options.command[0] ?? "",
      what: `cannot run a command in ${state.name}`,
      examine,
    });
  } finally {
    closeSync(nothing);
  }
}
