/** `ringside vm run`: an image as a guest of its own kernel, in the foreground or left to itself. A skin over runtime/vm. */
import { writeSync } from "node:fs";
import type { Command } from "commander";
import { exitCodeOf } from "../container/exit-code.ts";
import { parseLogOptions } from "../container/options.ts";
import type { WorldExit } from "../container/running.ts";
import { RingsideError } from "../error.ts";
import { startDetachedVm } from "../vm/detached.ts";
import type { VirtualMachine } from "../vm/machine.ts";
import type { VmOptions } from "../vm/options.ts";
import { startVm } from "../vm/start.ts";
import { attach, callerTerminalSize, requireTerminal } from "./attach.ts";
import { FORWARDED, type HeldSignals, holdSignals } from "./held-signals.ts";
import { claimIdFile } from "./id-file.ts";
import { requireKernel, withLauncher } from "./launcher.ts";
import { passInput } from "./pass-input.ts";
import { progressLine, showProgress } from "./progress.ts";
import { requireTimelineFile, writeTimeline } from "./timeline-file.ts";
import { bootBars } from "./vm-bars.ts";
import { addVmOptions, type VmRunFlags, vmOptions } from "./vm-options.ts";
import { runVmTiny } from "./vm-tiny.ts";

const STDERR = 2;

const HELP = `
Examples:
  ringside vm run --rm ringside/base uname -a
  ringside vm run -it --rm ringside/base
  ringside vm run -d --name web -p 8080:80 ringside/base httpd -f
  ringside vm run --rm --memory 512M --timeline boot.json ringside/base true

The guest's root file system is the image; nothing that it writes stays. Its console is one line, so the program's output
and errors arrive together. Other terminals reach it by ringside vm exec, stop, stats and the like, where it has the agent,
which costs the boot a tenth: with -d, -i, -t, -p, --name or --agent. The exit code is the program's own, 128 + N when
signal N ended it, 127 when it was not found, 126 when it could not be executed, 125 when the machine itself failed. A
second Ctrl-C ends the machine by force. A port that is published is open on this host only, unless an address is given.
What the boot took, stage by stage, is printed at the end on standard error.`;

/** Adds `run` to `ringside vm`. */
export function addVmRun(vm: Command): void {
  const command = vm
    .command("run")
    .description("boot an image, run a program in it, and end with it, or leave it (-d)")
    .argument("[image]", "such as ringside/base; --vmm tiny needs none")
    .argument("[command...]", "the program and its arguments (default: the image's)");
  addVmOptions(command)
    .addHelpText("after", HELP)
    .helpOption("--help", "show this help")
    .passThroughOptions()
    .action(run);
}

async function run(image: string | undefined, command: readonly string[], flags: VmRunFlags): Promise<void> {
  if (image === undefined) {
    await runWithoutImage(flags);
    return;
  }
  const options = vmOptions(image, command, flags);
  requireKernel();
  if (flags.detach === true) {
    await runDetached(options, flags);
    return;
  }
  if (flags.logOpt.length > 0) {
    throw new RingsideError("--log-opt bounds a log, and without -d there is none", { fix: "add -d, or leave it out" });
  }
  if (flags.tty === true) requireTerminal(flags.interactive === true);
  requireTimelineFile(flags.timeline);
  const signals = holdSignals(FORWARDED);
  try {
    await runToEnd({ ...options, ...(flags.tty === true && { terminal: callerTerminalSize() }) }, flags, signals);
  } finally {
    signals.release();
  }
}

/** Only the tiny guest is one: a few bytes of code that come with its monitor. */
async function runWithoutImage({ vmm, json, timeline, detach, interactive, tty }: VmRunFlags): Promise<void> {
  if (vmm !== "tiny") {
    throw new RingsideError("there is no image to boot", { fix: "name one: ringside vm run --rm ringside/base" });
  }
  if (detach === true || interactive === true || tty === true) {
    throw new RingsideError("the tiny guest has no console, and ends by itself", { fix: "leave out -d, -i and -t" });
  }
  await runVmTiny({ ...(json === true && { json }), ...(timeline !== undefined && { timeline }) });
}

async function runDetached(options: VmOptions, flags: VmRunFlags): Promise<void> {
  if (flags.timeline !== undefined) {
    throw new RingsideError("--timeline is written at the machine's end, and -d leaves it before", {
      fix: "leave out -d, or leave out --timeline",
    });
  }
  const claim = claimIdFile(flags.cidfile);
  try {
    const machine = await showProgress(`booting ${options.image}`, () =>
      startDetachedVm({
        ...options,
        log: parseLogOptions(flags.logOpt),
        ...(flags.tty === true && { terminal: callerTerminalSize() }),
      }),
    );
    claim.write(machine.id);
    process.stdout.write(`${machine.id}\n`);
  } catch (error) {
    claim.giveUp();
    throw error;
  }
}

async function runToEnd(options: VmOptions, flags: VmRunFlags, signals: HeldSignals): Promise<void> {
  const claim = claimIdFile(flags.cidfile);
  const progress = progressLine(`booting ${options.image}`);
  try {
    await withLauncher(async (launcher) => {
      const machine = await startVm(launcher, options).catch((error: unknown) => {
        claim.giveUp();
        throw error;
      });
      claim.write(machine.id);
      void machine.booted.then(progress.clear);
      const exit = await stay(machine, flags, signals);
      report(machine, flags);
      process.exitCode = exitCodeOf(exit.status);
    });
  } finally {
    progress.clear();
  }
}

/** With a terminal the caller's own becomes the console; without one, only the bytes pass, and input can end. */
async function stay(machine: VirtualMachine, flags: VmRunFlags, signals: HeldSignals): Promise<WorldExit> {
  if (flags.tty === true) return await attach(machine, flags.interactive === true, signals);
  const undo = flags.interactive === true ? joinInput(machine) : () => {};
  try {
    return await attach({ ...machine, terminal: machine.console }, false, signals);
  } finally {
    undo();
  }
}

/** The machine's input is ours, and ends with it. @returns undoes it */
function joinInput({ console }: VirtualMachine): () => void {
  const { stdin } = process;
  const onEnd = (): void => console.endInput();
  const stop = passInput(stdin, (chunk) => console.write(chunk));
  stdin.once("end", onEnd);
  return () => {
    stdin.off("end", onEnd);
    stop();
  };
}

function report(machine: VirtualMachine, { quiet, timeline: file }: VmRunFlags): void {
  const timeline = machine.timeline();
  if (file !== undefined) writeTimeline(file, timeline);
  if (quiet !== true) writeSync(STDERR, bootBars(timeline));
  const failure = machine.failure();
  if (failure !== undefined) throw failure;
}
