/**
 * Between `create` and `start`: all is made, the program is known to be there, and the process waits on a FIFO
 * (runtime-spec, runtime.md, Lifecycle; fifo(7)).
 */
import { constants } from "node:fs";
import { CREATED } from "../../native/kernel.ts";
import type { PlanStep } from "../../native/plan/plan.ts";
import { candidates } from "./execute.ts";

export interface StartGate {
  readonly host: PlanStep[];
  readonly wait: PlanStep[];
}

/**
 * @param fifo the FIFO's path on the host; undefined: the program starts at once
 * @param slot where it is held
 */
export function startGate(
  fifo: string | undefined,
  slot: number,
  args: readonly string[],
  env: readonly string[],
): StartGate {
  if (fifo === undefined) return { host: [], wait: [] };
  const words = { phase: "child", stage: "start" } as const;
  return {
    host: [
      {
        phase: "host",
        stage: "start",
        why: "Opened in both directions: it neither waits for the other end nor sees it go.",
        op: "openPath",
        slot,
        path: fifo,
        flags: constants.O_RDWR,
      },
    ],
    wait: [
      {
        ...words,
        why: "A program that is not there is better known now than at the start.",
        op: "resolveExecutable",
        candidates: candidates(args[0] ?? "", env),
      },
      { ...words, why: "The container is created; from here on it needs nobody.", op: "pause", name: CREATED },
      { ...words, why: "It waits for its start: one byte.", op: "waitForStart", slot },
    ],
  };
}
