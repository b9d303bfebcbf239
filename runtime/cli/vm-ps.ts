/** `ringside vm ps`: the virtual machines of this machine, as `ringside ps` lists containers. */
import type { Command } from "commander";
import { portText } from "../vm/ports.ts";
import { listVms, type VmState } from "../vm/state.ts";
import { type VmStatus, withStatus } from "../vm/status.ts";
import { bytesText } from "./amounts.ts";
import { shorten, tableText } from "./table.ts";

interface PsFlags {
  readonly all?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
  readonly trunc: boolean;
}

type Listed = VmState & { readonly status: VmStatus };

const COMMAND_WIDTH = 28;

/** Adds `ps` to `ringside vm`. */
export function addVmPs(vm: Command): void {
  vm.command("ps")
    .description("list the virtual machines that run")
    .option("-a, --all", "those that have ended, too")
    .option("-q, --quiet", "ids only")
    .option("--no-trunc", "whole commands")
    .option("--json", "as JSON, schema ringside.vm-ps/1")
    .action(ps);
}

async function ps(flags: PsFlags): Promise<void> {
  const machines = await withStatus(
    listVms().filter(({ life }) => flags.all === true || life === "running" || life === "creating"),
  );
  if (flags.json === true) {
    const rows = machines.map(vmRow);
    process.stdout.write(`${JSON.stringify({ schema: "ringside.vm-ps/1", virtualMachines: rows })}\n`);
  } else if (flags.quiet === true) for (const { id } of machines) process.stdout.write(`${id}\n`);
  else process.stdout.write(table(machines, flags.trunc));
}

/** What JSON says of a machine: the nonce is between the guest's init and us. */
export function vmRow({ nonce: _, directory, life: __, ...row }: Listed): Record<string, unknown> {
  return { ...row, stateDirectory: directory.path };
}

function table(machines: readonly Listed[], trunc: boolean): string {
  return tableText([
    ["ID", "NAME", "IMAGE", "COMMAND", "CREATED", "STATUS", "MACHINE", "ACCELERATOR", "MEMORY", "PORTS", "PID"],
    ...machines.map((machine) => [
      machine.id,
      machine.name,
      machine.image,
      shorten(machine.command.join(" "), trunc ? COMMAND_WIDTH : Number.POSITIVE_INFINITY),
      machine.createdAt.slice(0, 19).replace("T", " "),
      statusText(machine),
      `${machine.vmm} ${machine.machine}`,
      machine.acceleratorLabel,
      bytesText(machine.memoryBytes),
      machine.ports.map(portText).join(", "),
      machine.life === "running" ? String(machine.process?.pid ?? "") : "",
    ]),
  ]);
}

function statusText({ status, exit }: Listed): string {
  if (exit === undefined) return status;
  return exit.status.kind === "exited" ? `exited with ${exit.status.code}` : `exited by ${exit.status.signal}`;
}
