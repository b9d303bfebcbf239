/** `ringside vm crash`: a kernel panics, and what goes with it. */
import type { Command } from "commander";
import { crashGuest } from "../vm/agent.ts";
import { demonstrateCrash } from "../vm/crash/demonstration.ts";
import { crashJson, crashText, crashTimeline, isAsExpected } from "../vm/crash/report.ts";
import { requireLivingVm } from "../vm/state.ts";
import { requireKernel, withLauncher } from "./launcher.ts";
import { requireTimelineFile, writeTimeline } from "./timeline-file.ts";

interface CrashFlags {
  readonly json?: boolean;
  readonly timeline?: string;
}

const HELP = `
Without a name it is a demonstration: a container of this host, a virtual machine, and a second one with two containers of
its own count at the same time; then the second one's kernel panics (sysrq c). Under emulation it takes half a minute, and
about 1 GiB of memory. With a name, the kernel of that virtual machine panics, whatever runs in it.

Examples:
  ringside vm crash
  ringside vm crash --timeline crash.json
  ringside vm run -d --name doomed ringside/inside sleep 1d && ringside vm crash doomed`;

/** Adds `crash` to `ringside vm`. */
export function addVmCrash(vm: Command): void {
  vm.command("crash")
    .description("have a guest's kernel panic; without a name: show what that takes along, and what not")
    .argument("[vm]", "its name, its id or the beginning of its id")
    .option("--json", "print ringside.crash/1")
    .option("--timeline <file>", "write who counted how long as a trace that Perfetto opens (Chrome Trace Event JSON)")
    .addHelpText("after", HELP)
    .action(crash);
}

async function crash(name: string | undefined, flags: CrashFlags): Promise<void> {
  requireKernel();
  if (name === undefined) return await demonstrate(flags);
  const machine = requireLivingVm(name, "crash");
  await crashGuest(machine.directory);
  process.stdout.write(`${machine.name}\n`);
}

async function demonstrate({ json, timeline }: CrashFlags): Promise<void> {
  requireTimelineFile(timeline);
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort();
  process.once("SIGINT", onInterrupt);
  try {
    await withLauncher(async (launcher) => {
      const onStage = (words: string) => process.stderr.write(`${words}\n`);
      const seen = await demonstrateCrash(launcher, { onStage, signal: interrupt.signal });
      if (timeline !== undefined) writeTimeline(timeline, crashTimeline(seen, new Date().toISOString()));
      process.stdout.write(json === true ? crashJson(seen) : crashText(seen));
      process.exitCode = isAsExpected(seen) ? 0 : 1;
    });
  } finally {
    process.off("SIGINT", onInterrupt);
  }
}
