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
