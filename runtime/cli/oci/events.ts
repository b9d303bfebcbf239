/** `ringside oci events`: what a container uses, again and again, and when it runs out of memory; one JSON a line. */
import { writeSync } from "node:fs";
import { processEnd } from "../../../native/kernel.ts";
import { detectCgroups } from "../../cgroup/layout.ts";
import { watchOom } from "../../cgroup/oom.ts";
import { readStats } from "../../cgroup/stats.ts";
import { statsEvent } from "../../cgroup/stats-event.ts";
import { type EngineContainer, findEngineContainer } from "../../container/oci/store.ts";
import { isAlive } from "../../container/process-identity.ts";
import { RingsideError } from "../../error.ts";
import { onlyId, parseArguments } from "./arguments.ts";
import type { Command } from "./command.ts";

const STDOUT = 1;
const OPTIONS = {
  stats: { kind: "flag", help: "print what it uses now, and end" },
  interval: { kind: "value", help: "how often, such as 5s (default) or 500ms" },
} as const;

const DEFAULT_INTERVAL = "5s";
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** @throws RingsideError for what is no length of time */
export function parseInterval(text: string): number {
  const [, number, unit = ""] = /^(\d{1,6}(?:\.\d{1,3})?)(ms|s|m|h)$/.exec(text) ?? [];
  const ms = Number(number) * (UNIT_MS[unit] ?? 0);
  if (ms >= 1) return ms;
  throw new RingsideError(`invalid --interval ${JSON.stringify(text)}`, { fix: "give a time such as 5s or 500ms" });
}

function printStats({ id, record }: EngineContainer): void {
  writeSync(STDOUT, `${JSON.stringify(statsEvent(id, readStats(detectCgroups(), record.cgroups)))}\n`);
}

/** Until the container's first process has ended. */
async function follow(container: EngineContainer, intervalMs: number): Promise<void> {
  const { id, record } = container;
  const { init } = record;
  if (init === undefined) return;
  const timer = setInterval(() => printStats(container), intervalMs);
  using _watch = watchOom(record.cgroups, () => writeSync(STDOUT, `${JSON.stringify({ type: "oom", id })}\n`));
  try {
    await processEnd(init.pid, () => isAlive(init.pid, init.startTicks));
  } finally {
    clearInterval(timer);
  }
}

export const events: Command = {
  summary: "print what a container uses, and when it runs out of memory",
  operands: "CONTAINER",
  options: OPTIONS,
  async run(args, { root }) {
    const { values, operands } = parseArguments(args, OPTIONS);
    const container = findEngineContainer(root, onlyId(operands, "events"));
    const intervalMs = parseInterval(values.interval ?? DEFAULT_INTERVAL);
    if (container.status === "stopped" || container.status === "creating") {
      throw new RingsideError(`container not running: container "${container.id}" is ${container.status}`);
    }
    if (values.stats === true) printStats(container);
    else await follow(container, intervalMs);
    return 0;
  },
};
