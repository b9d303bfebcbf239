/**
 * Namespaces: what a process sees of things that the kernel has only one of (namespaces(7)). Making one copies nothing of
 * the kernel; it is another table to look names and numbers up in.
 */
import type { Overlay } from "../files/overlay.ts";

export const NAMESPACE_KINDS = ["pid", "mount", "uts", "net", "ipc", "user", "cgroup"] as const;
export type NamespaceKind = (typeof NAMESPACE_KINDS)[number];

/** A process, as far as a pid namespace has to know it. */
export interface NamespaceMember {
  readonly numbers: Map<PidNamespace, number>;
  readonly isAlive: boolean;
}

/** Numbers of processes (pid_namespaces(7)): a process has one here and one in every namespace above. */
export class PidNamespace {
  readonly parent: PidNamespace | undefined;
  readonly #processes = new Map<number, NamespaceMember>();
  #last = 0;
  /** Number 1: when it ends, everybody here is killed, and nobody can be made here any more. */
  init: NamespaceMember | undefined;

  constructor(parent: PidNamespace | undefined) {
    this.parent = parent;
  }

  get level(): number {
    return this.parent === undefined ? 0 : this.parent.level + 1;
  }

  /** Gives a process a number here and in every namespace above. */
  admit(process: NamespaceMember): void {
    const number = ++this.#last;
    this.#processes.set(number, process);
    process.numbers.set(this, number);
    if (number === 1) this.init = process;
    this.parent?.admit(process);
  }

  /** Takes its numbers back. Numbers are not given twice here; the kernel begins anew at pid_max. */
  release(process: NamespaceMember): void {
    const number = process.numbers.get(this);
    if (number !== undefined) this.#processes.delete(number);
    this.parent?.release(process);
  }

  /** @returns the numbers in use here, of the processes of namespaces below, too. */
  numbers(): number[] {
    return [...this.#processes.keys()];
  }

  /** @returns whether a namespace is this one or lies below it. */
  contains(other: PidNamespace): boolean {
    return other === this || (other.parent !== undefined && this.contains(other.parent));
  }
}

export interface Mount {
  readonly point: string;
  readonly type: string;
  readonly source: string;
  readonly tree: Overlay;
  readonly readOnly: boolean;
}

/** What is mounted where (mount_namespaces(7)). Propagation is not modelled: every mount is private. */
export class MountNamespace {
  readonly #mounts: Mount[];

  constructor(mounts: readonly Mount[]) {
    this.#mounts = [...mounts];
  }

  get mounts(): readonly Mount[] {
    return this.#mounts;
  }

  /** A new one begins with a copy of the table; the file systems are the same ones. */
  copy(): MountNamespace {
    return new MountNamespace(this.#mounts);
  }

  mount(mount: Mount): void {
    this.#mounts.push(mount);
  }

  /** Changes the root and takes everything else away (pivot_root(2), and umount2(2) of the old root). */
  pivotRoot(root: Mount, keep: readonly Mount[] = []): void {
    this.#mounts.splice(0, this.#mounts.length, { ...root, point: "/" }, ...keep);
  }

  /** @returns the mount that a path lies in, the last one made of the longest fitting; undefined where nothing is. */
  resolve(path: string): { readonly mount: Mount; readonly path: string } | undefined {
    let best: Mount | undefined;
    for (const mount of this.#mounts) {
      const isBelow = mount.point === "/" || path === mount.point || path.startsWith(`${mount.point}/`);
      if (isBelow && (best === undefined || mount.point.length >= best.point.length)) best = mount;
    }
    if (best === undefined) return undefined;
    return { mount: best, path: best.point === "/" ? path : path.slice(best.point.length) || "/" };
  }
}

/** Host name (uts_namespaces(7)). */
export class UtsNamespace {
  hostname: string;

  constructor(hostname: string) {
    this.hostname = hostname;
  }
}

/** Network interfaces and ports in use (network_namespaces(7)). A new one has a loopback that is down, and nothing else. */
export class NetNamespace {
  readonly interfaces: string[];
  readonly #ports = new Set<number>();

  constructor(interfaces: readonly string[]) {
    this.interfaces = [...interfaces];
  }

  /** @returns false where the port is in use (EADDRINUSE, bind(2)). */
  bind(port: number): boolean {
    if (this.#ports.has(port)) return false;
    this.#ports.add(port);
    return true;
  }
}

/** Message queues, semaphores and shared memory by key (ipc_namespaces(7)). */
export class IpcNamespace {
  readonly keys = new Map<number, string>();
}

/** One line of uid_map: `count` ids from `inside` on are those from `outside` on in the parent. */
export interface IdRange {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

/** What an id is shown as that has no mapping (/proc/sys/kernel/overflowuid). */
export const OVERFLOW_ID = 65_534;

/** Ids and capabilities (user_namespaces(7)): who is root inside is somebody ordinary outside. */
export class UserNamespace {
  readonly parent: UserNamespace | undefined;
  readonly map: readonly IdRange[];

  /** @throws RangeError where two lines of the map overlap */
  constructor(parent: UserNamespace | undefined, map: readonly IdRange[]) {
    const overlap = (side: "inside" | "outside") =>
      map.some((one, at) =>
        map.some((two, other) => at < other && one[side] < two[side] + two.count && two[side] < one[side] + one.count),
      );
    if (overlap("inside") || overlap("outside")) throw new RangeError("write uid_map: two of its lines overlap");
    this.parent = parent;
    this.map = map;
  }

  /** @returns the kernel's own id of one that is used inside; undefined where it has no mapping (EINVAL). */
  toKernel(inside: number): number | undefined {
    if (this.parent === undefined) return inside;
    const range = this.map.find((one) => inside >= one.inside && inside < one.inside + one.count);
    return range === undefined ? undefined : this.parent.toKernel(range.outside + inside - range.inside);
  }

  /** @returns the kernel's id as it is seen inside. */
  toInside(kernelId: number): number {
    if (this.parent === undefined) return kernelId;
    const above = this.parent.toInside(kernelId);
    const range = this.map.find((one) => above >= one.outside && above < one.outside + one.count);
    return range === undefined ? OVERFLOW_ID : range.inside + above - range.outside;
  }
}

/** From where on the cgroup tree is seen (cgroup_namespaces(7)). */
export class CgroupNamespace {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  /** @returns a group's path as /proc/self/cgroup shows it. */
  view(path: string): string {
    if (path === this.root) return "/";
    if (this.root === "/") return path;
    return path.startsWith(`${this.root}/`) ? path.slice(this.root.length) : `/..${path}`;
  }
}

/** The seven that a process belongs to. */
export interface Namespaces {
  readonly pid: PidNamespace;
  readonly mount: MountNamespace;
  readonly uts: UtsNamespace;
  readonly net: NetNamespace;
  readonly ipc: IpcNamespace;
  readonly user: UserNamespace;
  readonly cgroup: CgroupNamespace;
}

/** What the machine begins with. */
export function firstNamespaces(hostname: string, root: Mount): Namespaces {
  return {
    pid: new PidNamespace(undefined),
    mount: new MountNamespace([root]),
    uts: new UtsNamespace(hostname),
    net: new NetNamespace(["lo", "eth0"]),
    ipc: new IpcNamespace(),
    user: new UserNamespace(undefined, []),
    cgroup: new CgroupNamespace("/"),
  };
}

/**
 * What clone(2) with CLONE_NEW* makes of the caller's namespaces.
 * @param kinds which are to be new; the others are shared
 * @param here the caller's control group, the root of a new cgroup namespace; and the ids of a new user namespace
 */
export function newNamespaces(
  from: Namespaces,
  kinds: readonly NamespaceKind[],
  here: { readonly group: string; readonly idMap?: readonly IdRange[] },
): Namespaces {
  const isNew = (kind: NamespaceKind): boolean => kinds.includes(kind);
  return {
    pid: isNew("pid") ? new PidNamespace(from.pid) : from.pid,
    mount: isNew("mount") ? from.mount.copy() : from.mount,
    uts: isNew("uts") ? new UtsNamespace(from.uts.hostname) : from.uts,
    net: isNew("net") ? new NetNamespace(["lo"]) : from.net,
    ipc: isNew("ipc") ? new IpcNamespace() : from.ipc,
    user: isNew("user") ? new UserNamespace(from.user, here.idMap ?? []) : from.user,
    cgroup: isNew("cgroup") ? new CgroupNamespace(here.group) : from.cgroup,
  };
}
