/** `ringside vm run`: an image as a guest of its own kernel, in the foreground. A skin over runtime/vm. */
import { writeFileSync, writeSync } from "node:fs";
import { type Command, Option } from "commander";
import { kernelProblem, Launcher } from "../../native/kernel.ts";
import { chromeTraceText } from "../../simulator/trace/chrome-trace.ts";
import { exitCodeOf } from "../container/exit-code.ts";
import { parseCount, parseEnv, parseMemory, parseWorkdir } from "../container/options.ts";
import { RingsideError, reasonOf } from "../error.ts";
import type { VirtualMachine } from "../vm/machine.ts";
import type { VmOptions } from "../vm/options.ts";
import { startVm } from "../vm/start.ts";
import { type AcceleratorName, MACHINE_TYPES, type MachineType } from "../vm/vmm.ts";
import { attach, callerTerminalSize, requireTerminal } from "./attach.ts";
import { passInput } from "./pass-input.ts";
import { bootBars } from "./vm-bars.ts";

interface VmFlags {
  readonly interactive?: boolean;
  readonly tty?: boolean;
  readonly hostname?: string;
  readonly env: readonly string[];
  readonly workdir?: string;
  readonly user?: string;
  readonly memory?: string;
  readonly machine: MachineType;
  readonly accelerator: AcceleratorName | "auto";
  readonly timeout?: string;
  readonly timeline?: string;
  readonly quiet?: boolean;
}

const STDERR = 2;
const MS_PER_SECOND = 1000;

const HELP = `
Examples:
  ringside vm run ringside/base uname -a
  ringside vm run -it ringside/base
  ringside vm run --memory 512M --timeline boot.json ringside/base true

The guest's root file system is the image, in memory: nothing that it writes stays. Its console is a serial line, so the
program's output and errors arrive together. The exit code is the program's own, 128 + N when signal N ended it, 127 when
it was not found, 126 when it could not be executed, 125 when the machine itself failed. A second Ctrl-C ends the machine
by force. What the boot took, stage by stage, is printed at the end on standard error.`;

/** Adds `run` to `ringside vm`. */
export function addVmRun(vm: Command): void {
  vm.command("run")
    .description("boot an image, run a program in it, and end with it")
    .argument("<image>", "such as ringside/base")
    .argument("[command...]", "the program and its arguments (default: the image's)")
    .option("-i, --interactive", "keep standard input open")
    .option("-t, --tty", "make the console a terminal")
    .option("-h, --hostname <name>", "its hostname (default: its id)")
    .option("-e, --env <NAME=value>", "set a variable; NAME alone passes the caller's on", collect, [])
    .option("-w, --workdir <path>", "the program's working directory")
    .option("-u, --user <user[:group]>", "who it runs as, by name or number")
    .option("-m, --memory <amount>", "the machine's memory, such as 512M (default: 256M)")
    .addOption(new Option("--machine <type>", "what QEMU emulates").choices(MACHINE_TYPES).default("microvm"))
    .addOption(
      new Option("--accelerator <name>", "how it runs; auto decides by a booted probe")
        .choices(["auto", "kvm", "tcg"])
        .default("auto"),
    )
    .option("--timeout <seconds>", "how long the boot may take (default: 60)")
    .option("--timeline <file>", "write the boot as a trace that Perfetto opens (Chrome Trace Event JSON)")
    .option("-q, --quiet", "do not print the stages")
    .addHelpText("after", HELP)
    .helpOption("--help", "show this help")
    .passThroughOptions()
    .action(run);
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}

async function run(image: string, command: readonly string[], flags: VmFlags): Promise<void> {
  if (flags.tty === true) requireTerminal(flags.interactive === true);
  const options = vmOptions(image, command, flags);
  const problem = kernelProblem();
  if (problem !== undefined) {
    throw new RingsideError(`virtual machines cannot run here: ${problem.reason}`, { fix: problem.fix });
  }
  await using launcher = await Launcher.open();
  const machine = await startVm(launcher, options);
  const exit = await stay(machine, flags);
  report(machine, flags);
  process.exitCode = exitCodeOf(exit.status);
}

/** @throws RingsideError naming the option whose value makes no sense */
function vmOptions(image: string, command: readonly string[], flags: VmFlags): VmOptions {
  const { hostname, workdir, user, memory, machine, accelerator, timeout } = flags;
  return {
    image,
    command,
    env: flags.env.flatMap((entry) => parseEnv(entry) ?? []),
    machine,
    input: flags.interactive === true,
    ...(flags.tty === true && { terminal: callerTerminalSize() }),
    ...(hostname !== undefined && { hostname }),
    ...(workdir !== undefined && { cwd: parseWorkdir(workdir) }),
    ...(user !== undefined && { user }),
    ...(memory !== undefined && { memoryBytes: parseMemory(memory) }),
    ...(accelerator !== "auto" && { accelerator }),
    ...(timeout !== undefined && { bootTimeoutMs: parseCount(timeout, "a number of seconds") * MS_PER_SECOND }),
  };
}

/** With a terminal the caller's own becomes the console; without one, only the bytes pass, and input can end. */
async function stay(machine: VirtualMachine, flags: VmFlags): ReturnType<typeof attach> {
  if (flags.tty === true) return await attach(machine, flags.interactive === true);
  const undo = flags.interactive === true ? joinInput(machine) : () => {};
  try {
    return await attach({ ...machine, terminal: machine.console }, false);
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

function report(machine: VirtualMachine, { quiet, timeline: file }: VmFlags): void {
  const timeline = machine.timeline();
  if (file !== undefined) writeTimeline(file, chromeTraceText(timeline));
  if (quiet !== true) writeSync(STDERR, bootBars(timeline));
  const failure = machine.failure();
  if (failure !== undefined) throw failure;
}

function writeTimeline(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (cause) {
    throw new RingsideError(`the timeline could not be written to ${file}: ${reasonOf(cause)}`, {
      cause,
      fix: "give --timeline a file in a directory that you may write",
    });
  }
}
