/**
 * Processes from birth to burial: fork(2), execve(2), _exit(2), wait(2), kill(2), and what namespaces change about them
 * (pid_namespaces(7)). Nothing here takes time; system.ts says what it costs.
 */

import { AddressSpace, NoMemoryError } from "../memory/address-space.ts";
import type { Memory } from "../memory/memory.ts";
import type { ControlGroup } from "./control-group.ts";
import { type IdRange, type NamespaceKind, type Namespaces, newNamespaces, type PidNamespace } from "./namespaces.ts";
import { type ExitStatus, Process } from "./process.ts";
import { isUncatchable, SIGNALS, type Signal } from "./signals.ts";

export interface ProcessTableOptions {
  readonly memory: Memory;
  readonly root: ControlGroup;
  readonly namespaces: Namespaces;
  /** Somebody has ended: whoever runs its threads stops them. */
  readonly ended?: (process: Process) => void;
  /** A child has ended that its parent can wait for. */
  readonly childEnded?: (parent: Process) => void;
  readonly stopped?: (process: Process) => void;
  readonly continued?: (process: Process) => void;
  /** The kernel has stopped for good. */
  readonly panicked?: (reason: string) => void;
}

export interface ForkOptions {
  /** CLONE_NEW*. */
  readonly newNamespaces?: readonly NamespaceKind[];
  /** uid_map of a new user namespace, which its parent writes. */
  readonly idMap?: readonly IdRange[];
  /** CLONE_INTO_CGROUP. */
  readonly controlGroup?: ControlGroup;
}

export type ForkResult =
  | { readonly kind: "forked"; readonly child: Process; readonly copiedEntries: number }
  | { readonly kind: "failed"; readonly error: "EAGAIN" | "ENOMEM"; readonly why: string };

export type WaitResult =
  | { readonly kind: "child"; readonly pid: number; readonly status: ExitStatus }
  | { readonly kind: "would block" }
  | { readonly kind: "no children" };

export type SignalOutcome =
  | "no such process"
  /** It is not told: ignored by itself, by default, or because it is the first of its namespace and has no handler. */
  | "ignored"
  | "handled"
  | "killed"
  | "stopped"
  | "continued";

export class ProcessTable {
  readonly #options: ProcessTableOptions;
  readonly #all = new Set<Process>();
  #spaces = 0;
  panic: string | undefined;

  constructor(options: ProcessTableOptions) {
    this.#options = options;
  }

  /** Everybody who has not been buried yet, in the order of their birth. */
  get processes(): readonly Process[] {
    return [...this.#all];
  }

  /** @returns everybody whom a pid namespace shows: what ps(1) lists there. */
  seenFrom(pid: PidNamespace): Process[] {
    return this.processes.filter(({ numbers }) => numbers.has(pid));
  }

  /** @returns everybody alive who can be killed for memory. The first process of all cannot. */
  *candidates(): Generator<Process> {
    for (const process of this.#all) {
      if (process.isAlive && process !== this.#options.namespaces.pid.init) yield process;
    }
  }

  /** Makes the first process, out of nothing. @throws NoMemoryError where the machine has no memory for it */
  boot(program: string): Process {
    const { namespaces, root } = this.#options;
    const life = { gone: false };
    const space = this.#newSpace(program, root, () => life.gone);
    return this.#add(program, namespaces, root, space, life, undefined);
  }

  /** fork(2), and clone(2) with CLONE_NEW*: the child is what its parent is, but for what the flags say. */
  fork(parent: Process, options: ForkOptions = {}): ForkResult {
    const controlGroup = options.controlGroup ?? parent.controlGroup;
    if (parent.namespaces.pid.init?.isAlive === false) {
      return { kind: "failed", error: "ENOMEM", why: "the first process of the pid namespace has ended" };
    }
    if (!controlGroup.admits()) return { kind: "failed", error: "EAGAIN", why: `pids.max of ${controlGroup.path}` };
    const life = { gone: false };
    try {
      const owner = this.#ownerName(parent.program);
      const { child: space, copied } = parent.space.fork(owner, controlGroup.memory, () => life.gone);
      const here = { group: controlGroup.path, ...(options.idMap === undefined ? {} : { idMap: options.idMap }) };
      const namespaces = newNamespaces(parent.namespaces, options.newNamespaces ?? [], here);
      const child = this.#add(parent.program, namespaces, controlGroup, space, life, parent);
      for (const [signal, disposition] of parent.dispositions) child.dispositions.set(signal, disposition);
      for (const [descriptor, file] of parent.files) child.files.set(descriptor, file);
      return { kind: "forked", child, copiedEntries: copied };
    } catch (error) {
      if (!(error instanceof NoMemoryError)) throw error;
      return { kind: "failed", error: "ENOMEM", why: error.message };
    }
  }

  /**
   * execve(2): another program in the same process. Its memory is new, handlers are gone (there is no code for them any
   * more), what was ignored stays ignored; descriptors stay.
   */
  exec(process: Process, program: string): void {
    process.space.destroy();
    process.space = this.#newSpace(program, process.controlGroup, () => !process.isAlive);
    process.program = program;
    for (const [signal, disposition] of process.dispositions) {
      if (disposition === "handler") process.dispositions.delete(signal);
    }
  }

  /** _exit(2). */
  exit(process: Process, code: number): void {
    this.#end(process, { kind: "exited", code });
  }

  /** wait(2) for any child. */
  wait(parent: Process): WaitResult {
    if (parent.children.size === 0) return { kind: "no children" };
    for (const child of parent.children) {
      if (child.state !== "zombie" || child.status === undefined) continue;
      const pid = child.pidSeenBy(parent);
      this.#bury(child);
      return { kind: "child", pid, status: child.status };
    }
    return { kind: "would block" };
  }

  /**
   * kill(2): a signal to one process.
   * @param sender who sends it; he must see the target. The kernel's own signals, of a fault, have none
   */
  signal(target: Process, signal: Signal, sender: Process | undefined): SignalOutcome {
    if (!target.isAlive || (sender !== undefined && target.pidSeenBy(sender) === 0)) return "no such process";
    if (signal === "SIGCONT") this.#continue(target);
    const disposition = isUncatchable(signal) ? undefined : target.dispositions.get(signal);
    if (disposition === "handler") {
      target.handled.push(signal);
      return "handled";
    }
    if (disposition === "ignore") return "ignored";
    if (isProtected(target, signal, sender)) return "ignored";
    return this.#default(target, signal);
  }

  /** Says what is to become of a signal (sigaction(2)). @returns false where it cannot be caught (EINVAL) */
  setDisposition(process: Process, signal: Signal, disposition: "handler" | "ignore" | "default"): boolean {
    if (isUncatchable(signal)) return false;
    if (disposition === "default") process.dispositions.delete(signal);
    else process.dispositions.set(signal, disposition);
    return true;
  }

  /** The kernel can go on no more: everything on it ends at this instant, and nobody is told. */
  stopKernel(reason: string): void {
    if (this.panic !== undefined) return;
    this.panic = reason;
    for (const process of this.#all) {
      if (!process.isAlive) continue;
      process.state = "gone";
      this.#options.ended?.(process);
    }
    this.#options.panicked?.(reason);
  }

  #add(
    program: string,
    namespaces: Namespaces,
    controlGroup: ControlGroup,
    space: AddressSpace,
    life: { gone: boolean },
    parent: Process | undefined,
  ): Process {
    const onKill = (process: Process): void => {
      this.#end(process, { kind: "killed", signal: "SIGKILL", coreDumped: false });
    };
    const process = new Process({ program, namespaces, controlGroup, space, onKill });
    this.#lives.set(process, life);
    namespaces.pid.admit(process);
    controlGroup.count(1);
    this.#all.add(process);
    if (parent !== undefined) {
      process.parent = parent;
      parent.children.add(process);
      process.kernelUid = parent.kernelUid;
      process.oomScoreAdjust = parent.oomScoreAdjust;
    }
    return process;
  }

  readonly #lives = new WeakMap<Process, { gone: boolean }>();

  #ownerName(program: string): string {
    return `${program} #${++this.#spaces}`;
  }

  #newSpace(program: string, controlGroup: ControlGroup, isGone: () => boolean): AddressSpace {
    const { memory } = this.#options;
    return new AddressSpace({ memory, owner: this.#ownerName(program), group: controlGroup.memory, isGone });
  }

  #default(target: Process, signal: Signal): SignalOutcome {
    const { action } = SIGNALS[signal];
    switch (action) {
      case "ignore":
        return "ignored";
      case "continue":
        return "continued";
      case "stop":
        target.state = "stopped";
        this.#options.stopped?.(target);
        return "stopped";
      case "terminate":
      case "dump core":
        this.#end(target, { kind: "killed", signal, coreDumped: action === "dump core" });
        return "killed";
      default:
        return action satisfies never;
    }
  }

  #continue(target: Process): void {
    if (target.state !== "stopped") return;
    target.state = "running";
    this.#options.continued?.(target);
  }

  #end(process: Process, status: ExitStatus): void {
    if (!process.isAlive) return;
    process.state = "zombie";
    process.status = status;
    const life = this.#lives.get(process);
    if (life !== undefined) life.gone = true;
    process.space.destroy();
    process.files.clear();
    process.controlGroup.count(-1);
    this.#options.ended?.(process);
    if (process === this.#options.namespaces.pid.init) {
      this.stopKernel("Attempted to kill init!");
      return;
    }
    if (process.isInit) this.#endNamespace(process);
    this.#handOn(process);
    this.#tellParent(process);
  }

  /** The first process of a namespace has ended: all others in it are killed, in the namespaces below it, too. */
  #endNamespace(init: Process): void {
    const { pid } = init.namespaces;
    const others = this.seenFrom(pid).filter((other) => other !== init);
    const born = others.filter(({ parent }) => parent?.numbers.has(pid) === true);
    for (const other of others) this.#end(other, { kind: "killed", signal: "SIGKILL", coreDumped: false });
    // It buries its own before it ends itself; who was born outside and entered is waited for outside.
    for (const other of born) if (other.state === "zombie") this.#bury(other);
  }

  /** Its children become those of the nearest subreaper above in its pid namespace, else of the namespace's first. */
  #handOn(process: Process): void {
    const { pid } = process.namespaces;
    let reaper = process.parent;
    while (reaper !== undefined && !(reaper.isAlive && reaper.isSubreaper && reaper.namespaces.pid === pid)) {
      reaper = reaper.parent;
    }
    const heir = reaper ?? this.#firstOf(pid) ?? this.#firstOf(this.#options.namespaces.pid);
    for (const child of [...process.children]) {
      process.children.delete(child);
      child.parent = heir;
      heir?.children.add(child);
      if (child.state === "zombie") this.#tellParent(child);
    }
  }

  #firstOf(pid: PidNamespace): Process | undefined {
    return this.processes.find((process) => process === pid.init && process.isAlive);
  }

  /** Who ignores SIGCHLD is not told, and leaves no zombies (sigaction(2), SA_NOCLDWAIT). */
  #tellParent(process: Process): void {
    const { parent } = process;
    if (parent === undefined || !parent.isAlive) return;
    if (parent.dispositions.get("SIGCHLD") === "ignore") this.#bury(process);
    else if (parent.dispositions.get("SIGCHLD") === "handler") parent.handled.push("SIGCHLD");
    this.#options.childEnded?.(parent);
  }

  #bury(process: Process): void {
    process.state = "gone";
    process.namespaces.pid.release(process);
    process.parent?.children.delete(process);
    this.#all.delete(process);
  }
}

/**
 * The first process of a pid namespace gets only signals that it has a handler for: nobody inside can kill it. From outside
 * SIGKILL and SIGSTOP do reach it; and what it did itself, a fault, always does.
 */
function isProtected(target: Process, signal: Signal, sender: Process | undefined): boolean {
  if (!target.isInit || sender === undefined) return false;
  const isFromInside = target.namespaces.pid.contains(sender.namespaces.pid);
  return isFromInside || !isUncatchable(signal);
}
