/** `ringside ps`: the containers of this machine. docker-ps(1). */
import type { Command } from "commander";
import { isId } from "../container/record.ts";
import { type ContainerState, listContainers } from "../container/state.ts";
import { sweep } from "../container/sweep.ts";
import { vmIds } from "../vm/directory.ts";
import { collect } from "./container-options.ts";
import { containerFilters } from "./ps-filter.ts";
import { shorten, tableText } from "./table.ts";

interface PsFlags {
  readonly all?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
  readonly trunc: boolean;
  readonly filter: readonly string[];
}

const COMMAND_WIDTH = 32;

/** Adds `ringside ps` to the program. */
export function registerPs(program: Command): void {
  program
    .command("ps")
    .description("list the containers that run")
    .option("-a, --all", "those that have ended, too")
    .option("-q, --quiet", "ids only")
    .option(
      "-f, --filter <name=value>",
      "only status=, name=, id=, ancestor=, label=, exited=; several hold together",
      collect,
      [],
    )
    .option("--no-trunc", "whole commands")
    .option("--json", "as JSON, schema ringside.ps/1")
    .action(ps);
}

async function ps(flags: PsFlags): Promise<void> {
  const { matches, asksForStatus } = containerFilters(flags.filter);
  await sweep();
  // What a killed Ringside has left of its machines goes, too; where there are none, nothing is loaded for it.
  if (vmIds().some(isId)) await (await import("../vm/sweep.ts")).sweepVms();
  const all = flags.all === true || asksForStatus;
  const containers = listContainers().filter(
    (container) => (all || container.status === "running" || container.status === "paused") && matches(container),
  );
  if (flags.json === true) {
    const rows = containers.map(({ config: _, ...row }) => row);
    process.stdout.write(`${JSON.stringify({ schema: "ringside.ps/1", containers: rows })}\n`);
  } else if (flags.quiet === true) {
    for (const { id } of containers) process.stdout.write(`${id}\n`);
  } else {
    process.stdout.write(table(containers, flags.trunc));
    sayVirtualMachines();
  }
}

/** Whoever looks for a machine among containers, at a terminal, is told where it is. */
function sayVirtualMachines(): void {
  if (process.stdout.isTTY && process.stderr.isTTY && vmIds().some(isId)) {
    process.stderr.write("virtual machines: ringside vm ps\n");
  }
}

function table(containers: readonly ContainerState[], trunc: boolean): string {
  return tableText([
    ["ID", "NAME", "IMAGE", "COMMAND", "CREATED", "STATUS", "PID"],
    ...containers.map((container) => [
      container.id,
      container.name,
      container.image,
      shorten(container.command.join(" "), trunc ? COMMAND_WIDTH : Number.POSITIVE_INFINITY),
      container.createdAt.slice(0, 19).replace("T", " "),
      statusText(container),
      container.status === "running" || container.status === "paused" ? String(container.init?.pid ?? "") : "",
    ]),
  ]);
}

/** The status, and for one that has ended how. */
export function statusText({ status, exit }: ContainerState): string {
  if (exit === undefined) return status;
  const how = exit.status.kind === "exited" ? `with ${exit.status.code}` : `by ${exit.status.signal}`;
  return `exited ${how}${exit.oomKilled ? ", out of memory" : ""}`;
}
