/**
 * A virtual machine's processors: each vCPU is a thread of the host, scheduled like any other, and while it runs, the
 * guest's own scheduler runs the guest's threads on it. A vCPU with nothing to do halts (HLT is an exit) and its thread
 * sleeps; what wakes a thread of the guest wakes the vCPU first. Time in which a vCPU could run and its host runs somebody
 * else is stolen from the guest (Linux Documentation/virt/kvm/x86/msr.rst, MSR_KVM_STEAL_TIME: run_delay of its thread).
 */
import type { CostBook } from "../costs/cost-book.ts";
import { PRIORITIES } from "../engine/priorities.ts";
import type { Simulation } from "../engine/simulation.ts";
import type { Activities, Activity } from "../machine/activity.ts";
import { type CpuObserver, CpuSet, type Stretch } from "../machine/cpu-set.ts";
import type { ReadyReason, SchedulingPolicy } from "../machine/policy.ts";
import { Thread } from "../machine/thread.ts";
import { COUNT_ARG } from "../trace/timeline.ts";
import { exitNs } from "./exit-path.ts";
import { exitReasonOf } from "./exit-reasons.ts";
import type { Hypervisor } from "./hypervisor.ts";

export interface VirtualMachineOptions {
  readonly simulation: Simulation;
  /** The processors that its vCPUs are threads of. */
  readonly host: CpuSet;
  readonly costs: CostBook;
  readonly hypervisor: Hypervisor;
  readonly name: string;
  readonly vcpus: number;
  /** The guest's own scheduler. */
  readonly policy: SchedulingPolicy;
  /** What happens on the guest's processors, exits included. */
  readonly observer?: CpuObserver<Thread>;
}

/** Where a vCPU's time has gone, up to now. */
export interface VcpuTime {
  /** In the guest: its own user and kernel mode. */
  readonly guestNs: number;
  /** Out of it by an exit of its own, HLT included. */
  readonly exitNs: number;
  readonly exits: number;
  readonly haltedNs: number;
  readonly stealNs: number;
}

class Vcpu {
  readonly index: number;
  thread: Thread;
  state: "in the guest" | "halting" | "halted" = "in the guest";
  wanted = false;
  haltedAt = 0;
  haltedNs = 0;
  guestNs = 0;
  exitNs = 0;
  exits = 0;

  constructor(index: number, thread: Thread) {
    this.index = index;
    this.thread = thread;
  }
}

export class VirtualMachine {
  readonly guest: CpuSet;
  readonly #options: VirtualMachineOptions;
  readonly #vcpus: readonly Vcpu[];

  /** Starts the vCPU threads on the host; they run the guest as soon as the host lets them. */
  constructor(options: VirtualMachineOptions) {
    const { simulation, name, vcpus, policy, observer = {}, host } = options;
    this.#options = options;
    this.guest = new CpuSet({
      simulation,
      cpus: vcpus,
      policy: this.#waking(policy),
      observer: {
        ...observer,
        ran: (stretch) => {
          this.#account(stretch);
          observer.ran?.(stretch);
        },
        idled: (cpu, now) => {
          this.#idled(cpu);
          observer.idled?.(cpu, now);
        },
      },
    });
    this.#vcpus = Array.from({ length: vcpus }, (_, index) => {
      this.guest.suspend(index);
      return new Vcpu(index, new Thread(`${name} vCPU ${index}`, this.#life(index)));
    });
    for (const { thread } of this.#vcpus) host.start(thread);
  }

  /** Lets a program begin in the guest: its traps become exits. */
  start(name: string, activities: Activities): Thread {
    const thread = new Thread(name, this.#options.hypervisor.run(activities));
    this.guest.start(thread);
    return thread;
  }

  /** Its monitor has gone, or the kernel below it: nothing of the guest runs any more. */
  stop(): void {
    for (const { thread, index } of this.#vcpus) {
      this.#options.host.kill(thread);
      this.guest.suspend(index);
    }
  }

  /** @returns where the time of a vCPU has gone; while it sleeps or waits, up to the last change. */
  time(index: number): VcpuTime {
    const { thread, guestNs, exitNs: inExits, exits, haltedNs, haltedAt, state } = this.#vcpu(index);
    const asleep = state === "halted" ? this.#options.simulation.now - haltedAt : 0;
    return { guestNs, exitNs: inExits, exits, haltedNs: haltedNs + asleep, stealNs: thread.waitedNs };
  }

  #vcpu(index: number): Vcpu {
    const vcpu = this.#vcpus[index];
    if (vcpu === undefined) throw new RangeError(`${this.#options.name} has no vCPU ${index}`);
    return vcpu;
  }

  /** KVM_RUN again and again: in the guest, out by HLT, asleep until there is something to do. */
  *#life(index: number): Generator<Activity> {
    for (;;) {
      yield {
        kind: "open",
        mode: "user",
        name: "guest",
        stage: "guest",
        given: () => this.guest.resume(index),
        taken: () => this.guest.suspend(index),
      };
      const vcpu = this.#vcpu(index);
      const { costs } = this.#options;
      const duration = exitNs(costs, "host kernel", 1);
      const args = { exitReason: exitReasonOf("HLT").number };
      yield {
        kind: "burst",
        mode: "hypervisor",
        name: "VM exit: HLT",
        stage: "guest",
        duration,
        args,
        preemptible: false,
      };
      vcpu.exitNs += duration;
      vcpu.exits++;
      yield { kind: "block", reason: "HLT", enter: () => this.#sleep(vcpu) };
      this.#awake(vcpu);
    }
  }

  #sleep(vcpu: Vcpu): boolean {
    if (vcpu.wanted) return true;
    vcpu.state = "halted";
    vcpu.haltedAt = this.#options.simulation.now;
    return false;
  }

  #awake(vcpu: Vcpu): void {
    vcpu.state = "in the guest";
    vcpu.wanted = false;
  }

  /** The guest's scheduler has found nothing for a vCPU: it halts, unless something has come at this very instant. */
  #idled(index: number): void {
    const { simulation, host } = this.#options;
    simulation.after(0, PRIORITIES.observe, () => {
      const vcpu = this.#vcpu(index);
      if (vcpu.state !== "in the guest" || this.guest.runningOn(index) !== undefined) return;
      if (vcpu.thread.begun?.activity.kind !== "open" || vcpu.thread.state !== "running") return;
      vcpu.state = "halting";
      vcpu.wanted = false;
      host.close(vcpu.thread);
    });
  }

  /** The guest's policy, with the vCPUs that sleep woken for whoever becomes ready. */
  #waking(policy: SchedulingPolicy): SchedulingPolicy {
    const enqueue = (thread: Thread, now: number, reason: ReadyReason) => {
      policy.enqueue(thread, now, reason);
      if (reason === "new" || reason === "woken") this.#wakeFor(policy.home?.(thread));
    };
    return {
      enqueue,
      remove: (thread, now) => policy.remove(thread, now),
      pick: (cpu, now) => policy.pick(cpu, now),
      ran: (thread, ranNs, now) => policy.ran(thread, ranNs, now),
      sliceNs: (thread, cpu, now) => policy.sliceNs(thread, cpu, now),
      preempts: (ready, running, now) => policy.preempts(ready, running, now),
      ...(policy.home === undefined ? {} : { home: policy.home }),
    };
  }

  #wakeFor(home: number | undefined): void {
    const candidates = this.#vcpus.filter(({ index, state }) => state !== "in the guest" && (home ?? index) === index);
    const vcpu = candidates.find(({ wanted }) => !wanted) ?? candidates[0];
    if (vcpu === undefined || vcpu.wanted) return;
    vcpu.wanted = true;
    if (vcpu.state !== "halted") return;
    vcpu.haltedNs += this.#options.simulation.now - vcpu.haltedAt;
    vcpu.haltedAt = this.#options.simulation.now;
    vcpu.state = "halting";
    this.#options.host.wake(vcpu.thread);
  }

  #account({ cpu, activity, start, end }: Stretch<Thread>): void {
    const vcpu = this.#vcpu(cpu);
    if (activity.mode !== "hypervisor") {
      vcpu.guestNs += end - start;
      return;
    }
    vcpu.exitNs += end - start;
    const count = activity.kind === "burst" ? activity.args?.[COUNT_ARG] : undefined;
    // An exit that is cut in two by the host's scheduler is one exit: it is counted where it ends.
    const { begun } = this.guest.runningOn(cpu) ?? {};
    if (begun === undefined || begun.leftNs <= end - start) vcpu.exits += typeof count === "number" ? count : 1;
  }
}
