/** `ringside vm migrate`: a running detached virtual machine goes on in a new QEMU. */
import { type Command, Option } from "commander";
import { parseMemory } from "../container/options.ts";
import { LAST_RESORTS, type LastResort, type MigrationOptions } from "../vm/migration/dialogue.ts";
import { type Move, moveVm } from "../vm/migration/move.ts";
import { parseCount } from "./bench-options.ts";
import { requireKernel } from "./launcher.ts";

interface MigrateFlags {
  readonly downtimeLimit?: number;
  readonly bandwidth?: string;
  readonly lastResort: LastResort;
  readonly timeLimit?: number;
  readonly json?: boolean;
}

const HELP = `
Its memory is sent over a unix socket while it runs, pass by pass; then it is stopped, the rest follows, and it goes on in
the new QEMU. Its name, id, log and published ports stay. What was connected to it ends: who looks at its console, a
command under way in it (ringside vm exec), a connection over a published port. Where it cannot be moved, it runs on as
before. With figures, again and again: ringside bench migration.

Examples:
  ringside vm run -d --name mover ringside/base ringside-counter 100000
  ringside vm migrate mover
  ringside vm logs mover`;

const NS_PER_MS = 1e6;
const MIB = 1024 ** 2;
const MS_PER_SECOND = 1000;

/** Adds `migrate` to `ringside vm`. */
export function addVmMigrate(vm: Command): void {
  vm.command("migrate")
    .description("move a running detached virtual machine to a new QEMU on this machine")
    .argument("<vm>", "its name, its id or the beginning of its id")
    .option("--downtime-limit <ms>", "how long it may stand still, as QEMU reckons it (default: 300)", parseCount(1))
    .option("--bandwidth <amount>", "bytes a second, such as 64M (default: 128M)")
    .addOption(
      new Option("--last-resort <what>", "what is done about a guest that writes faster than it can be sent")
        .choices(LAST_RESORTS)
        .default("none"),
    )
    .option("--time-limit <seconds>", "when to give it up (default: 120)", parseCount(1))
    .option("--json", "print ringside.vm-migration/1")
    .addHelpText("after", HELP)
    .action(migrate);
}

async function migrate(name: string, flags: MigrateFlags): Promise<void> {
  requireKernel();
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort();
  process.once("SIGINT", onInterrupt);
  try {
    const move = await moveVm(name, { ...optionsOf(flags), signal: interrupt.signal });
    process.stdout.write(flags.json === true ? moveJson(move) : moveText(move));
  } finally {
    process.off("SIGINT", onInterrupt);
  }
}

function optionsOf({ downtimeLimit, bandwidth, lastResort, timeLimit }: MigrateFlags): MigrationOptions {
  return {
    lastResort,
    ...(downtimeLimit !== undefined && { downtimeLimitMs: downtimeLimit }),
    ...(bandwidth !== undefined && { bandwidthBytesPerSecond: parseMemory(bandwidth) }),
    ...(timeLimit !== undefined && { timeLimitMs: timeLimit * MS_PER_SECOND }),
  };
}

function moveText({ machine, migration, stoppedNs, from, to }: Move): string {
  const { rounds, transferredBytes, memoryBytes, totalMs, downtimeMs } = migration;
  const stopped = (stoppedNs / NS_PER_MS).toFixed(1);
  return [
    `${machine.name} went from QEMU ${from.pid} to QEMU ${to.pid} in ${totalMs} ms`,
    `  ${rounds.length} passes, ${(transferredBytes / MIB).toFixed(1)} MiB for ${(memoryBytes / MIB).toFixed(0)} MiB of memory`,
    `  it stood still for ${stopped} ms, from its stop until it was told to go on; QEMU reckons ${downtimeMs} ms`,
    "",
  ].join("\n");
}

function moveJson({ machine, migration, stoppedNs, from, to }: Move): string {
  const { startNs } = migration;
  const sinceStart = (ns: number): number => (ns - startNs) / NS_PER_MS;
  const document = {
    schema: "ringside.vm-migration/1",
    id: machine.id,
    name: machine.name,
    accelerator: machine.acceleratorLabel,
    from: from.pid,
    to: to.pid,
    totalMs: migration.totalMs,
    qemuDowntimeMs: migration.downtimeMs,
    stoppedMs: stoppedNs / NS_PER_MS,
    transferredBytes: migration.transferredBytes,
    memoryBytes: migration.memoryBytes,
    rounds: migration.rounds.map(({ pass, startNs: from, endNs, transferredBytes }) => ({
      pass,
      startMs: sinceStart(from),
      endMs: sinceStart(endNs),
      transferredBytes,
    })),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
