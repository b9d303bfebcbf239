/**
 * What a program does, said once in words that every world understands. Each kernel carries the same workload out in
 * its own way: Linux by system calls, z/OS by SVCs; in a guest, a container or a process.
 */
import type { MARKS } from "../trace/timeline.ts";

/** The services that a program can ask its kernel for. */
export type Service = "write" | "getpid" | "exit";

export type Operation =
  /** Instructions that need nothing from anybody: no border is crossed, whatever the world. */
  | { readonly kind: "compute"; readonly instructions: number }
  | { readonly kind: "systemCall"; readonly service: Service; readonly bytes?: number }
  /** First use of pages: each one is a fault that the kernel resolves without the program noticing. */
  | { readonly kind: "pageTouch"; readonly pages: number; readonly access: "read" | "write" }
  | { readonly kind: "spawn"; readonly program: Workload }
  | { readonly kind: "sleep"; readonly durationNs: number }
  | { readonly kind: "mark"; readonly mark: keyof typeof MARKS };

export interface Workload {
  readonly name: string;
  readonly operations: readonly Operation[];
}
