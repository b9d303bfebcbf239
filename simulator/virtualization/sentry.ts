/**
 * gVisor's Sentry (gvisor.dev, "Platform Guide"; "Running gVisor in Production at Scale in Ant", 2021): a kernel written
 * as a program of the host. Its containers' system calls never reach the host's kernel as such; the Sentry answers them,
 * in user mode of the host (systrap, ptrace) or as the kernel of a guest (kvm), and asks the host only for what it has
 * not itself: files, sockets, memory.
 */
import type { CostBook } from "../costs/cost-book.ts";
import { kernel, type LinuxKernel, user } from "../linux/kernel.ts";
import type { Activity } from "../machine/activity.ts";
import { MARKS } from "../trace/timeline.ts";
import type { Operation, SystemCall, Workload } from "../workload/workload.ts";
import type { SentryPlatform } from "./flavours.ts";

export interface SentryOptions {
  readonly costs: CostBook;
  readonly platform: SentryPlatform;
  /** The host's kernel, for what the Sentry has to ask it. */
  readonly host: LinuxKernel;
}

/** Calls that the Sentry passes on in words of its own, since only the host has what they are about. */
const NEEDS_HOST: ReadonlySet<string> = new Set(["read", "write", "pread", "fsync", "send", "receive"]);

const MANUAL = "https://gvisor.dev/docs/architecture_guide/platforms/";

export class Sentry {
  readonly #options: SentryOptions;

  constructor(options: SentryOptions) {
    this.#options = options;
  }

  /** The sandbox comes up, runs its program, and has gone. */
  *life(workload: Workload): Generator<Activity> {
    const { costs, host } = this.#options;
    yield* host.start("runtime");
    yield user("runsc, the Sentry and its gofer start", "Sentry", costs.ns("gvisor.start"));
    yield* this.run(workload, "program");
    yield { kind: "mark", name: MARKS.gone };
  }

  /** Carries a workload out as a process of the Sentry. */
  *run(workload: Workload, stage: string): Generator<Activity> {
    for (const operation of workload.operations) {
      if (operation.kind === "systemCall") yield* this.#systemCall(operation, stage);
      else yield* this.#other(operation, stage);
    }
  }

  /** What is no system call is the processor's and the host's affair, as in any process. */
  *#other(operation: Operation, stage: string): Generator<Activity> {
    yield* this.#options.host.run({ name: "one operation", operations: [operation] }, stage);
  }

  *#systemCall(call: SystemCall, stage: string): Generator<Activity> {
    const { platform, costs, host } = this.#options;
    const whole = costs.ns(`gvisor.${platform}.systemCall`);
    const there = Math.max(1, Math.floor(whole / 3));
    const name = `Sentry: ${call.service}()`;
    if (platform === "kvm") yield kernel(name, stage, whole, { manual: MANUAL, runsIn: "the guest's kernel mode" });
    else {
      const how =
        platform === "systrap" ? "seccomp: SIGSYS, the Sentry's thread is woken" : "ptrace: the Sentry is woken";
      yield kernel(how, stage, there, { manual: platform === "systrap" ? "seccomp(2)" : "ptrace(2)" });
      yield user(name, stage, whole - 2 * there, { manual: MANUAL });
      yield kernel("the program's thread is woken", stage, there, { manual: "futex(2)" });
    }
    if (!NEEDS_HOST.has(call.service)) return;
    yield user("Sentry: asks the host", stage, costs.ns("linux.clock"));
    yield* host.run({ name: "the host's part", operations: [call] }, stage);
  }
}
