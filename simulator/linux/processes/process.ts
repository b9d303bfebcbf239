/** A process: an address space, descriptors, namespaces, a control group, and what it has said about signals. */
import type { Inode } from "../files/inode.ts";
import type { AddressSpace } from "../memory/address-space.ts";
import type { OomCandidate } from "../memory/memory.ts";
import type { ControlGroup } from "./control-group.ts";
import type { NamespaceMember, Namespaces, PidNamespace } from "./namespaces.ts";
import type { Signal } from "./signals.ts";

/** How it ended (wait(2)). */
export type ExitStatus =
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "killed"; readonly signal: Signal; readonly coreDumped: boolean };

export interface OpenFile {
  readonly path: string;
  readonly inode: Inode;
  readonly write: boolean;
  offset: number;
}

export class Process implements OomCandidate, NamespaceMember {
  /** Its number in each pid namespace that it is seen in. */
  readonly numbers = new Map<PidNamespace, number>();
  program: string;
  parent: Process | undefined;
  readonly children = new Set<Process>();
  namespaces: Namespaces;
  controlGroup: ControlGroup;
  space: AddressSpace;
  /** A stopped process is there and does not run; a zombie has ended and has not been waited for. */
  state: "running" | "stopped" | "zombie" | "gone" = "running";
  status: ExitStatus | undefined;
  /** What it has said about signals; of the others it takes the default. */
  readonly dispositions = new Map<Signal, "handler" | "ignore">();
  /** Signals that a handler has been given. */
  readonly handled: Signal[] = [];
  oomScoreAdjust = 0;
  /** PR_SET_CHILD_SUBREAPER: orphans below it become its children. */
  isSubreaper = false;
  /** As the kernel knows it. */
  kernelUid = 0;
  readonly files = new Map<number, OpenFile>();
  readonly #onKill: (process: Process) => void;

  constructor(options: {
    readonly program: string;
    readonly namespaces: Namespaces;
    readonly controlGroup: ControlGroup;
    readonly space: AddressSpace;
    readonly onKill: (process: Process) => void;
  }) {
    this.program = options.program;
    this.namespaces = options.namespaces;
    this.controlGroup = options.controlGroup;
    this.space = options.space;
    this.#onKill = options.onKill;
  }

  /** Its number in the first namespace: the one that the machine's own root sees. */
  get pid(): number {
    const [last] = [...this.numbers].sort(([left], [right]) => left.level - right.level);
    return last?.[1] ?? 0;
  }

  /** Its number as it sees it itself: getpid(2). */
  get ownPid(): number {
    return this.numbers.get(this.namespaces.pid) ?? 0;
  }

  /** @returns its number as somebody else sees it; 0 where he does not see it at all. */
  pidSeenBy(observer: Process): number {
    return this.numbers.get(observer.namespaces.pid) ?? 0;
  }

  /** Its user id as it sees it itself: getuid(2). */
  get uid(): number {
    return this.namespaces.user.toInside(this.kernelUid);
  }

  get isAlive(): boolean {
    return this.state === "running" || this.state === "stopped";
  }

  get isInit(): boolean {
    return this.namespaces.pid.init === this;
  }

  get name(): string {
    return `${this.program} (${this.pid})`;
  }

  get group(): OomCandidate["group"] {
    return this.controlGroup.memory;
  }

  get residentFrames(): number {
    return this.space.residentFrames + this.space.tableFrames;
  }

  readonly kill = (): void => this.#onKill(this);

  /** The lowest descriptor that is free, from 3 on (open(2)); 0 to 2 are the standard ones. */
  freeDescriptor(): number {
    let descriptor = 3;
    while (this.files.has(descriptor)) descriptor++;
    return descriptor;
  }
}
