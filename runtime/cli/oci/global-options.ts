/** The options that stand before a command's name, the same for all commands; runc's names. */
import { stateRoot } from "../../container/oci/root.ts";
import { RingsideError } from "../../error.ts";
import { parseLeading } from "./arguments.ts";
import type { GlobalOptions } from "./command.ts";
import { type LogOptions, openLog } from "./log.ts";

export const GLOBAL_OPTIONS = {
  root: { kind: "value", help: "where the states of containers are" },
  log: { kind: "value", help: "a file that errors are written to as well" },
  "log-format": { kind: "value", help: "text (default) or json" },
  debug: { kind: "flag", help: "write what is being done to the log, too" },
  "systemd-cgroup": { kind: "flag", help: "have systemd make the control groups" },
  rootless: { kind: "value", help: "accepted, and found out without it" },
  criu: { kind: "value", help: "accepted, and not used" },
  version: { kind: "flag", short: "v", help: "print the version" },
  help: { kind: "flag", short: "h", help: "print this help" },
} as const;

export interface CommandLine {
  readonly asked: "version" | "help" | "command";
  readonly globals: GlobalOptions;
  readonly command: string | undefined;
  readonly args: readonly string[];
}

function formatOf(text: string | undefined): LogOptions["format"] {
  if (text === undefined || text === "text" || text === "json") return text ?? "text";
  throw new RingsideError(`unknown log-format ${JSON.stringify(text)}`, { fix: "text or json" });
}

/**
 * Reads what stands before the command's name.
 * @throws RingsideError for an option that there is not
 */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const { values, operands } = parseLeading(args, GLOBAL_OPTIONS);
  const [command, ...rest] = operands;
  const { log, root, debug = false } = values;
  const options: LogOptions = {
    format: formatOf(values["log-format"]),
    debug,
    ...(log !== undefined && log !== "" && { path: log }),
  };
  return {
    asked: values.version === true ? "version" : values.help === true || command === undefined ? "help" : "command",
    globals: {
      root: stateRoot(root),
      systemdCgroup: values["systemd-cgroup"] === true,
      log: openLog(options, () => new Date().toISOString()),
    },
    command,
    args: rest,
  };
}
