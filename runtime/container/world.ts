/** Makes the RunningWorld of a process that a plan has started. */
import type { ExitRecord, StartedProcess } from "../../native/kernel.ts";
import { resizeTerminal } from "../../native/kernel.ts";
import { openStream } from "../../native/stream.ts";
import type { RunningWorld, Terminal } from "./running.ts";
import { planReport, type StartFacts, startTimeline } from "./start-timeline.ts";

/** A terminal on the master of a pty; takes ownership of it. */
export function openTerminal(fd: number): Terminal {
  const stream = openStream(fd);
  return {
    ...stream,
    resize(size) {
      resizeTerminal(fd, size);
    },
  };
}

/** @param facts what was asked for and when */
export function runningWorld(
  id: string,
  name: string,
  process: StartedProcess,
  facts: Omit<StartFacts, "steps" | "startedNs">,
): RunningWorld {
  const start: StartFacts = { ...facts, steps: process.steps, startedNs: process.startedNs };
  let exit: ExitRecord | undefined;
  const exited = process.exited.then((record) => {
    exit = record;
    return record;
  });
  return {
    id,
    name,
    world: facts.world,
    pid: process.pid,
    terminal: process.terminalFd === undefined ? undefined : openTerminal(process.terminalFd),
    startedNs: process.startedNs,
    timeline: (marks) => startTimeline(start, exit, marks),
    exited,
    kill: (signal) => {
      process.kill(signal);
    },
    planReport: planReport(facts.plan, process.steps, facts.requestedNs),
  };
}
