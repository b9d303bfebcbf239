/** `exec`: a further process in a container that runs. It is left to the caller's subreaper, or waited for. */
import type { CreatedProcess, Launcher, StartedProcess } from "../../../native/kernel.ts";
import type { Plan } from "../../../native/plan/plan.ts";
import { detectCgroups } from "../../cgroup/layout.ts";
import { RingsideError } from "../../error.ts";
import { cacheDirectory } from "../../image/cache.ts";
import type { OciConfig, OciProcess } from "../../oci/config.ts";
import { cachedFilter } from "../../plan/seccomp/filter-cache.ts";
import { readConfig } from "./bundle.ts";
import { groupsToJoin } from "./exec-groups.ts";
import { engineExecPlan } from "./exec-plan.ts";
import { explainOciExec } from "./failure.ts";
import { withHome } from "./inherited.ts";
import { writePidFile } from "./pid-file.ts";
import { type EngineRecord, savedConfigPath } from "./record.ts";
import { findEngineContainer } from "./store.ts";

export interface ExecRequest {
  readonly root: string;
  readonly id: string;
  readonly pidFile?: string;
  readonly consoleSocket?: string;
  readonly preserveFds: number;
  /** Groups below the container's own, as --cgroup has them. */
  readonly cgroups: readonly string[];
  /** Also when the container is paused. */
  readonly ignorePaused: boolean;
  /** The process, made from the container's own. */
  readonly process: (own: OciProcess) => OciProcess;
}

interface PreparedExec {
  readonly initPid: number;
  readonly process: OciProcess;
  readonly plan: Plan;
  readonly descriptors: readonly number[];
}

const STDIO = 3;

function requireRunning(request: ExecRequest): {
  readonly record: EngineRecord;
  readonly init: NonNullable<EngineRecord["init"]>;
  readonly config: OciConfig;
} {
  const { root, id, ignorePaused } = request;
  const { record, status, directory } = findEngineContainer(root, id);
  const { init } = record;
  if (init === undefined || status === "stopped" || status === "creating") {
    throw new RingsideError(`cannot exec in container "${id}": container not running: it is ${status}`);
  }
  if (status === "paused" && !ignorePaused) {
    throw new RingsideError(`cannot exec in container "${id}": it is paused`, {
      fix: `ringside oci resume ${id}, or --ignore-paused`,
    });
  }
  return { record, init, config: readConfig(savedConfigPath(directory)).config };
}

function prepare(request: ExecRequest): PreparedExec {
  const { record, init, config } = requireRunning(request);
  if (config.process === undefined) throw new RingsideError(`container "${request.id}" has no process to take after`);
  const process = withHome(request.process(config.process), `/proc/${init.pid}/root`);
  const profile = config.linux?.seccomp;
  const { consoleSocket, preserveFds, cgroups } = request;
  const layout = detectCgroups();
  if (consoleSocket !== undefined && process.terminal !== true) {
    throw new RingsideError("--console-socket is for a process with a terminal, and this one has none");
  }
  const plan = engineExecPlan(process, {
    record,
    init,
    config,
    layout,
    groups: groupsToJoin(record.cgroups, cgroups, layout),
    filter: profile === undefined ? undefined : cachedFilter(profile, cacheDirectory()),
    preserveFds,
    ...(consoleSocket !== undefined && { consoleSocket }),
  });
  return { initPid: init.pid, process, plan, descriptors: Array.from({ length: STDIO + preserveFds }, (_, fd) => fd) };
}

async function start<Started extends { readonly pid: number }>(
  request: ExecRequest,
  how: (prepared: PreparedExec) => Promise<Started>,
): Promise<Started> {
  const prepared = prepare(request);
  const started = await how(prepared).catch(async (error: unknown) => {
    throw await explainOciExec(error, prepared.process, prepared.initPid);
  });
  if (request.pidFile !== undefined) writePidFile(request.pidFile, started.pid);
  return started;
}

/**
 * Starts a process and lets go of it as soon as it is its program.
 * @throws RingsideError when the container does not run, or the program cannot be run
 */
export function execDetached(launcher: Launcher, request: ExecRequest): Promise<CreatedProcess> {
  return start(request, ({ plan, descriptors, process }) => {
    if (process.terminal === true && request.consoleSocket === undefined) {
      throw new RingsideError(
        "a detached process with a terminal needs --console-socket: somebody has to hold its other end",
      );
    }
    return launcher.startAndRelease(plan, descriptors);
  });
}

/**
 * Starts a process that ends with the launcher.
 * @throws RingsideError when the container does not run, or the program cannot be run
 */
export function execAttached(launcher: Launcher, request: ExecRequest): Promise<StartedProcess> {
  return start(request, ({ plan, descriptors }) => launcher.start(plan, descriptors));
}
