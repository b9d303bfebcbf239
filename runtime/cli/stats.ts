/** `ringside stats`: what running containers use. docker-stats(1). */
import type { Command } from "commander";
import { detectCgroups } from "../cgroup/layout.ts";
import { type ContainerState, listContainers } from "../container/state.ts";
import { type Sample, sample, type Usage, usage } from "../container/stats.ts";
import { requireLiving } from "../container/stop.ts";
import { bytesText, percent } from "./amounts.ts";
import { OutputClosed, PatientWriter } from "./output.ts";
import { pageOf, sleep, untilSignal } from "./stream-page.ts";
import { tableText } from "./table.ts";

interface StatsFlags {
  readonly stream: boolean;
  readonly json?: boolean;
}

const PERIOD_MS = 1000;

/** Adds `ringside stats` to the program. */
export function registerStats(program: Command): void {
  program
    .command("stats")
    .description("show what running containers use, each second, until Ctrl-C or until all have ended")
    .argument("[container...]", "names, ids or beginnings of ids (default: all that run)")
    .option("--no-stream", "once only")
    .option("--json", "a JSON object for each second, schema ringside.stats/1, with all that the groups count")
    .addHelpText("after", HELP)
    .action(stats);
}

const HELP = `
CPU % is of one CPU: two that are busy make 200. Memory is without the cache of files that has not been used for a while.
A dash stands for what this machine, or the container's groups, do not count.`;

async function stats(containers: readonly string[], flags: StatsFlags): Promise<void> {
  const asked = containers.map((container) => requireLiving(container, "count what is used by").state.id);
  const layout = detectCgroups();
  const writer = new PatientWriter(process.stdout);
  const stopped = untilSignal();
  const read = (): Sample[] => living(asked).map((state) => sample(layout, state));
  let before = read();
  try {
    while (!stopped.signal.aborted) {
      if (asked.length > 0 && before.length === 0) break;
      await sleep(PERIOD_MS, stopped.signal);
      if (stopped.signal.aborted) break;
      const now = read();
      await writer.write(flags.json === true ? jsonText(now, before) : pageText(now, before, flags.stream));
      before = now;
      if (!flags.stream) break;
    }
  } catch (error) {
    if (!(error instanceof OutputClosed)) throw error;
  } finally {
    stopped.undo();
  }
}

function living(asked: readonly string[]): ContainerState[] {
  return listContainers().filter(
    ({ id, status }) => (status === "running" || status === "paused") && (asked.length === 0 || asked.includes(id)),
  );
}

function usages(now: readonly Sample[], before: readonly Sample[]): Usage[] {
  return now.map((one) =>
    usage(
      one,
      before.find(({ state }) => state.id === one.state.id),
    ),
  );
}

function jsonText(now: readonly Sample[], before: readonly Sample[]): string {
  const containers = usages(now, before).map((row, index) => ({ ...row, counted: now[index]?.stats }));
  return `${JSON.stringify({ schema: "ringside.stats/1", at: new Date().toISOString(), containers })}\n`;
}

function pageText(now: readonly Sample[], before: readonly Sample[], stream: boolean): string {
  const rows = usages(now, before).map((row) => [
    row.id,
    row.name,
    percent(row.cpuPercent),
    `${bytesText(row.memoryBytes)} / ${bytesText(row.memoryLimitBytes)}`,
    percent(row.memoryPercent),
    row.network === null ? "-" : `${bytesText(row.network.receivedBytes)} / ${bytesText(row.network.sentBytes)}`,
    row.readBytes === null ? "-" : `${bytesText(row.readBytes)} / ${bytesText(row.writeBytes)}`,
    row.pids === null ? "-" : String(row.pids),
  ]);
  const table = tableText([
    ["ID", "NAME", "CPU %", "MEMORY / LIMIT", "MEM %", "NET I/O", "BLOCK I/O", "PIDS"],
    ...rows,
  ]);
  return pageOf(table, stream);
}
