/**
 * Where `ringside oci` says what went wrong: standard error, for people, and the file of --log, for engines. containerd
 * reads the last error of that file, podman expects it to hold one object alone: so nothing but errors is written to it
 * unless --debug asks for more.
 */
import { appendFileSync, writeSync } from "node:fs";

export type LogLevel = "debug" | "warning" | "error";

export interface Log {
  write(level: LogLevel, message: string): void;
}

export interface LogOptions {
  readonly path?: string;
  readonly format: "text" | "json";
  readonly debug: boolean;
}

const STDERR = 2;

/** One line of a log, as logrus writes it: engines parse these. */
export function logLine(format: LogOptions["format"], level: LogLevel, message: string, time: string): string {
  if (format === "json") return `${JSON.stringify({ level, msg: message, time })}\n`;
  return `time=${JSON.stringify(time)} level=${level} msg=${JSON.stringify(message)}\n`;
}

function append(path: string, line: string): void {
  try {
    appendFileSync(path, line, { mode: 0o600 });
  } catch {
    // Standard error has it too, and nobody is left to be told that the log could not be written.
  }
}

/**
 * @param options as the global options gave them
 * @param now the time of day, ISO 8601
 */
export function openLog({ path, format, debug }: LogOptions, now: () => string): Log {
  return {
    write(level, message) {
      if (level === "debug" && !debug) return;
      if (level !== "debug" || path === undefined) writeSync(STDERR, `${message}\n`);
      if (path !== undefined && (level === "error" || debug)) append(path, logLine(format, level, message, now()));
    },
  };
}
