/** `ringside stats`: what running containers use. docker-stats(1). */
import type { Command } from "commander";
import { detectCgroups } from "../cgroup/layout.ts";
import { type ContainerState, listContainers } from "../container/state.ts";
import { type Sample, sample, type Usage, usage } from "../container/stats.ts";
import { requireLiving } from "../container/stop.ts";
import { OutputClosed, PatientWriter } from "./output.ts";
import { tableText } from "./table.ts";

interface StatsFlags {
  readonly stream: boolean;
  readonly json?: boolean;
}

const PERIOD_MS = 1000;
const ENDING_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** To the upper left corner, and nothing below (console_codes(4)). */
const HOME_AND_CLEAR = "\x1b[H\x1b[J";
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

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
  const stopped = stopSignal();
  const read = (): Sample[] => living(asked).map((state) => sample(layout, state));
  let before = read();
  try {
    while (!stopped.signal.aborted) {
      if (asked.length > 0 && before.length === 0) break;
      await pause(PERIOD_MS, stopped.signal);
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

function stopSignal(): { readonly signal: AbortSignal; undo(): void } {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  for (const signal of ENDING_SIGNALS) process.on(signal, stop);
  return {
    signal: controller.signal,
    undo() {
      for (const signal of ENDING_SIGNALS) process.off(signal, stop);
    },
  };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
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
  return stream && process.stdout.isTTY ? `${HOME_AND_CLEAR}${table}` : table;
}

function percent(value: number | null): string {
  return value === null ? "-" : `${value.toFixed(2)}%`;
}

function bytesText(bytes: number | null): string {
  if (bytes === null) return "-";
  const power = Math.min(UNITS.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  const amount = bytes / 1024 ** power;
  return `${power === 0 ? String(amount) : amount.toPrecision(4)}${UNITS[power] ?? ""}`;
}
