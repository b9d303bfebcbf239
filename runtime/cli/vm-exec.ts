/** `ringside vm exec`: a further program in a running virtual machine, through the agent in its guest. */
import type { Readable, Writable } from "node:stream";
import type { Command } from "commander";
import type { ExitStatus } from "../../native/kernel.ts";
import { exitCodeOf } from "../container/exit-code.ts";
import { parseEnv, parseWorkdir } from "../container/options.ts";
import { readEnvFile } from "../container/process-arguments.ts";
import { execInGuest, type GuestExit, type GuestProgram } from "../vm/agent-exec.ts";
import type { OutputStream } from "../vm/agent-streams.ts";
import { requireLivingVm } from "../vm/state.ts";
import { requireAgent } from "../vm/stop.ts";
import { attach, callerTerminalSize, requireTerminal } from "./attach.ts";
import { collect } from "./container-options.ts";
import { FORWARDED, type HeldSignals, holdSignals } from "./held-signals.ts";
import { requireKernel } from "./launcher.ts";
import { OutputClosed, PatientWriter } from "./output.ts";
import { passInput } from "./pass-input.ts";

interface ExecFlags {
  readonly interactive?: boolean;
  readonly tty?: boolean;
  readonly env: readonly string[];
  readonly envFile: readonly string[];
  readonly workdir?: string;
  readonly user?: string;
}

const HELP = `
Examples:
  ringside vm exec clock ps
  ringside vm exec -it clock sh
  ringside vm exec -u nobody -w /tmp clock id

It works from any terminal, whoever started the machine. The program's variables, directory and user are those of the
machine's own program unless others are given. It ends with this command, and with the machine. The exit code is its own,
128 + N when signal N ended it, 127 when it was not found, 126 when it could not be executed, 125 when nobody in the guest
answers.`;

/** Adds `exec` to `ringside vm`. */
export function addVmExec(vm: Command): void {
  vm.command("exec")
    .description("run a program in a virtual machine that already runs")
    .argument("<vm>", "its name, its id or the beginning of its id")
    .argument("<command...>", "the program and its arguments")
    .option("-i, --interactive", "keep standard input open")
    .option("-t, --tty", "give it a terminal of its own")
    .option("-e, --env <NAME=value>", "set a variable; NAME alone passes the caller's on", collect, [])
    .option("--env-file <file>", "set the variables that a file has, one a line", collect, [])
    .option("-w, --workdir <path>", "its working directory")
    .option("-u, --user <user[:group]>", "who it runs as, by name or number")
    .addHelpText("after", HELP)
    .passThroughOptions()
    .action(exec);
}

async function exec(name: string, command: readonly string[], flags: ExecFlags): Promise<void> {
  requireKernel();
  const interactive = flags.interactive === true;
  if (flags.tty === true) requireTerminal(interactive);
  const env = [...flags.envFile.flatMap(readEnvFile), ...flags.env].flatMap((entry) => parseEnv(entry) ?? []);
  const cwd = flags.workdir === undefined ? undefined : parseWorkdir(flags.workdir);
  const machine = requireLivingVm(name, "run a command in");
  await requireAgent(machine, "run a command in");
  const signals = holdSignals(FORWARDED);
  try {
    const program = await execInGuest(machine.directory, {
      command,
      env,
      ...(cwd !== undefined && { cwd }),
      ...(flags.user !== undefined && { user: flags.user }),
      ...(flags.tty === true ? { terminal: callerTerminalSize() } : { input: interactive }),
    });
    process.exitCode = exitCodeOf(ownExit(await stay(program, interactive, signals)));
  } finally {
    signals.release();
  }
}

/** @throws RingsideError where the end of the machine or of the connection came before that of the program */
function ownExit(exit: GuestExit): ExitStatus {
  if (exit.kind === "lost") throw exit.error;
  return exit;
}

async function stay(program: GuestProgram, interactive: boolean, signals: HeldSignals): Promise<GuestExit> {
  if (program.terminal !== undefined) return await attach(program, interactive, signals);
  const printed = Promise.all([pour(program.stdout, process.stdout), pour(program.stderr, process.stderr)]);
  const stopInput = interactive ? joinInput(program, process.stdin) : () => {};
  try {
    const exit = await attach({ kill: program.kill, terminal: undefined, exited: program.exited }, false, signals);
    await printed;
    return exit;
  } finally {
    stopInput();
    program.close();
  }
}

/** Passes what comes to `target`, no faster than it is taken. @returns at the end, or when nobody reads any more */
function pour(source: OutputStream, target: Writable): Promise<void> {
  const writer = new PatientWriter(target);
  let last: Promise<void> = Promise.resolve();
  return new Promise((resolve, reject) => {
    const write = async (chunk: Uint8Array): Promise<void> => {
      source.pause();
      try {
        await writer.write(chunk);
      } catch (error) {
        if (!(error instanceof OutputClosed)) reject(error);
      }
      source.resume();
    };
    source.onData((chunk) => {
      // A copy: the frame's memory is used again.
      const own = Uint8Array.from(chunk);
      last = last.then(() => write(own));
    });
    source.onEnd(() => void last.then(resolve));
  });
}

/** Our input is the program's, and ends with it. @returns undoes it */
function joinInput({ stdin: program }: GuestProgram, stdin: Readable): () => void {
  const onEnd = (): void => program.end();
  const stop = passInput(stdin, (chunk) => program.write(chunk));
  stdin.once("end", onEnd);
  stdin.resume();
  return () => {
    stdin.off("end", onEnd);
    stop();
  };
}
