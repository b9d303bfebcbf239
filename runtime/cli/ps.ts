/** `ringside ps`: the containers of this machine. docker-ps(1). */
import type { Command } from "commander";
import { type ContainerState, listContainers, sweep } from "../container/state.ts";

interface PsFlags {
  readonly all?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** Adds `ringside ps` to the program. */
export function registerPs(program: Command): void {
  program
    .command("ps")
    .description("list the containers that run")
    .option("-a, --all", "those that have ended, too")
    .option("-q, --quiet", "ids only")
    .option("--json", "as JSON, schema ringside.ps/1")
    .action(ps);
}

function ps(flags: PsFlags): void {
  sweep();
  const containers = listContainers().filter(({ status }) => flags.all === true || status === "running");
  if (flags.json === true) {
    const rows = containers.map(({ config: _, ...row }) => row);
    process.stdout.write(`${JSON.stringify({ schema: "ringside.ps/1", containers: rows })}\n`);
  } else if (flags.quiet === true) {
    for (const { id } of containers) process.stdout.write(`${id}\n`);
  } else process.stdout.write(table(containers));
}

function table(containers: readonly ContainerState[]): string {
  const rows = [
    ["ID", "NAME", "IMAGE", "COMMAND", "CREATED", "STATUS", "PID"],
    ...containers.map((container) => [
      container.id,
      container.name,
      container.image,
      shorten(container.command.join(" ")),
      container.createdAt.slice(0, 19).replace("T", " "),
      statusText(container),
      container.status === "running" ? String(container.init?.pid ?? "") : "",
    ]),
  ];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

function shorten(text: string): string {
  return text.length <= 32 ? text : `${text.slice(0, 31)}…`;
}

/** The status, and for one that has ended how. */
export function statusText({ status, exit }: ContainerState): string {
  if (exit === undefined) return status;
  const how = exit.status.kind === "exited" ? `with ${exit.status.code}` : `by ${exit.status.signal}`;
  return `exited ${how}${exit.oomKilled ? ", out of memory" : ""}`;
}
