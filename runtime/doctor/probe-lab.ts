/**
 * Where the doctor tries things out: a launcher of its own, so that what is asked is what a container's start will do,
 * step by step, and so that Node never forks (its memory is large, and it has many threads; clone(2)).
 *
 * Without the native part nothing can be tried, and each question says so.
 */
import { closeSync, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kernelProblem, Launcher, nativeProgram } from "../../native/kernel.ts";
import { NO_SLOT, type Operation } from "../../native/plan/operations.ts";
import type { Plan, PlanStep } from "../../native/plan/plan.ts";
import { StepError } from "../../native/step-error.ts";

/** How an attempt ended: nothing failed, the named operation failed, or nothing can be tried here. */
export type Attempt =
  | { readonly kind: "worked" }
  | { readonly kind: "failed"; readonly operation: string; readonly code: string }
  | { readonly kind: "untried"; readonly reason: string };

export interface ProbeLab {
  /** Whether we are root on the host, with what that means for namespaces and mounts. */
  readonly isRoot: boolean;
  /**
   * Executes steps, then a program that ends at once.
   *
   * @param host steps in the launcher, before the clone
   * @param cloneFlags namespaces to make, clone(2)
   * @param child steps in the new process
   */
  attempt(host: readonly Operation[], cloneFlags: number, child: readonly Operation[]): Promise<Attempt>;
  /**
   * Runs a program and keeps what it prints.
   *
   * @returns undefined where it cannot be run, fails, or does not end in time
   */
  output(argv: readonly [string, ...string[]]): Promise<string | undefined>;
}

const TIMEOUT_MS = 1500;
const SIGKILL = 9;
const MOST_OUTPUT_BYTES = 64 * 1024;

/** Opens a lab, hands it to `work`, and closes it again. */
export async function withProbeLab<Result>(work: (lab: ProbeLab) => Promise<Result>): Promise<Result> {
  const isRoot = process.getuid?.() === 0;
  const problem = kernelProblem();
  if (problem !== undefined) {
    const untried: Attempt = { kind: "untried", reason: problem.reason };
    return work({ isRoot, attempt: async () => untried, output: async () => undefined });
  }
  await using launcher = await Launcher.open();
  return await work({
    isRoot,
    attempt: (host, cloneFlags, child) => attempt(launcher, host, cloneFlags, child),
    output: (argv) => output(launcher, argv),
  });
}

function step(phase: PlanStep["phase"], operation: Operation): PlanStep {
  return { phase, stage: "probe", why: "the doctor tries whether this works here", ...operation };
}

function probePlan(host: readonly Operation[], cloneFlags: number, child: readonly Operation[]): Plan {
  return [
    ...host.map((operation) => step("host", operation)),
    step("host", { op: "clone", flags: cloneFlags, cgroup: NO_SLOT }),
    step("child", { op: "dieWithParent", signal: SIGKILL }),
    ...child.map((operation) => step("child", operation)),
  ];
}

async function attempt(
  launcher: Launcher,
  host: readonly Operation[],
  cloneFlags: number,
  child: readonly Operation[],
): Promise<Attempt> {
  const program = nativeProgram("ringside-probe") ?? "/bin/true";
  const standardStreams = { op: "setStdio", stdin: 0, stdout: 0, stderr: 0 } as const;
  const execute = { op: "execute", candidates: [program], argv: ["probe"], env: [] } as const;
  const nothing = openSync("/dev/null", "r+");
  try {
    const plan = probePlan(host, cloneFlags, [standardStreams, ...child, execute]);
    const started = await launcher.start(plan, [nothing]);
    await started.exited;
    return { kind: "worked" };
  } catch (error) {
    if (!(error instanceof StepError)) return { kind: "untried", reason: String(error) };
    const operation = error.failed?.op ?? "clone";
    if (error.code === "EBADMSG") return { kind: "untried", reason: "the native part is older than its sources" };
    // The program may lie where the probe's user may not look; all that was asked has been done by then.
    return operation === "execute" ? { kind: "worked" } : { kind: "failed", operation, code: error.code };
  } finally {
    closeSync(nothing);
  }
}

/** What is printed goes to a file without a name: a pipe would have to be read until the last holder closes it. */
async function output(launcher: Launcher, argv: readonly [string, ...string[]]): Promise<string | undefined> {
  const nothing = openSync("/dev/null", "r+");
  const printed = openNamelessFile();
  try {
    const plan = probePlan([], 0, [
      { op: "setStdio", stdin: 0, stdout: 1, stderr: 1 },
      { op: "closeDescriptors", from: 3, keep: NO_SLOT },
      { op: "resetSignals" },
      { op: "execute", candidates: [argv[0]], argv, env: environment() },
    ]);
    const started = await launcher.start(plan, [nothing, printed]);
    const timer = setTimeout(() => started.kill("SIGKILL"), TIMEOUT_MS);
    const { status } = await started.exited;
    clearTimeout(timer);
    return status.kind === "exited" && status.code === 0 ? readFromStart(printed) : undefined;
  } catch {
    return undefined;
  } finally {
    closeSync(printed);
    closeSync(nothing);
  }
}

function openNamelessFile(): number {
  const directory = mkdtempSync(join(tmpdir(), "ringside-doctor-"));
  try {
    return openSync(join(directory, "output"), "wx+", 0o600);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function readFromStart(fd: number): string {
  const buffer = Buffer.alloc(MOST_OUTPUT_BYTES);
  return buffer.subarray(0, readSync(fd, buffer, 0, buffer.length, 0)).toString("utf8");
}

function environment(): string[] {
  return Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
}
