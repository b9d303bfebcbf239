/** --help of `ringside oci` and of its commands, made from the tables that the arguments are read by. */
import type { OptionRow, OptionTable } from "./arguments.ts";
import type { Command } from "./command.ts";

const BY_COMMAND: Readonly<Record<string, readonly string[]>> = {
  create: ["create --bundle bundle box", "create --bundle bundle --pid-file box.pid --console-socket box.sock box"],
  delete: ["delete box", "delete --force box"],
  events: ["events --stats box", "events --interval 10s box"],
  exec: ["exec box ps", "exec -d --pid-file further.pid box sleep 60", "exec --process process.json box"],
  features: ["features"],
  kill: ["kill box", "kill --all box KILL"],
  list: ["list", "list --format json"],
  pause: ["pause box"],
  ps: ["ps box", "ps --format json box"],
  resume: ["resume box"],
  run: ["run --bundle bundle box", "run -d --bundle bundle box"],
  spec: ["spec --bundle bundle", "spec --rootless"],
  start: ["start box"],
  state: ["state box"],
  update: ["update --memory 67108864 box", "update --resources resources.json box"],
};

function left(name: string, { kind, short }: OptionRow): string {
  const value = kind === "flag" ? "" : ` ${name.toUpperCase()}`;
  return `${short === undefined ? "    " : `-${short}, `}--${name}${value}`;
}

function optionLines(table: OptionTable): string[] {
  const rows = Object.entries(table).map(([name, row]) => [left(name, row), row.help] as const);
  const width = Math.max(0, ...rows.map(([text]) => text.length));
  return rows.map(([text, help]) => `  ${text.padEnd(width)}  ${help}`);
}

/** @returns what `ringside oci NAME --help` prints */
export function helpOf(name: string, { summary, operands, options }: Command): string {
  const usage = `usage: ringside oci [GLOBAL OPTIONS] ${[name, "[OPTIONS]", operands].filter(Boolean).join(" ")}`;
  const lines = optionLines(options);
  const examples = (BY_COMMAND[name] ?? []).map((line) => `  ringside oci ${line}`);
  return `${[
    usage,
    "",
    summary,
    ...(lines.length > 0 ? ["", "options:", ...lines] : []),
    ...(examples.length > 0 ? ["", "examples:", ...examples] : []),
  ].join("\n")}\n`;
}

/** @returns what `ringside oci --help` prints */
export function helpOfAll(
  globals: OptionTable,
  commands: readonly (readonly [name: string, command: Command])[],
): string {
  const width = Math.max(...commands.map(([name]) => name.length));
  return `${[
    "usage: ringside oci [GLOBAL OPTIONS] COMMAND [OPTIONS] [OPERANDS]",
    "",
    "The command line of an OCI runtime: what podman, docker and containerd call to make and run containers.",
    "",
    "global options:",
    ...optionLines(globals),
    "",
    "commands:",
    ...commands.map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`),
  ].join("\n")}\n`;
}
