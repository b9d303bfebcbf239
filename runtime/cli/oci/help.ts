/** --help of `ringside oci` and of its commands, made from the tables that the arguments are read by. */
import type { OptionRow, OptionTable } from "./arguments.ts";
import type { Command } from "./command.ts";

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
  return `${[usage, "", summary, ...(lines.length > 0 ? ["", "options:", ...lines] : [])].join("\n")}\n`;
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
