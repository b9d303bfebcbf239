/** `ringside vm stats`: what running virtual machines use, as the host and as the guest see it. */
import type { Command } from "commander";
import { type LivingVm, listVms, requireLivingVm } from "../vm/state.ts";
import { sampleVm, type VmSample, type VmUsage, vmUsage } from "../vm/stats.ts";
import { bytesText, percent } from "./amounts.ts";
import { OutputClosed, PatientWriter } from "./output.ts";
import { pageOf, sleep, untilSignal } from "./stream-page.ts";
import { tableText } from "./table.ts";

interface StatsFlags {
  readonly stream: boolean;
  readonly json?: boolean;
}

const PERIOD_MS = 1000;

const HELP = `
CPU % is of one CPU of the host, and counts what the monitor needs to run the guest, too. HOST PSS is what the machine takes
of the host's memory, shared pages divided among those who share them; GUEST is what the guest's own kernel says it uses of
what it has. The two differ: a page that the guest has touched once stays the host's loss. A dash stands for what nobody
can say: the guest is paused, or has no agent.`;

/** Adds `stats` to `ringside vm`. */
export function addVmStats(vm: Command): void {
  vm.command("stats")
    .description("show what running virtual machines use, each second, until Ctrl-C or until all have ended")
    .argument("[vm...]", "names, ids or beginnings of ids (default: all that run)")
    .option("--no-stream", "once only")
    .option("--json", "a JSON object for each second, schema ringside.vm-stats/1")
    .addHelpText("after", HELP)
    .action(stats);
}

async function stats(names: readonly string[], flags: StatsFlags): Promise<void> {
  const asked = names.map((name) => requireLivingVm(name, "count what is used by").id);
  const writer = new PatientWriter(process.stdout);
  const stopped = untilSignal();
  const read = (): Promise<VmSample[]> => Promise.all(living(asked).map(sampleVm));
  let before = await read();
  try {
    while (!stopped.signal.aborted) {
      if (asked.length > 0 && before.length === 0) break;
      await sleep(PERIOD_MS, stopped.signal);
      if (stopped.signal.aborted) break;
      const now = await read();
      await writer.write(textOf(usages(now, before), flags));
      before = now;
      if (!flags.stream) break;
    }
  } catch (error) {
    if (!(error instanceof OutputClosed)) throw error;
  } finally {
    stopped.undo();
  }
}

function living(asked: readonly string[]): LivingVm[] {
  return listVms().flatMap((machine) => {
    const { id, life, process } = machine;
    const isWanted = life === "running" && (asked.length === 0 || asked.includes(id));
    return isWanted && process !== undefined ? [{ ...machine, process }] : [];
  });
}

function usages(now: readonly VmSample[], before: readonly VmSample[]): VmUsage[] {
  return now.map((one) =>
    vmUsage(
      one,
      before.find(({ machine }) => machine.id === one.machine.id),
    ),
  );
}

function textOf(virtualMachines: readonly VmUsage[], flags: StatsFlags): string {
  if (flags.json === true) {
    return `${JSON.stringify({ schema: "ringside.vm-stats/1", at: new Date().toISOString(), virtualMachines })}\n`;
  }
  const table = tableText([
    [
      "ID",
      "NAME",
      "STATUS",
      "CPU %",
      "GUEST CPU %",
      "HOST PSS",
      "GUEST USED / TOTAL",
      "GIVEN",
      "PROCESSES",
      "ACCELERATOR",
    ],
    ...virtualMachines.map((row) => [
      row.id,
      row.name,
      row.status,
      percent(row.cpuPercent),
      percent(row.guestCpuPercent),
      bytesText(row.hostPssBytes),
      `${bytesText(row.guestUsedBytes)} / ${bytesText(row.guestTotalBytes)}`,
      bytesText(row.assignedBytes),
      row.guestProcesses === null ? "-" : String(row.guestProcesses),
      row.acceleratorLabel,
    ]),
  ]);
  return pageOf(table, flags.stream);
}
