/**
 * The processes of a container, by the host's numbers: the members of its groups, or, where it has none (an ordinary
 * user's, to whom no group was given), those in the pid namespace of its first process. pid_namespaces(7).
 */
import { readdirSync, readlinkSync } from "node:fs";
import { listProcesses } from "../../cgroup/processes.ts";
import { isAlive } from "../process-identity.ts";
import type { EngineRecord } from "./record.ts";

function pidNamespace(pid: number | "self"): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}

function inNamespaceOf({ pid: init, startTicks }: NonNullable<EngineRecord["init"]>): number[] {
  const namespace = pidNamespace(init);
  // With its first process all of a pid namespace ends; the number may be somebody else's by now.
  if (namespace === undefined || !isAlive(init, startTicks)) return [];
  // It shares ours: then nothing tells its processes from others.
  if (namespace === pidNamespace("self")) return [init];
  const pids = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  return pids.filter((pid) => pidNamespace(pid) === namespace);
}

/** @returns their numbers, ascending */
export function containerProcesses({ cgroups, init }: Pick<EngineRecord, "cgroups" | "init">): number[] {
  if (cgroups.length > 0 || init === undefined) return listProcesses(cgroups);
  return inNamespaceOf(init).toSorted((a, b) => a - b);
}
