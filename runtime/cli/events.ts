/** `ringside events`: what happens to containers. docker-events(1). */
import type { Command } from "commander";
import { type ContainerEvent, followEvents, readEvents } from "../container/events.ts";
import { parseMoment } from "../container/moment.ts";
import { collect } from "./container-options.ts";
import { type FilterTable, parseFilters } from "./filters.ts";
import { OutputClosed, PatientWriter } from "./output.ts";

interface EventsFlags {
  readonly since?: string;
  readonly until?: string;
  readonly filter: readonly string[];
  readonly json?: boolean;
}

const ENDING_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const LATEST_TIMER_MS = 2 ** 31 - 1;

/** Adds `ringside events` to the program. */
export function registerEvents(program: Command): void {
  program
    .command("events")
    .description("print what happens to containers, until Ctrl-C or --until")
    .option("--since <moment>", "what has happened since, too, such as 10m or 2026-01-31T10:00:00Z")
    .option("--until <moment>", "no further than to then; now, or a moment that has passed, ends at once")
    .option(
      "--filter <name=value>",
      "only container=NAME, event=ACTION or image=NAME; several may be given",
      collect,
      [],
    )
    .option("--json", "a JSON object a line, schema ringside.event/1")
    .addHelpText("after", HELP)
    .action(events);
}

const HELP = `
Each line begins with the time, RFC 3339, UTC, with nine digits of a second.
Actions: create, start, attach, pause, unpause, update, kill, stop, oom, die, destroy. The log of events is bounded:
the oldest are let go of.`;

async function events(flags: EventsFlags): Promise<void> {
  const matches = matcher(flags);
  const writer = new PatientWriter(process.stdout);
  const text = (event: ContainerEvent): string => (flags.json === true ? JSON.stringify(event) : eventText(event));
  try {
    for await (const event of selected(flags)) if (matches(event)) await writer.write(`${text(event)}\n`);
  } catch (error) {
    if (!(error instanceof OutputClosed)) throw error;
  }
}

async function* selected({ since, until }: EventsFlags): AsyncGenerator<ContainerEvent> {
  const untilMs = until === undefined ? undefined : momentMs(until);
  if (untilMs !== undefined && untilMs <= Date.now()) {
    if (since !== undefined) yield* readEvents();
    return;
  }
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  const timer = untilMs === undefined ? undefined : setTimeout(stop, Math.min(untilMs - Date.now(), LATEST_TIMER_MS));
  for (const signal of ENDING_SIGNALS) process.on(signal, stop);
  try {
    yield* followEvents(controller.signal, since !== undefined);
  } finally {
    clearTimeout(timer);
    for (const signal of ENDING_SIGNALS) process.off(signal, stop);
  }
}

function momentMs(text: string): number {
  return text === "now" ? Date.now() : Number(parseMoment(text) / 1_000_000n);
}

function matcher({ since, until, filter }: EventsFlags): (event: ContainerEvent) => boolean {
  const sinceMs = since === undefined ? undefined : momentMs(since);
  const untilMs = until === undefined ? undefined : momentMs(until);
  const { matches } = parseFilters(FILTERS, filter);
  return (event) => {
    const atMs = Date.parse(event.time);
    if ((sinceMs !== undefined && atMs < sinceMs) || (untilMs !== undefined && atMs > untilMs)) return false;
    return matches(event);
  };
}

const FILTERS: FilterTable<ContainerEvent> = {
  container: (value) => (event) => event.name === value || (value !== "" && event.id.startsWith(value)),
  event: (value) => (event) => event.action === value,
  image: (value) => (event) => event.image === value,
};

function eventText({ time, action, id, name, image, exitCode, signal }: ContainerEvent): string {
  const more = [
    `image=${image}`,
    `name=${name}`,
    ...(exitCode === undefined ? [] : [`exitCode=${exitCode}`]),
    ...(signal === undefined ? [] : [`signal=${signal}`]),
  ];
  return `${time} container ${action} ${id} (${more.join(", ")})`;
}
