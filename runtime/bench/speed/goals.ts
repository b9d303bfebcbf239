/** The goals: what is compared with what, and which ratio is to be reached. */

import type { MarkName } from "../schema.ts";
import type { Goal } from "./schema.ts";

/** A mark of a system of the starts, or a quantity by its name. */
export type Source = { readonly system: string; readonly mark: MarkName } | { readonly quantity: string };

export interface GoalRow {
  readonly measure: string;
  readonly ours: Source;
  /** Left out where the goal is an absolute one. */
  readonly other?: Source;
  readonly goal: Goal;
}

const starts = (system: string, mark: MarkName = "firstByte"): Source => ({ system, mark });
const quantity = (name: string): Source => ({ quantity: name });
const atMost = (value: number): Goal => ({ bound: "at most", value });
const atLeast = (value: number): Goal => ({ bound: "at least", value });

export const GOALS: readonly GoalRow[] = [
  {
    measure: "start to first user instruction, warm",
    ours: starts("container"),
    other: starts("floor"),
    goal: atMost(1.5),
  },
  {
    measure: "start to first user instruction, warm",
    ours: starts("container"),
    other: starts("crun"),
    goal: atMost(0.5),
  },
  {
    measure: "start to gone, warm",
    ours: starts("container", "gone"),
    other: starts("floor", "gone"),
    goal: atMost(1.5),
  },
  {
    measure: "exec into a running container, warm",
    ours: starts("exec"),
    other: starts("crun-exec"),
    goal: atMost(0.5),
  },
  {
    measure: "whole command: run --rm",
    ours: starts("container-command", "gone"),
    other: starts("podman", "gone"),
    goal: atMost(0.5),
  },
  {
    measure: "starts a second, 200 starts, 8 at a time",
    ours: quantity("our throughput"),
    other: quantity("crun's throughput"),
    goal: atLeast(2),
  },
  { measure: "memory of Ringside per idle container", ours: quantity("idle memory"), goal: atMost(300 * 1024) },
  {
    measure: "whole command: docker run",
    ours: starts("docker-ringside", "gone"),
    other: starts("docker-runc", "gone"),
    goal: atMost(1.5),
  },
  {
    measure: "smallest memory limit that starts true",
    ours: quantity("our least memory"),
    other: quantity("crun's least memory"),
    goal: atMost(1),
  },
];
