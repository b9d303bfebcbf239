/**
 * The hooks that run outside of the container (config.md, "POSIX-platform Hooks"): prestart, createRuntime, poststart,
 * poststop. Each gets the container's state on its standard input. Those that run inside are steps of the plan.
 */
import type { Launcher } from "../../../native/kernel.ts";
import { StepError } from "../../../native/step-error.ts";
import { RingsideError } from "../../error.ts";
import type { HookKind, OciConfig, OciHook } from "../../oci/config.ts";
import { runProgram } from "./program.ts";
import type { EngineState } from "./status.ts";

export interface HookWorld {
  readonly launcher: Launcher;
  /** Where the state lies for a moment, as the hook's standard input. */
  readonly directory: string;
  readonly state: EngineState;
}

const MS_PER_SECOND = 1000;

function hooksOf(config: OciConfig, kind: HookKind): readonly OciHook[] {
  return config.hooks?.[kind] ?? [];
}

/** Whether a configuration has any hook that a command after `create` has to run. */
export function hasLaterHooks(config: OciConfig): boolean {
  return hooksOf(config, "poststart").length > 0 || hooksOf(config, "poststop").length > 0;
}

function ownEnvironment(): string[] {
  return Object.entries(process.env).map(([name, value = ""]) => `${name}=${value}`);
}

async function runHook(kind: HookKind, hook: OciHook, world: HookWorld): Promise<void> {
  const failed = (why: string, cause?: unknown) =>
    new RingsideError(`error running ${kind} hook ${JSON.stringify(hook.path)}: ${why}`, { cause });
  const { launcher, directory, state } = world;
  const ended = await runProgram(launcher, {
    argv: hook.args !== undefined && hook.args.length > 0 ? hook.args : [hook.path],
    path: hook.path,
    // Without one it has ours, as crun and runc do it.
    env: hook.env ?? ownEnvironment(),
    cwd: state.bundle,
    input: { text: JSON.stringify(state), directory },
    ...(hook.timeout !== undefined && { timeoutMs: hook.timeout * MS_PER_SECOND }),
  }).catch((error: unknown) => {
    throw error instanceof StepError ? failed(`it cannot be executed: ${error.code}`, error) : error;
  });
  if (ended.timedOut) throw failed(`it had not ended after ${hook.timeout} seconds`);
  const { status } = ended;
  if (status.kind === "exited" && status.code === 0) return;
  const how = status.kind === "exited" ? `exit status ${status.code}` : `ended by ${status.signal}`;
  const words = ended.output.trim();
  throw failed(words === "" ? how : `${how}: ${words}`);
}

/**
 * Runs the hooks of some kinds, one after the other.
 * @throws RingsideError with the first one that fails; those after it have not run
 */
export async function runHooks(config: OciConfig, kinds: readonly HookKind[], world: HookWorld): Promise<void> {
  for (const kind of kinds) {
    for (const hook of hooksOf(config, kind)) await runHook(kind, hook, world);
  }
}

/**
 * Runs every poststop hook, whether or not those before it failed (runtime.md, "Lifecycle").
 * @returns what went wrong, for the log
 */
export async function runPoststopHooks(config: OciConfig, world: HookWorld): Promise<string[]> {
  const problems: string[] = [];
  for (const hook of hooksOf(config, "poststop")) {
    try {
      await runHook("poststop", hook, world);
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
  }
  return problems;
}
