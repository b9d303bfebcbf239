/**
 * What state a container is in, asked of the kernel each time (runtime.md, "State"). It is created while its FIFO is
 * there, which `start` takes away; stopped when its first process has gone or is a zombie; paused when its group is
 * frozen.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { isFrozen } from "../../cgroup/freezer.ts";
import { isAlive } from "../process-identity.ts";
import type { EngineRecord } from "./record.ts";

export type EngineStatus = "creating" | "created" | "running" | "paused" | "stopped";

/** `start` writes one byte into it; the first process waits for that. */
export function startFifo(directory: string): string {
  return join(directory, "start");
}

/** @param directory the container's state directory */
export function engineStatus(record: EngineRecord, directory: string): EngineStatus {
  const { init } = record;
  if (init === undefined) return "creating";
  if (!isAlive(init.pid, init.startTicks)) return "stopped";
  if (isFrozen(record.cgroups)) return "paused";
  return existsSync(startFifo(directory)) ? "created" : "running";
}

/** The state as the specification writes it, and what runc adds to it. */
export interface EngineState {
  readonly ociVersion: string;
  readonly id: string;
  readonly status: EngineStatus;
  readonly pid: number;
  readonly bundle: string;
  readonly rootfs: string;
  readonly created: string;
  readonly owner: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** What `state` prints. The pid of a process that has gone is 0: it may be another's by now. */
export function stateOf(record: EngineRecord, status: EngineStatus): EngineState {
  const { ociVersion, id, bundle, rootfs, createdAt, owner, annotations, init } = record;
  const pid = status === "stopped" || status === "creating" ? 0 : (init?.pid ?? 0);
  return { ociVersion, id, pid, status, bundle, rootfs, created: createdAt, annotations, owner };
}
