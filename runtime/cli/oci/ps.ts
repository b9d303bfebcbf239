/** `ringside oci ps`: the processes of a container. As a table it is ps(1)'s, less the lines of all other processes. */
import { writeSync } from "node:fs";
import { Launcher } from "../../../native/kernel.ts";
import { containerProcesses } from "../../container/oci/processes.ts";
import { runProgram } from "../../container/oci/program.ts";
import { findEngineContainer } from "../../container/oci/store.ts";
import { RingsideError } from "../../error.ts";
import { onlyId, parseArguments } from "./arguments.ts";
import type { Command } from "./command.ts";
import { UsageError } from "./usage-error.ts";

const STDOUT = 1;
const OPTIONS = {
  format: { kind: "value", short: "f", help: "table (default) or json" },
} as const;

const DEFAULT_PS_OPTIONS = ["-ef"];

/** The header, and the lines whose number under PID is one of ours. */
function linesOf(output: string, pids: readonly number[]): string {
  const [head = "", ...lines] = output.trimEnd().split("\n");
  const column = head.trim().split(/\s+/).indexOf("PID");
  if (column < 0)
    throw new RingsideError("cannot find the column PID in the output of ps", {
      fix: "give options of ps that show it",
    });
  const ours = lines.filter((line) => pids.includes(Number(line.trim().split(/\s+/)[column])));
  return `${[head, ...ours].join("\n")}\n`;
}

async function table(pids: readonly number[], psOptions: readonly string[]): Promise<string> {
  await using launcher = await Launcher.open();
  const { PATH = "/usr/bin:/bin" } = process.env;
  const argv = ["ps", ...(psOptions.length > 0 ? psOptions : DEFAULT_PS_OPTIONS)];
  const { status, output } = await runProgram(launcher, { argv, env: [`PATH=${PATH}`] });
  if (status.kind !== "exited" || status.code !== 0) throw new RingsideError(`ps failed: ${output.trim()}`);
  return linesOf(output, pids);
}

export const ps: Command = {
  summary: "list the processes of a container",
  operands: "CONTAINER [OPTIONS OF PS]",
  options: OPTIONS,
  async run(args, { root }) {
    const { values, operands } = parseArguments(args, OPTIONS, "in order");
    const [id, ...psOptions] = operands;
    const { format = "table" } = values;
    if (format !== "table" && format !== "json")
      throw new UsageError(`invalid format ${JSON.stringify(format)}: table or json`);
    const pids = containerProcesses(findEngineContainer(root, onlyId(id === undefined ? [] : [id], "ps")).record);
    writeSync(STDOUT, format === "json" ? `${JSON.stringify(pids)}\n` : await table(pids, psOptions));
    return 0;
  },
};
