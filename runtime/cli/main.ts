/**
 * The command line: one file a command, loaded only when it is asked for, so that `ringside run` does not pay for the
 * benchmark. Errors that are understood are printed with what to do; anything else is a defect and keeps its stack.
 */
import { writeSync } from "node:fs";
import { Command } from "commander";
import { sweepAfterBenches } from "../bench/sweep.ts";
import { EXIT_CODES, RingsideError } from "../error.ts";
import { completeHelp, configureHelp } from "./help.ts";

type Register = (program: Command) => void;

const STDERR = 2;

/** Commands by name; several may live in one file. */
const COMMANDS: Readonly<Record<string, () => Promise<Register>>> = {
  doctor: async () => (await import("./doctor.ts")).registerDoctor,
  serve: async () => (await import("./serve.ts")).registerServe,
  run: async () => (await import("./run.ts")).registerRun,
  explain: async () => (await import("./explain.ts")).registerExplain,
  exec: async () => (await import("./exec.ts")).registerExec,
  logs: async () => (await import("./logs.ts")).registerLogs,
  attach: async () => (await import("./attach-command.ts")).registerAttach,
  wait: async () => (await import("./wait.ts")).registerWait,
  pause: async () => (await import("./pause.ts")).registerPause,
  unpause: async () => (await import("./pause.ts")).registerUnpause,
  update: async () => (await import("./update.ts")).registerUpdate,
  stats: async () => (await import("./stats.ts")).registerStats,
  top: async () => (await import("./top.ts")).registerTop,
  events: async () => (await import("./events.ts")).registerEvents,
  ps: async () => (await import("./ps.ts")).registerPs,
  stop: async () => (await import("./stop.ts")).registerStop,
  kill: async () => (await import("./kill.ts")).registerKill,
  rm: async () => (await import("./rm.ts")).registerRm,
  inspect: async () => (await import("./inspect.ts")).registerInspect,
  trace: async () => (await import("./trace.ts")).registerTrace,
  oci: async () => (await import("./oci.ts")).registerOci,
  image: async () => (await import("./image.ts")).registerImage,
  vm: async () => (await import("./vm.ts")).registerVm,
  bench: async () => (await import("./bench.ts")).registerBench,
  calibrate: async () => (await import("./calibrate.ts")).registerCalibrate,
  simulate: async () => (await import("./simulate.ts")).registerSimulate,
  lesson: async () => (await import("./lesson.ts")).registerLesson,
};

function newProgram(): Command {
  return configureHelp(new Command("ringside"))
    .description(
      "Watch a process, a container, a virtual machine and a z/OS address space do the same job, side by side.",
    )
    .version("0.1.0")
    .enablePositionalOptions()
    .showHelpAfterError("  fix: ringside --help lists the commands");
}

/** The one command that was asked for, or all of them for the help; the version needs none. */
async function withCommands(program: Command, name: string | undefined): Promise<Command> {
  if (name === "--version" || name === "-V") return program;
  const load = name === undefined ? undefined : Object.entries(COMMANDS).find(([command]) => command === name)?.[1];
  const registers = await Promise.all((load === undefined ? Object.values(COMMANDS) : [load]).map((each) => each()));
  for (const register of registers) register(program);
  completeHelp(program);
  return program;
}

function report(error: unknown): number {
  if (error instanceof RingsideError) {
    writeSync(STDERR, `ringside: ${error.message}\n${error.fix === undefined ? "" : `  fix: ${error.fix}\n`}`);
    return error.exitCode;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  writeSync(STDERR, `ringside: an unexpected failure, which is a defect of Ringside:\n${text}\n`);
  return EXIT_CODES.failure;
}

/** Commands that come after a benchmark, and take away what one that was killed has left. */
const SWEEPS: ReadonlySet<string | undefined> = new Set(["bench", "vm", "ps", "run"]);

async function sweep(): Promise<void> {
  for (const problem of await sweepAfterBenches()) {
    writeSync(STDERR, `ringside: left by a benchmark that was killed: ${problem}\n`);
  }
}

/** Not at the top level: the bundle is CommonJS, which has no await there. */
async function main(): Promise<void> {
  try {
    const program = await withCommands(newProgram(), process.argv[2]);
    if (SWEEPS.has(process.argv[2])) program.hook("preAction", sweep);
    await program.parseAsync();
  } catch (error) {
    process.exitCode = report(error);
  }
}

/** They have done everything when they return: nothing is left that Node would have to take down piece by piece. */
const ENDS_AT_ONCE: ReadonlySet<string | undefined> = new Set(["run", "exec"]);

void main().then(() => {
  if (ENDS_AT_ONCE.has(process.argv[2])) process.exit();
});
