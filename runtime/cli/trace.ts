/** `ringside trace`: the system calls of a container, with times. strace(1), ptrace(2). */
import { closeSync, openSync, writeSync } from "node:fs";
import type { Command } from "commander";
import { exitCodeOf } from "../container/exit-code.ts";
import { parseCount } from "../container/options.ts";
import type { Finding } from "../container/post-mortem/finding.ts";
import { measuredHere } from "../container/start-timeline.ts";
import { listContainers } from "../container/state.ts";
import { RingsideError } from "../error.ts";
import { findImage } from "../image/image.ts";
import { heldNs, measureTracingCost, overheadNs } from "../trace/cost.ts";
import { decodeCall } from "../trace/decode.ts";
import type { TraceRecord } from "../trace/records.ts";
import { TraceSummary } from "../trace/summary.ts";
import { type OnRecords, traceNewContainer, traceRunningContainer } from "../trace/targets.ts";
import { TraceTimeline } from "../trace/timeline.ts";
import { attach, callerTerminalSize, requireTerminal } from "./attach.ts";
import { addContainerOptions, type ContainerFlags, containerOptions } from "./container-options.ts";
import { sayFindings } from "./findings.ts";
import { withLauncher } from "./launcher.ts";
import { requireTimelineFile, writeTimeline } from "./timeline-file.ts";
import { jsonFormat } from "./trace-json.ts";
import { openOutput, type TraceFormat } from "./trace-sink.ts";
import { textFormat } from "./trace-text.ts";

interface TraceFlags extends ContainerFlags {
  readonly follow?: boolean;
  readonly summary?: boolean;
  readonly words?: boolean;
  readonly output?: string;
  readonly timeline?: string;
  readonly json?: boolean;
  readonly stringSize: string;
}

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;

/** Adds `ringside trace` to the program. */
export function registerTrace(program: Command): void {
  freeLetters(addContainerOptions(program.command("trace")), "-f", "-c", "-o")
    .description("show the system calls of a container, with times")
    .argument("<container|image>", "a container that runs; or an image, for a new container that goes with its end")
    .argument("[command...]", "with an image: the program and its arguments")
    .option("-f, --follow", "every process and thread, not only the first")
    .option("-c, --summary", "only a table: which calls, how often, how long")
    .option("--words", "say what each call is for, where it comes for the first time")
    .option("-o, --output <file>", "write the trace to a file")
    .option("--timeline <file>", "write it as a trace that Perfetto opens (Chrome Trace Event JSON)")
    .option("--json", "as one JSON document, a call a line, schema ringside.trace/1")
    .option("--string-size <bytes>", "how much is shown of data that is read or written", "32")
    .addHelpText("after", HELP)
    .helpOption("--help", "show this help")
    .action(trace);
}

/** A container's options keep their long names; strace's letters are this command's own. */
function freeLetters(command: Command, ...letters: readonly string[]): Command {
  for (const option of command.options) {
    if (option.short === undefined || !letters.includes(option.short)) continue;
    option.flags = option.flags.replace(`${option.short}, `, "");
    delete option.short;
  }
  return command;
}

const HELP = `
Examples:
  ringside trace ringside/base cat /etc/hostname
  ringside trace -f ringside/base sh -c 'ls | wc -l' --timeline calls.json
  ringside trace -f -c web                        what the container web does, until Ctrl-C
  ringside trace ringside/base cat /etc/hostname --json

--json and --timeline FILE may also stand at the end, behind the command; what follows "--" is the command's own.
The trace goes to standard error, the program's own output to standard output; with --json the other way round.
Times are measured by ptrace(2), which stops a process twice a call. What that costs is measured in the same run and
said at the end. A container that was running runs on afterwards; the exit code of a new one is its program's.`;

const MOST_STRING_BYTES = 1 << 20;

function parseStringSize(text: string): number {
  const bytes = parseCount(text, "a number of bytes");
  if (bytes <= MOST_STRING_BYTES) return bytes;
  throw new RingsideError(`--string-size ${text} is more than is kept of a call: ${MOST_STRING_BYTES} bytes`, {
    fix: `give ${MOST_STRING_BYTES} or less`,
  });
}

/** What stands behind the command though it is ours: the synopsis puts it there. */
export function takeTrailingOptions(
  command: readonly string[],
  flags: { readonly json?: boolean; readonly timeline?: string },
): { readonly command: readonly string[]; readonly json: boolean; readonly timeline: string | undefined } {
  let { json = false, timeline } = flags;
  if (command[0] === "--") return { command: command.slice(1), json, timeline };
  const rest = [...command];
  while (rest.length > 0) {
    const last = rest.at(-1) ?? "";
    if (last === "--json") json = true;
    else if (last.startsWith("--timeline=")) timeline = last.slice("--timeline=".length);
    else if (rest.at(-2) === "--timeline") timeline = rest.pop();
    else break;
    rest.pop();
  }
  return { command: rest, json, timeline };
}

/** Everything that is done with what the tracer sees. */
class Reporter {
  readonly #format: TraceFormat;
  readonly #write: (text: string) => void;
  readonly #summary = new TraceSummary();
  readonly #timeline: TraceTimeline | undefined;
  readonly #mostData: number;
  readonly totals = { calls: 0, heldNs: 0, firstNs: 0, lastNs: 0 };

  constructor(
    format: TraceFormat,
    write: (text: string) => void,
    timeline: TraceTimeline | undefined,
    mostData: number,
  ) {
    this.#format = format;
    this.#write = write;
    this.#timeline = timeline;
    this.#mostData = mostData;
  }

  readonly onRecords: OnRecords = (records) => {
    this.#write(records.map((record) => this.#textOf(record)).join(""));
  };

  #textOf(record: TraceRecord): string {
    const { totals } = this;
    if (totals.firstNs === 0) totals.firstNs = record.atNs;
    totals.lastNs = Math.max(totals.lastNs, record.kind === "call" ? record.resumedNs : record.atNs);
    if (record.kind !== "call") {
      this.#timeline?.addEvent(record);
      return this.#format.event(record);
    }
    totals.calls++;
    totals.heldNs += heldNs(record);
    const words = decodeCall(record, this.#mostData);
    this.#summary.add(record, words);
    this.#timeline?.addCall(record, words);
    return this.#format.call(record, words);
  }

  summary() {
    return this.#summary.rows();
  }
}

async function trace(target: string, given: readonly string[], flags: TraceFlags): Promise<void> {
  const { command, json, timeline } = takeTrailingOptions(given, flags);
  const mostData = parseStringSize(flags.stringSize);
  const follow = flags.follow === true;
  const isNew = command.length > 0 || !isContainer(target);
  if (isNew && command.length === 0 && findImage(target) === undefined) {
    throw new RingsideError(`there is neither a container nor an image ${target}`, {
      fix: "ringside ps and ringside image ls show which there are",
    });
  }
  requireTimelineFile(timeline);
  const startedAt = new Date().toISOString();
  const format = json
    ? jsonFormat({ kind: isNew ? "image" : "container", name: target, command }, follow, startedAt)
    : textFormat({ follow, explain: flags.words === true, summaryOnly: flags.summary === true });
  const output = openOutput(flags.output, json ? STDOUT : STDERR);
  const spans = timeline === undefined ? undefined : new TraceTimeline();
  const reporter = new Reporter(format, output.write, spans, mostData);
  const options = { follow, mostDataBytes: mostData };
  process.exitCode = await withLauncher(async (launcher) => {
    output.write(format.begin());
    const { lost, code, findings } = isNew
      ? await traceNew(launcher, target, command, flags, json, options, reporter.onRecords)
      : await traceLive(target, options, reporter.onRecords, () => output.isClosed);
    const cost = await measureTracingCost(launcher);
    const { calls, firstNs, lastNs } = reporter.totals;
    const elapsedNs = lastNs - firstNs;
    const end = {
      calls,
      lost,
      summary: reporter.summary(),
      cost,
      overheadNs: overheadNs(reporter.totals, cost),
      elapsedNs,
    };
    output.write(format.end(end));
    output.close();
    sayFindings(findings, (text) => writeSync(STDERR, text));
    if (timeline !== undefined && spans !== undefined) writeCalls(timeline, spans, target, startedAt);
    return code;
  });
}

function isContainer(name: string): boolean {
  return listContainers().some((each) => each.name === name || (name !== "" && each.id.startsWith(name)));
}

interface Traced {
  readonly lost: number;
  readonly findings: readonly Finding[];
  readonly code: number;
}

type Options = Parameters<typeof traceRunningContainer>[1];

async function traceNew(
  launcher: Parameters<typeof traceNewContainer>[0],
  image: string,
  command: readonly string[],
  flags: TraceFlags,
  json: boolean,
  options: Options,
  onRecords: OnRecords,
): Promise<Traced> {
  const interactive = flags.interactive === true;
  if (flags.tty === true) requireTerminal(interactive);
  const nothing = openSync("/dev/null", "r");
  const stdio = { stdin: interactive ? STDIN : nothing, stdout: json ? STDERR : STDOUT, stderr: STDERR };
  const streams = flags.tty === true ? { terminal: callerTerminalSize() } : { stdio };
  const wanted = { ...containerOptions(image, command, flags), remove: true, ...streams };
  try {
    const { world, watch } = await traceNewContainer(launcher, wanted, options, onRecords);
    const [exit, { lost }] = await Promise.all([attach(world, interactive), watch.ended]);
    return { lost, code: exitCodeOf(exit.status), findings: exit.findings ?? [] };
  } finally {
    closeSync(nothing);
  }
}

/** Until it ends, or until somebody has seen enough: Ctrl-C, or a reader that goes. */
async function traceLive(
  name: string,
  options: Options,
  onRecords: OnRecords,
  readerIsGone: () => boolean,
): Promise<Traced> {
  const running = traceRunningContainer(name, options, (records) => {
    onRecords(records);
    if (readerIsGone()) running.watch.detach();
  });
  let interrupts = 0;
  const stop = (): void => {
    interrupts++;
    if (interrupts === 1) running.watch.detach();
    else running.watch.abandon();
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  const count = running.processes === 1 ? "1 process" : `${running.processes} processes`;
  writeSync(STDERR, `ringside: watching ${count} of ${running.name}; Ctrl-C lets go, and it runs on\n`);
  try {
    const { lost } = await running.watch.ended;
    return { lost, code: 0, findings: [] };
  } finally {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  }
}

function writeCalls(file: string, spans: TraceTimeline, target: string, date: string): void {
  const here = measuredHere(date);
  const provenance = { ...here, detail: `${here.detail}; by ptrace(2), whose stops are drawn too` };
  if (spans.leftOut > 0) {
    writeSync(STDERR, `ringside: the timeline ends early: ${spans.leftOut} spans found no room in it\n`);
  }
  writeTimeline(file, spans.timeline(`system calls of ${target}`, provenance));
}
