/** `ringside logs`: what a detached container has printed. docker-logs(1). */
import { writeSync } from "node:fs";
import type { Command } from "commander";
import { type LogOptions, type LogPiece, readLog } from "../container/logs.ts";
import { momentText, parseMoment } from "../container/moment.ts";
import { postMortem } from "../container/post-mortem/facts.ts";
import { findContainer, listContainers } from "../container/state.ts";
import { RingsideError } from "../error.ts";
import { sayFindings } from "./findings.ts";
import { OutputClosed, PatientWriter } from "./output.ts";

/** The options of `ringside logs` and `ringside vm logs`. */
export interface LogsFlags {
  readonly follow?: boolean;
  readonly tail: string;
  readonly since?: string;
  readonly until?: string;
  readonly timestamps?: boolean;
}

const STDERR = 2;

/** Adds `ringside logs` to the program. */
export function registerLogs(program: Command): void {
  const command = program
    .command("logs")
    .description("print what a detached container has printed")
    .argument("<container>", "its name, its id or the beginning of its id");
  addLogOptions(command).addHelpText("after", HELP).action(logs);
}

/** Adds which part of a log is wanted. */
export function addLogOptions(command: Command): Command {
  return command
    .option("-f, --follow", "go on until it ends")
    .option("-n, --tail <lines>", "the last lines only", "all")
    .option("--since <moment>", "what was printed since, such as 2026-01-31T10:00:00Z or 10m")
    .option("--until <moment>", "what was printed until then")
    .option("-t, --timestamps", "begin each line with its time");
}

const HELP = `
Standard output goes to standard output, standard error to standard error. The log is bounded (ringside run --log-opt);
where its beginning has been let go of, what is left is printed.`;

async function logs(container: string, flags: LogsFlags): Promise<void> {
  const state = findContainer(container);
  await printLog(readLog(state, logOptions(flags)), flags, () => sayWhyItEnded(state.id));
}

/** @throws RingsideError naming the option whose value makes no sense */
export function logOptions(flags: LogsFlags): LogOptions {
  return {
    follow: flags.follow === true,
    ...(flags.tail !== "all" && { tail: parseTail(flags.tail) }),
    ...(flags.since !== undefined && { sinceNs: parseMoment(flags.since) }),
    ...(flags.until !== undefined && { untilNs: parseMoment(flags.until) }),
  };
}

/** Prints a log, as far as anybody reads. @param atEnd is called behind the last line */
export async function printLog(
  pieces: AsyncIterable<LogPiece>,
  { timestamps }: Pick<LogsFlags, "timestamps">,
  atEnd: () => void = () => undefined,
): Promise<void> {
  const writers = { stdout: new PatientWriter(process.stdout), stderr: new PatientWriter(process.stderr) };
  try {
    for await (const piece of pieces) await print(piece, writers, timestamps === true);
    atEnd();
  } catch (error) {
    if (!(error instanceof OutputClosed)) throw error;
  }
}

/** Behind the last line: it may have ended while it was followed, or been removed. */
function sayWhyItEnded(id: string): void {
  const now = listContainers().find((container) => container.id === id);
  if (now !== undefined) sayFindings(postMortem(now), (text) => writeSync(STDERR, text));
}

async function print(
  piece: LogPiece,
  writers: Readonly<Record<"stdout" | "stderr", PatientWriter>>,
  timestamps: boolean,
): Promise<void> {
  if (piece.kind === "lost") {
    writeSync(STDERR, `ringside: ${lostText(piece.bytes)}\n`);
    return;
  }
  const writer = writers[piece.stream];
  if (timestamps && piece.isStart) await writer.write(`${momentText(piece.timeNs)} `);
  await writer.write(piece.data);
}

/** What a gap in the log means. */
export function lostText(bytes: number | undefined): string {
  return bytes === undefined
    ? "here a part is missing: the log's bounds were reached before it was read"
    : `here ${bytes} bytes are missing: the disk had no room for them`;
}

function parseTail(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new RingsideError(`${JSON.stringify(text)} is not a number of lines`, {
    fix: "write --tail 20, or --tail all",
  });
}
