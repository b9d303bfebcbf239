/**
 * What isolates: for each thing that a kernel has, whether processes inside have one of their own, see a part of the
 * host's, share the host's, or are kept from it. Every kind of container over one kernel is a row of such words; no code
 * differs. A cell without a source does not exist, so what is not known is not there.
 */
import type { NamespaceKind } from "../linux/processes/namespaces.ts";

/** The things, in the order in which people ask for them. */
export const RESOURCES = [
  { id: "root", title: "root of the file system" },
  { id: "mounts", title: "table of mounts" },
  { id: "processes", title: "processes and their numbers" },
  { id: "users", title: "user ids" },
  { id: "network", title: "network" },
  { id: "ipc", title: "System V IPC" },
  { id: "hostname", title: "host name" },
  { id: "time", title: "clock" },
  { id: "cpu", title: "share of the processors" },
  { id: "memory", title: "memory" },
  { id: "devices", title: "devices" },
  { id: "modules", title: "kernel modules" },
  { id: "calls", title: "system calls" },
  { id: "rights", title: "root's rights" },
] as const;

export type Resource = (typeof RESOURCES)[number]["id"];

/**
 * `own`: one of its own, whose names and numbers begin anew. `part`: a part of the host's, under the host's names and
 * numbers. `host`: the host's, as everybody has it. `none`: it cannot be had.
 */
export type Whose = "own" | "part" | "host" | "none";

export interface Cell {
  readonly whose: Whose;
  /** Whether root inside may change it, where that is known and not what `whose` says already. */
  readonly change?: boolean;
  /** One sentence: by what. */
  readonly by: string;
  /** The manual page, the documentation or the file of the project's source that says so. */
  readonly source: string;
}

/** What a mechanism of Linux is put together from; the cells that depend on it agree with it, and a test holds that. */
export interface LinuxParts {
  readonly namespaces: readonly NamespaceKind[];
  /** Capabilities that root inside goes without (capabilities(7)); `most`: has Docker's fourteen only. */
  readonly without: "none" | "most" | readonly string[];
  /** Of the filter: none, one that lists what is refused, one that lists what is allowed (seccomp(2)). */
  readonly filter: "none" | "denies" | "allows";
}

export interface Isolation {
  readonly id: string;
  readonly title: string;
  readonly system: "Linux" | "FreeBSD" | "Solaris";
  readonly cells: Readonly<Partial<Record<Resource, Cell>>>;
  readonly linux?: LinuxParts;
}

/** @returns what a process in it sees of a resource; undefined where no source says it. */
export function viewOf(isolation: Isolation, resource: Resource): Cell | undefined {
  return isolation.cells[resource];
}

/** @returns the cell, in the words of a table */
export function cell(whose: Whose, by: string, source: string, change?: boolean): Cell {
  return { whose, by, source, ...(change === undefined ? {} : { change }) };
}
