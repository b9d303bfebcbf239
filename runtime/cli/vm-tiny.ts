/** `ringside vm tiny`: the smallest virtual machine there is, its life step by step and its exits by reason. */
import type { Command } from "commander";
import { parseCount } from "../container/options.ts";
import { DEFAULT_TURNS, runTiny } from "../vm/tiny.ts";
import { tinyTimeline } from "../vm/tiny-timeline.ts";
import { requireTimelineFile, writeTimeline } from "./timeline-file.ts";
import { tinyJson, tinyText } from "./vm-tiny-text.ts";

export interface TinyFlags {
  readonly exits?: string;
  readonly json?: true;
  readonly timeline?: string;
  readonly quiet?: boolean;
}

const HELP = `
Examples:
  ringside vm tiny
  ringside vm tiny --exits 100 --timeline tiny.json

One vCPU, 64 KiB of memory and some 70 bytes of 16-bit code: no firmware, no kernel, no image. It says what each step of
making a virtual machine takes, and what leaving it takes, by reason. It needs /dev/kvm, and works where no kernel boots
with it too; who executes the guest's instructions is found out and said. "ringside vm run --vmm tiny" is the same.`;

/** Adds `tiny` to `ringside vm`. */
export function addVmTiny(vm: Command): void {
  vm.command("tiny")
    .description("the smallest virtual machine: a few bytes of 16-bit code, its exits by reason")
    .option("--exits <n>", `how often the guest leaves for each reason (default: ${DEFAULT_TURNS})`)
    .option("--json", "print ringside.tiny/1")
    .option("--timeline <file>", "write its life as a trace that Perfetto opens (Chrome Trace Event JSON)")
    .addHelpText("after", HELP)
    .action(runVmTiny);
}

/**
 * Runs the tiny guest and prints what it did.
 * @throws RingsideError naming what failed, or the file that could not be written
 */
export async function runVmTiny({ exits, json, timeline: file }: TinyFlags): Promise<void> {
  requireTimelineFile(file);
  const run = await runTiny(exits === undefined ? {} : { turns: parseCount(exits, "a number of exits") });
  if (file !== undefined) writeTimeline(file, tinyTimeline(run, run));
  process.stdout.write(json === true ? `${JSON.stringify(tinyJson(run), null, 2)}\n` : tinyText(run));
}
