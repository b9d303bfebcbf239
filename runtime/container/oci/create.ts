/**
 * `create`: everything of a container but its program (runtime.md, "Create"). Its first process waits on a FIFO, and
 * belongs to nobody here: it is left to the caller's subreaper, conmon or containerd's shim.
 */
import { writeFileSync } from "node:fs";
import { CREATED, type Launcher, makeFifo, type OnPause } from "../../../native/kernel.ts";
import { detectCgroups } from "../../cgroup/layout.ts";
import { type Scope, startScope } from "../../cgroup/systemd.ts";
import { RingsideError } from "../../error.ts";
import { cacheDirectory } from "../../image/cache.ts";
import type { OciConfig, OciProcess } from "../../oci/config.ts";
import { grantableCapabilities } from "../../plan/capability-sets.ts";
import { type ContainerPlan, containerPlan } from "../../plan/container.ts";
import { CREATE_RUNTIME } from "../../plan/hooks.ts";
import { cachedFilter } from "../../plan/seccomp/filter-cache.ts";
import { ownPrivilege } from "../privilege.ts";
import { processIdentity } from "../process-identity.ts";
import { type Bundle, readBundle } from "./bundle.ts";
import { destroyContainer } from "./delete.ts";
import { explainOciStart } from "./failure.ts";
import { hasLaterHooks, runHooks } from "./hooks.ts";
import { listenDescriptors, withHome } from "./inherited.ts";
import { lockContainer } from "./lock.ts";
import { writePidFile } from "./pid-file.ts";
import { type EngineRecord, savedConfigPath, writeEngineRecord } from "./record.ts";
import { ownerName } from "./root.ts";
import { startFifo, stateOf } from "./status.ts";
import { removeState, reserveId } from "./store.ts";

export interface CreateOptions {
  readonly root: string;
  readonly id: string;
  /** The bundle's directory. */
  readonly bundle: string;
  readonly pidFile?: string;
  readonly consoleSocket?: string;
  /** How many of our descriptors from 3 on the program gets. */
  readonly preserveFds: number;
  readonly noPivot: boolean;
  readonly noNewKeyring: boolean;
  readonly systemdCgroup: boolean;
}

type RunnableConfig = OciConfig & { readonly process: OciProcess };

/** A container that has its id, its directory and its plan, and nothing else yet. */
export interface PreparedContainer {
  readonly options: CreateOptions;
  readonly directory: string;
  readonly config: RunnableConfig;
  readonly plan: ContainerPlan;
  readonly record: EngineRecord;
  /** What fills the plan's first slots. */
  readonly descriptors: readonly number[];
  /** What was asked for and is not had, in words. */
  readonly notes: readonly string[];
  /** systemd's, held until the container's own process is in it. */
  readonly scope?: Scope;
}

const STDIO = 3;

/** In the place of a process that the configuration does not have: it waits for `start`, which refuses it. */
const NOBODY: OciProcess = { user: { uid: 0, gid: 0 }, args: ["/"], cwd: "/" };

/** A container that names no group gets one of its own in every hierarchy: engines expect to pause it, and to limit it. */
function runnable({ config, rootfs }: Bundle, id: string, scope: Scope | undefined): RunnableConfig {
  const { process = NOBODY, linux = {} } = config;
  const wanted = linux.cgroupsPath === undefined || linux.cgroupsPath === "" ? `/ringside-${id}` : linux.cgroupsPath;
  const cgroupsPath = scope?.path ?? wanted;
  return { ...config, process: withHome(process, rootfs), linux: { ...linux, cgroupsPath } };
}

/** Somebody has to hold the terminal's other end: we do while we stay, else who listens at --console-socket. */
function checkTerminal({ terminal = false }: OciProcess, consoleSocket: string | undefined, stays: boolean): void {
  if (terminal && consoleSocket === undefined && !stays) {
    throw new RingsideError("cannot allocate a terminal without --console-socket: nobody would hold its other end");
  }
  if (!terminal && consoleSocket !== undefined) {
    throw new RingsideError("--console-socket is for a process with a terminal (config.json: process.terminal)");
  }
}

function compile(config: RunnableConfig, bundle: Bundle, directory: string, options: CreateOptions): ContainerPlan {
  const { id, consoleSocket, preserveFds, noPivot, noNewKeyring, systemdCgroup } = options;
  const listenFds = listenDescriptors(process.env);
  const profile = config.linux?.seccomp;
  return containerPlan(config, {
    id,
    root: { kind: "directory", path: bundle.rootfs },
    layout: detectCgroups(),
    filter: profile === undefined ? undefined : cachedFilter(profile, cacheDirectory()),
    ephemeral: false,
    ownership: "engine",
    privilege: ownPrivilege(),
    bundle: bundle.path,
    startFifo: startFifo(directory),
    preserveFds: preserveFds + listenFds,
    listenFds,
    noPivot,
    noNewKeyring,
    systemdCgroup,
    grantable: grantableCapabilities(),
    ...(consoleSocket !== undefined && { consoleSocket }),
  });
}

/** A container without a process can be created (config.md, Process): then there is no program to look for. */
function withoutProgram(made: ContainerPlan): ContainerPlan {
  return { ...made, plan: made.plan.filter(({ op }) => op !== "resolveExecutable") };
}

function startScopeFor(launcher: Launcher, { config }: Bundle, id: string): Promise<Scope> {
  const { cgroupsPath, resources = {} } = config.linux ?? {};
  return startScope(launcher, detectCgroups(), { id, cgroupsPath, resources });
}

/**
 * Takes the id and makes the plan.
 * @param options `stays`: the caller stays with the container to its end, and holds its terminal
 * @throws RingsideError when the id is taken, the bundle is not one, or this machine cannot give what it asks for;
 *   then nothing is left
 */
export async function prepareContainer(
  launcher: Launcher,
  options: CreateOptions,
  { stays = false } = {},
): Promise<PreparedContainer> {
  const bundle = readBundle(options.bundle);
  const hasProgram = bundle.config.process !== undefined;
  if (stays && !hasProgram) throw new RingsideError("config.json: process: needed to run a container, and not there");
  if (bundle.config.process !== undefined) checkTerminal(bundle.config.process, options.consoleSocket, stays);
  const directory = reserveId(options.root, options.id);
  try {
    const scope = options.systemdCgroup ? await startScopeFor(launcher, bundle, options.id) : undefined;
    const config = runnable(bundle, options.id, scope);
    const compiled = compile(config, bundle, directory, options);
    const plan = hasProgram ? compiled : withoutProgram(compiled);
    const record: EngineRecord = {
      schema: "ringside.oci/1",
      ociVersion: config.ociVersion,
      id: options.id,
      bundle: bundle.path,
      rootfs: bundle.rootfs,
      createdAt: new Date().toISOString(),
      owner: ownerName(),
      annotations: config.annotations ?? {},
      cgroups: plan.cgroups,
      cgroupParents: plan.cgroupParents,
      hooks: hasLaterHooks(config),
      hasProgram,
      systemd: options.systemdCgroup,
    };
    writeFileSync(savedConfigPath(directory), bundle.text, { mode: 0o600 });
    makeFifo(startFifo(directory));
    writeEngineRecord(directory, record);
    const inherited = options.preserveFds + listenDescriptors(process.env);
    const descriptors = Array.from({ length: STDIO + inherited }, (_, fd) => fd);
    const notes = [...bundle.warnings, ...plan.notes];
    return { options, directory, config, plan, record, descriptors, notes, ...(scope !== undefined && { scope }) };
  } catch (error) {
    removeState(directory);
    throw error;
  }
}

/** What is done while the plan pauses: hooks outside of it, and what tells others that the container is there. @throws RingsideError */
export function whilePaused(prepared: PreparedContainer, launcher: Launcher): OnPause {
  const { options, directory, config, record } = prepared;
  return async (name, pid) => {
    if (name === CREATE_RUNTIME) {
      const state = { ...stateOf(record, "creating"), pid };
      await runHooks(config, ["prestart", "createRuntime"], { launcher, directory, state });
    }
    if (name !== CREATED) return;
    prepared.scope?.release();
    const identity = processIdentity(pid);
    if (identity === undefined) throw new RingsideError("the container's process has ended before it was created");
    writeEngineRecord(directory, { ...record, init: { pid, startTicks: identity.startTicks } });
    if (options.pidFile !== undefined) writePidFile(options.pidFile, pid);
  };
}

/**
 * Makes the container, up to the point where only its program is missing, and lets go of it: the launcher ends.
 * @returns what was asked for and is not had, in words
 * @throws RingsideError saying what was wrong; nothing is left behind then
 */
export async function createContainer(launcher: Launcher, options: CreateOptions): Promise<readonly string[]> {
  const prepared = await prepareContainer(launcher, options);
  const { directory, config, plan, record, descriptors } = prepared;
  using _lock = lockContainer(options.id, directory);
  try {
    await launcher.create(plan.plan, descriptors, { onPause: whilePaused(prepared, launcher) });
    return prepared.notes;
  } catch (error) {
    await destroyContainer(directory, record, { config, launcher });
    throw await explainOciStart(error, config, record.rootfs);
  }
}
