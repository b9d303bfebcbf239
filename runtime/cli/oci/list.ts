/** `ringside oci list`: every container below the root directory. */
import { writeSync } from "node:fs";
import { type EngineState, stateOf } from "../../container/oci/status.ts";
import { listEngineContainers } from "../../container/oci/store.ts";
import { parseArguments } from "./arguments.ts";
import type { Command } from "./command.ts";
import { UsageError } from "./usage-error.ts";

const STDOUT = 1;
const OPTIONS = {
  format: { kind: "value", short: "f", help: "table (default) or json" },
  quiet: { kind: "flag", short: "q", help: "ids only" },
} as const;

const HEAD = ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"];

/** Columns as wide as their widest cell. */
function table(states: readonly EngineState[]): string {
  const rows = [
    HEAD,
    ...states.map(({ id, pid, status, bundle, created, owner }) => [id, String(pid), status, bundle, created, owner]),
  ];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return `${rows.map(line).join("\n")}\n`;
}

export const list: Command = {
  summary: "list the containers below the root directory",
  operands: "",
  options: OPTIONS,
  async run(args, { root }) {
    const { quiet, format = "table" } = parseArguments(args, OPTIONS).values;
    if (format !== "table" && format !== "json")
      throw new UsageError(`invalid format ${JSON.stringify(format)}: table or json`);
    const states = listEngineContainers(root).map(({ record, status }) => stateOf(record, status));
    if (quiet === true) writeSync(STDOUT, states.map(({ id }) => `${id}\n`).join(""));
    else writeSync(STDOUT, format === "json" ? `${JSON.stringify(states)}\n` : table(states));
    return 0;
  },
};
