/**
 * Hooks: programs that a configuration wants run at points of a container's life (runtime-spec, config.md,
 * "POSIX-platform Hooks"). createContainer and startContainer run inside of its namespaces, as steps of the plan; while
 * the others run outside, the plan pauses.
 */
import type { PlanStep } from "../../native/plan/plan.ts";
import type { HookKind, OciConfig, OciHook } from "../oci/config.ts";
import { OCI_VERSION } from "../oci/config.ts";

/** The pause at which hooks of the runtime's namespaces run: all is made, and the root not yet entered. */
export const CREATE_RUNTIME = "createRuntime";

const MS_PER_SECOND = 1000;

/** What a container's state says beside its pid, which only the launcher knows (runtime.md, State). */
export interface StateFacts {
  readonly id: string;
  readonly bundle: string;
  readonly annotations: Readonly<Record<string, string>>;
}

export type StateStatus = "creating" | "created";

/** The state as JSON in two pieces, with the pid to be put between them. */
export function statePieces({ id, bundle, annotations }: StateFacts, status: StateStatus): [string, string] {
  const before = JSON.stringify({ ociVersion: OCI_VERSION, id, status });
  const after = JSON.stringify({ bundle, annotations });
  return [`${before.slice(0, -1)},"pid":`, `,${after.slice(1)}`];
}

/**
 * Hooks that run in the process that becomes the container. Just before its program, one without an environment of its
 * own has the program's.
 */
export function insideHookSteps(
  kind: Extract<HookKind, "createContainer" | "startContainer">,
  { hooks, process }: OciConfig,
  facts: StateFacts,
): PlanStep[] {
  const inherited = kind === "startContainer" ? (process?.env ?? []) : [];
  const [stateBefore, stateAfter] = statePieces(facts, kind === "createContainer" ? "creating" : "created");
  return (hooks?.[kind] ?? []).map(
    (hook): PlanStep => ({
      phase: "child",
      stage: "hooks",
      why: `A program of the configuration's, run inside of the container's namespaces (${kind}).`,
      op: "runHook",
      path: hook.path,
      args: argumentsOf(hook),
      env: hook.env ?? inherited,
      timeoutMs: (hook.timeout ?? 0) * MS_PER_SECOND,
      stateBefore,
      stateAfter,
    }),
  );
}

function argumentsOf({ path, args = [] }: OciHook): readonly string[] {
  return args.length > 0 ? args : [path];
}

/** The pause for prestart and createRuntime, where there are any. */
export function createRuntimePause({ hooks }: OciConfig): PlanStep[] {
  const wanted = [...(hooks?.prestart ?? []), ...(hooks?.createRuntime ?? [])];
  if (wanted.length === 0) return [];
  return [
    {
      phase: "host",
      stage: "hooks",
      why: "Programs of the configuration's run outside of the container now (prestart, createRuntime).",
      op: "pause",
      name: CREATE_RUNTIME,
    },
  ];
}
