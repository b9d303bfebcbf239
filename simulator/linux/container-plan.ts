/**
 * The shape of a container's plan as the simulator needs to know it: the steps of `ringside explain`, without their
 * arguments. The data itself is generated from the real plan (scenarios/default-container-plan.generated.ts).
 */
export interface ContainerPlanStep {
  /** `host` and `cleanup` run in the launcher, `child` in the process that becomes the container. */
  readonly phase: "host" | "child" | "cleanup";
  readonly stage: string;
  /** The operation's name in native/plan/operations.ts. */
  readonly op: string;
  /** What tells this step from others of its operation: a path, a file system's type, namespaces; may be empty. */
  readonly subject: string;
  /** The system calls it makes, as strace would show them, separated by ", ". */
  readonly calls: string;
  readonly manual: string;
  /** One sentence for the learner. */
  readonly why: string;
}

/** Flags of clone(2) and unshare(2), from <linux/sched.h>, in the order in which people name them. */
const NAMESPACE_FLAGS: readonly (readonly [number, string])[] = [
  [0x20000000, "pid"],
  [0x00020000, "mount"],
  [0x40000000, "network"],
  [0x04000000, "uts"],
  [0x08000000, "ipc"],
  [0x02000000, "cgroup"],
  [0x10000000, "user"],
  [0x00000080, "time"],
];

/**
 * What tells a step of the real plan from others of its operation.
 * @param step the step's arguments by name, as native/plan/operations.ts names them
 * @param id the container's id, which is left out of paths: two containers have the same plan
 * @returns the file system's type, the namespaces, or the path; empty where the operation has none of them
 */
export function subjectOf(step: Readonly<Record<string, unknown>>, id: string): string {
  if (typeof step.type === "string") return step.type;
  if (typeof step.path === "string") return withoutId(step.path, id);
  const { flags } = step;
  if (typeof flags !== "number" || (step.op !== "clone" && step.op !== "unshare")) return "";
  const names = NAMESPACE_FLAGS.filter(([flag]) => Math.floor(flags / flag) % 2 === 1).map(([, name]) => name);
  return names.join(" ");
}

function withoutId(path: string, id: string): string {
  const parts = path.split("/").filter((part) => part !== `ringside-${id}` && part !== id);
  return parts.join("/") || "/";
}
