/**
 * How a guest reaches a disk: by virtio, by an emulated IDE controller, or not through a hypervisor at all. A closed loop of
 * requests, `depth` of them under way at once as in fio's iodepth, goes through the guest's processor, the queue, the
 * monitor's device thread and the disk. What it takes follows from who sleeps and has to be woken: with one request
 * under way everybody sleeps between any two steps; with many nobody does, and kicks and interrupts are suppressed.
 */
import type { CostBook } from "../costs/cost-book.ts";
import { PRIORITIES } from "../engine/priorities.ts";
import { Simulation } from "../engine/simulation.ts";
import { type DeviceMachine, longer } from "./device-machine.ts";
import { type Suppression, Virtqueue } from "./virtqueue.ts";

/**
 * `native`: no guest. `virtio-sync`: the device thread waits for the disk itself, so that one request is done at a time
 * (Firecracker 0.20, Cloud Hypervisor of that time). `virtio-async`: it asks, and is told (QEMU, aio). `ide`: QEMU's
 * emulated controller, which has no queue.
 */
export type DiskPathKind = "native" | "virtio-sync" | "virtio-async" | "ide";

export interface DiskPath {
  readonly kind: DiskPathKind;
  readonly machine: DeviceMachine;
  /** The device thread's own work for a request. */
  readonly workNs: number;
  readonly suppression: Suppression;
  /** Accesses to registers for one request, and for one interrupt. */
  readonly registers: { readonly submit: number; readonly complete: number };
}

export const DISK_VMMS = ["native", "qemu", "qemu-ide", "firecracker", "cloud-hypervisor"] as const;
export type DiskVmm = (typeof DISK_VMMS)[number];

const KIND_OF_VMM: Readonly<Record<DiskVmm, DiskPathKind>> = {
  native: "native",
  qemu: "virtio-async",
  "qemu-ide": "ide",
  firecracker: "virtio-sync",
  "cloud-hypervisor": "virtio-sync",
};

/** @returns the way that a monitor's guests have to the disk. */
export function diskPathOf(
  costs: CostBook,
  vmm: DiskVmm,
  machine: DeviceMachine,
  suppression: Suppression = "event index",
): DiskPath {
  const kind = KIND_OF_VMM[vmm];
  const registers =
    kind === "ide"
      ? { submit: costs.count("emulated.ide.submit"), complete: costs.count("emulated.ide.complete") }
      : { submit: 0, complete: 0 };
  const own = kind === "native" || kind === "ide" ? 0 : costs.ns(`virtio.${vmm}.work`);
  return { kind, machine, workNs: longer(own, machine.softwarePermille), suppression, registers };
}

export interface DiskRun {
  readonly requests: number;
  readonly elapsedNs: number;
  /** Requests a second. */
  readonly perSecond: number;
  readonly meanLatencyNs: number;
  /** Times that the guest was left, for all requests together, and how many of them were kicks or register accesses. */
  readonly exits: number;
  readonly kicks: number;
  readonly registerAccesses: number;
  readonly interrupts: number;
  readonly wakes: number;
}

const RING = 256;
const SECOND = 1_000_000_000;

interface Request {
  readonly startedAt: number;
}

/** @returns what became of so many requests, at most `depth` of them under way at once. */
export function runDisk(path: DiskPath, depth: number, requests: number): DiskRun {
  return new DiskLoop(path, path.kind === "ide" ? 1 : Math.min(depth, RING), requests).run();
}

class DiskLoop {
  readonly #simulation = new Simulation();
  readonly #path: DiskPath;
  readonly #queue: Virtqueue<Request>;
  readonly #total: number;
  #toSubmit: number;
  #submitted = 0;
  #done = 0;
  #latencySum = 0;
  #counts = { exits: 0, kicks: 0, registerAccesses: 0, interrupts: 0, wakes: 0 };
  /** The guest's processor: at work, halted, or on its way back. */
  #guest: "working" | "halted" | "waking" = "working";
  #interruptPending = false;
  /** Left to take an interrupt while it was at work: the time that it has not paid for yet. */
  #leavingNs = 0;
  #thread: "working" | "asleep" | "waking" = "asleep";
  readonly #answered: Request[] = [];

  constructor(path: DiskPath, depth: number, requests: number) {
    this.#path = path;
    this.#queue = new Virtqueue(RING, path.suppression);
    this.#toSubmit = Math.min(depth, requests);
    this.#total = requests;
  }

  run(): DiskRun {
    this.#guestNext();
    this.#simulation.run();
    const problems = this.#queue.check();
    if (this.#done !== this.#total || problems.length > 0) {
      throw new Error(`${this.#done} of ${this.#total} requests were answered; ${problems.join("; ")}`);
    }
    const elapsedNs = this.#simulation.now;
    return {
      requests: this.#total,
      elapsedNs,
      perSecond: Math.round((this.#total * SECOND) / elapsedNs),
      meanLatencyNs: Math.round(this.#latencySum / this.#total),
      ...this.#counts,
    };
  }

  #after(ns: number, action: () => void): void {
    this.#simulation.after(ns, PRIORITIES.complete, action);
  }

  /** What the guest's processor does next: an interrupt first, then new requests, then nothing. */
  #guestNext(): void {
    this.#guest = "working";
    if (this.#interruptPending) this.#handleInterrupt();
    else if (this.#toSubmit > 0) this.#submit();
    else this.#halt();
  }

  #submit(): void {
    const { machine, registers, kind } = this.#path;
    const request: Request = { startedAt: this.#simulation.now };
    this.#toSubmit--;
    this.#submitted++;
    this.#after(machine.askNs, () => {
      if (kind === "native") {
        this.#after(machine.diskNs, () => this.#nativeAnswer(request));
        this.#guestNext();
        return;
      }
      if (!this.#queue.add(request)) throw new Error("the ring is full");
      if (kind === "ide") this.#touchRegisters(registers.submit, () => this.#wakeThread(true));
      else if (this.#queue.kick()) this.#kick();
      else this.#guestNext();
    });
  }

  /** The device's thread is woken while the guest goes on. */
  #kick(): void {
    this.#counts.kicks++;
    this.#counts.exits++;
    this.#after(this.#path.machine.kickNs, () => {
      this.#wakeThread(false);
      this.#guestNext();
    });
  }

  #touchRegisters(count: number, then: () => void): void {
    this.#counts.registerAccesses += count;
    this.#counts.exits += count;
    this.#after(count * this.#path.machine.registerNs, () => {
      then();
      this.#guestNext();
    });
  }

  #halt(): void {
    const { machine, kind } = this.#path;
    if (kind === "native" || this.#done === this.#total) {
      this.#guest = "halted";
      return;
    }
    // Setting the timer and halting are two exits, in the shadow of the device's work.
    this.#counts.exits += 2;
    this.#after(machine.timerNs + machine.haltNs, () => {
      this.#guest = "halted";
      if (this.#interruptPending) this.#wakeGuest();
    });
  }

  #wakeGuest(): void {
    const { machine } = this.#path;
    this.#guest = "waking";
    this.#counts.wakes++;
    this.#counts.exits++;
    this.#after(machine.wakeNs + machine.enterNs + machine.timerNs, () => this.#guestNext());
  }

  #nativeAnswer(request: Request): void {
    this.#complete(request);
    if (this.#guest === "halted") this.#guestNext();
  }

  #complete({ startedAt }: Request): void {
    this.#done++;
    this.#latencySum += this.#simulation.now - startedAt;
    if (this.#submitted + this.#toSubmit < this.#total) this.#toSubmit++;
  }

  #interrupt(): void {
    this.#counts.interrupts++;
    this.#interruptPending = true;
    if (this.#guest === "halted") this.#wakeGuest();
    else if (this.#guest === "working" && this.#path.machine.interruptRunningNs > 0) {
      this.#counts.exits++;
      this.#leavingNs += this.#path.machine.interruptRunningNs;
    }
  }

  #handleInterrupt(): void {
    const { machine, registers, kind } = this.#path;
    this.#interruptPending = false;
    if (machine.endOfInterruptNs > 0) this.#counts.exits++;
    const drain = () => {
      for (let request = this.#queue.take(); request !== undefined; request = this.#queue.take()) {
        this.#complete(request);
      }
      this.#queue.awaitInterrupt();
    };
    const leavingNs = this.#leavingNs;
    this.#leavingNs = 0;
    this.#after(leavingNs + machine.endOfInterruptNs, () => {
      if (kind === "ide") this.#touchRegisters(registers.complete, drain);
      else {
        drain();
        this.#guestNext();
      }
    });
  }

  /** @param already whether the monitor is at work: an access to a register is answered by itself, nobody is woken */
  #wakeThread(already: boolean): void {
    if (this.#thread !== "asleep") return;
    this.#thread = "waking";
    if (!already) this.#counts.wakes++;
    this.#after(already ? 0 : this.#path.machine.wakeNs, () => this.#threadNext());
  }

  /** What the device's thread does next: answers of the disk first, then new requests, then it sleeps. */
  #threadNext(): void {
    this.#thread = "working";
    const answered = this.#answered.shift();
    if (answered !== undefined) this.#after(halfOf(this.#path.workNs), () => this.#giveBack(answered));
    else {
      const request = this.#queue.pop();
      if (request !== undefined) this.#serve(request);
      else if (this.#queue.awaitKick()) this.#thread = "asleep";
      else this.#threadNext();
    }
  }

  #serve(request: Request): void {
    const { machine, workNs, kind } = this.#path;
    if (kind === "virtio-sync") {
      this.#after(workNs + machine.askNs + machine.diskNs, () => this.#giveBack(request));
      return;
    }
    this.#after(workNs - halfOf(workNs) + machine.askNs, () => {
      this.#after(machine.diskNs, () => {
        this.#answered.push(request);
        this.#wakeThread(false);
      });
      this.#threadNext();
    });
  }

  #giveBack(request: Request): void {
    this.#queue.push(request);
    if (this.#queue.interrupt()) this.#interrupt();
    this.#threadNext();
  }
}

function halfOf(ns: number): number {
  return Math.floor(ns / 2);
}
