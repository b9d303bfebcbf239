/** The processes in a container, as the host's ps(1) shows them. docker-top(1). */
import { spawnSync } from "node:child_process";
import { RingsideError } from "../error.ts";
import { containerProcesses as processesOf } from "./oci/processes.ts";
import { requireLiving } from "./stop.ts";

const DEFAULT_OPTIONS = ["-ef"];

export interface ProcessTable {
  readonly titles: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/**
 * @param options of ps(1); what it prints must have a column PID
 * @throws RingsideError when the container does not run, or ps does not know the options
 */
export function containerProcesses(idOrName: string, options: readonly string[]): ProcessTable {
  const { state, pid, startTicks } = requireLiving(idOrName, "look into");
  const pids = new Set(processesOf({ cgroups: state.cgroups, init: { pid, startTicks } }).map(String));
  const { status, stdout, stderr, error } = spawnSync("ps", options.length === 0 ? DEFAULT_OPTIONS : options, {
    encoding: "utf8",
  });
  if (error !== undefined) {
    throw new RingsideError(`ps cannot be run: ${error.message}`, { cause: error, fix: "apt-get install procps" });
  }
  if (status !== 0) {
    throw new RingsideError(`ps refused its options: ${stderr.split("\n")[0] ?? ""}`, { fix: "see ps(1)" });
  }
  const [head = "", ...lines] = stdout.split("\n").filter((line) => line !== "");
  const titles = head.trim().split(/\s+/);
  const pidColumn = titles.indexOf("PID");
  if (pidColumn < 0) {
    throw new RingsideError("the processes cannot be told apart: ps printed no column PID", {
      fix: "add pid to the columns, such as -o pid,comm",
    });
  }
  const rows = lines.map((line) => cells(line, titles.length)).filter((row) => pids.has(row[pidColumn] ?? ""));
  return { titles, rows };
}

/** The last column is the command, which may hold blanks. */
function cells(line: string, count: number): string[] {
  const words = line.trim().split(/\s+/);
  return [...words.slice(0, count - 1), words.slice(count - 1).join(" ")];
}
