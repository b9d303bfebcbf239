/**
 * One kernel and the boxes that it keeps apart. What a box is made of is read off its isolation's cells: where it has one
 * of its own it gets an empty table, where it has a part it looks at the host's through a sieve, and else at the host's.
 */
import {
  IpcNamespace,
  NetNamespace,
  PidNamespace,
  UserNamespace,
  UtsNamespace,
} from "../linux/processes/namespaces.ts";
import { type Isolation, type Resource, viewOf, type Whose } from "./isolation.ts";

/** Where the users of a box with its own begin outside (subuid(5)). */
export interface BoxOptions {
  readonly name: string;
  readonly firstUser?: number;
}

/** A process, as far as others can see it. */
export interface Member {
  readonly program: string;
  readonly box: Box;
  /** Its number in each table that it stands in. */
  readonly numbers: Map<PidNamespace, number>;
  isAlive: boolean;
}

export type Signalled = "delivered" | "no such process";
export type Allowed = "done" | "refused" | "not known";

/** Root may make nodes for a whole range in a box whose users are its own. */
const USERS_OF_A_BOX = 65_536;

interface Tables {
  readonly processes: PidNamespace;
  readonly network: NetNamespace;
  readonly ipc: IpcNamespace;
  readonly uts: UtsNamespace;
  readonly users: UserNamespace;
}

/** The machine's only kernel. Everything that boxes share is here. */
export class OneKernel {
  readonly members: Member[] = [];
  readonly tables: Tables;
  /** Modules that anybody has loaded: they are in the kernel of all. */
  readonly modules = new Set<string>();
  clockOffsetNs = 0;
  readonly host: Box;

  constructor(hostname: string) {
    this.tables = {
      processes: new PidNamespace(undefined),
      network: new NetNamespace(["lo", "eth0"]),
      ipc: new IpcNamespace(),
      uts: new UtsNamespace(hostname),
      users: new UserNamespace(undefined, []),
    };
    this.host = new Box(this, undefined, { name: hostname });
  }

  /** Makes a box. @throws RangeError where nobody knows how its processes are kept apart */
  box(isolation: Isolation, options: BoxOptions): Box {
    return new Box(this, isolation, options);
  }
}

export class Box {
  readonly name: string;
  readonly isolation: Isolation | undefined;
  readonly #kernel: OneKernel;
  readonly #tables: Tables;
  /** Keys and ports of a part carry the box in front, since the table is the host's. */
  readonly #keys = new Map<number, string>();
  readonly #ports = new Set<number>();

  constructor(kernel: OneKernel, isolation: Isolation | undefined, { name, firstUser = 100_000 }: BoxOptions) {
    this.name = name;
    this.isolation = isolation;
    this.#kernel = kernel;
    const { tables } = kernel;
    const own = (resource: Resource): boolean => isolation?.cells[resource]?.whose === "own";
    const map = [{ inside: 0, outside: firstUser, count: USERS_OF_A_BOX }];
    this.#tables = {
      processes: own("processes") ? new PidNamespace(tables.processes) : tables.processes,
      network: own("network") ? new NetNamespace(["lo"]) : tables.network,
      ipc: own("ipc") ? new IpcNamespace() : tables.ipc,
      uts: own("hostname") ? new UtsNamespace(name) : tables.uts,
      users: own("users") ? new UserNamespace(tables.users, map) : tables.users,
    };
  }

  /** Whose it is that processes here see. The host has everything. @throws RangeError where no source says it */
  whose(resource: Resource): Whose {
    if (this.isolation === undefined) return "host";
    const view = viewOf(this.isolation, resource);
    if (view !== undefined) return view.whose;
    throw new RangeError(`${this.isolation.title}: no source says what a process sees of its ${resource}`);
  }

  start(program: string): Member {
    const member: Member = { program, box: this, numbers: new Map(), isAlive: true };
    this.#tables.processes.admit(member);
    this.#kernel.members.push(member);
    return member;
  }

  /** @returns the processes that are seen from here, with the numbers that they have here: ps(1). */
  processes(): { readonly number: number; readonly program: string }[] {
    const isPart = this.whose("processes") === "part";
    return this.#kernel.members.flatMap(({ numbers, program, box, isAlive }) => {
      const number = numbers.get(this.#tables.processes);
      return number === undefined || !isAlive || (isPart && box !== this) ? [] : [{ number, program }];
    });
  }

  /** kill(2) from here: whom one does not see one cannot reach. */
  kill(number: number): Signalled {
    if (!this.processes().some((seen) => seen.number === number)) return "no such process";
    const target = this.#kernel.members.find(({ numbers }) => numbers.get(this.#tables.processes) === number);
    if (target !== undefined) target.isAlive = false;
    return "delivered";
  }

  get hostname(): string {
    return this.#tables.uts.hostname;
  }

  /** sethostname(2), by root inside. */
  setHostname(name: string): Allowed {
    const allowed = this.#mayChange("hostname");
    if (allowed === "done") this.#tables.uts.hostname = name;
    return allowed;
  }

  /** bind(2) to all addresses that the box has. @returns false where the port is in use (EADDRINUSE) */
  bind(port: number): boolean {
    if (this.whose("network") !== "part") return this.#tables.network.bind(port);
    // Its addresses are its own, so the same port is another one.
    if (this.#ports.has(port)) return false;
    this.#ports.add(port);
    return true;
  }

  /** semget(2) and the like: leaves something under a key. */
  leave(key: number, what: string): Allowed {
    const whose = this.whose("ipc");
    if (whose === "none") return "refused";
    (whose === "part" ? this.#keys : this.#tables.ipc.keys).set(key, what);
    return "done";
  }

  /** @returns what somebody has left under a key; undefined where nothing is seen there. */
  find(key: number): string | undefined {
    const whose = this.whose("ipc");
    if (whose === "none") return undefined;
    return (whose === "part" ? this.#keys : this.#tables.ipc.keys).get(key);
  }

  /** @returns who a user of the box is outside; undefined where that id has no user outside. */
  userOutside(id: number): number | undefined {
    return this.#tables.users.toKernel(id);
  }

  /** init_module(2), by root inside: it is in the kernel of all, or nowhere. */
  loadModule(name: string): Allowed {
    if (!this.#isKnown("modules")) return "not known";
    if (this.whose("modules") === "none") return "refused";
    this.#kernel.modules.add(name);
    return "done";
  }

  /** clock_settime(2), by root inside: there is one clock. */
  setClock(offsetNs: number): Allowed {
    const allowed = this.#mayChange("time");
    if (allowed === "done") this.#kernel.clockOffsetNs = offsetNs;
    return allowed;
  }

  #isKnown(resource: Resource): boolean {
    return this.isolation === undefined || viewOf(this.isolation, resource) !== undefined;
  }

  #mayChange(resource: Resource): Allowed {
    if (this.isolation === undefined) return "done";
    const change = viewOf(this.isolation, resource)?.change;
    if (change === undefined) return "not known";
    return change ? "done" : "refused";
  }
}
