/** `ringside exec`: a further process in a running container. docker-exec(1). */
import { closeSync, openSync, writeSync } from "node:fs";
import type { Command } from "commander";
import { type ExecOptions, execDetached, execInContainer } from "../container/exec.ts";
import { exitCodeOf } from "../container/exit-code.ts";
import { parseEnv, parseWorkdir } from "../container/options.ts";
import { readEnvFile } from "../container/process-arguments.ts";
import { RingsideError } from "../error.ts";
import { attach, callerTerminalSize, requireTerminal } from "./attach.ts";
import { collect } from "./container-options.ts";
import { sayFindings } from "./findings.ts";
import { FORWARDED, holdSignals } from "./held-signals.ts";
import { withLauncher } from "./launcher.ts";
import { requireTimelineFile, writeTimeline } from "./timeline-file.ts";
import { timesText } from "./times.ts";

interface ExecFlags {
  readonly detach?: boolean;
  readonly interactive?: boolean;
  readonly tty?: boolean;
  readonly env: readonly string[];
  readonly envFile: readonly string[];
  readonly workdir?: string;
  readonly user?: string;
  readonly timeline?: string;
  readonly times?: boolean;
}

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;

/** Adds `ringside exec` to the program. */
export function registerExec(program: Command): void {
  program
    .command("exec")
    .description("run a program in a container that already runs")
    .argument("<container>", "its name, its id or the beginning of its id")
    .argument("<command...>", "the program and its arguments")
    .option("-d, --detach", "leave it running: it reads nothing, and what it prints is let go of")
    .option("-i, --interactive", "keep standard input open")
    .option("-t, --tty", "give it a terminal of its own")
    .option("-e, --env <NAME=value>", "set a variable; NAME alone passes the caller's on", collect, [])
    .option("--env-file <file>", "set the variables that a file has, one a line", collect, [])
    .option("-w, --workdir <path>", "its working directory")
    .option("-u, --user <user[:group]>", "who it runs as, by name or number")
    .option("--timeline <file>", "write its start as a trace that Perfetto opens (Chrome Trace Event JSON)")
    .option("--times", "say afterwards where the time went, step by step, the longest first")
    .passThroughOptions()
    .action((container: string, command: readonly string[], flags: ExecFlags) =>
      flags.detach === true ? execAndLeave(container, command, flags) : execAndStay(container, command, flags),
    );
}

/** @throws RingsideError naming the option whose value makes no sense */
function optionsOf(
  command: readonly string[],
  flags: ExecFlags,
): Pick<ExecOptions, "command" | "env" | "cwd" | "user"> {
  const env = [...flags.envFile.flatMap(readEnvFile), ...flags.env];
  return {
    command,
    env: env.flatMap((entry) => parseEnv(entry) ?? []),
    ...(flags.workdir !== undefined && { cwd: parseWorkdir(flags.workdir) }),
    ...(flags.user !== undefined && { user: flags.user }),
  };
}

/** What stays with a process that is left. */
const STAYING: readonly (readonly [flag: keyof ExecFlags, option: string])[] = [
  ["interactive", "-i"],
  ["tty", "-t"],
  ["timeline", "--timeline"],
  ["times", "--times"],
];

async function execAndLeave(container: string, command: readonly string[], flags: ExecFlags): Promise<void> {
  const [, staying] = STAYING.find(([flag]) => flags[flag] !== undefined) ?? [];
  if (staying !== undefined) {
    throw new RingsideError(`${staying} stays with the program, and -d leaves it`, {
      fix: `leave out -d, or leave out ${staying}`,
    });
  }
  const options = optionsOf(command, flags);
  await withLauncher((launcher) => execDetached(launcher, container, options));
}

async function execAndStay(container: string, command: readonly string[], flags: ExecFlags): Promise<void> {
  const signals = holdSignals(FORWARDED);
  const interactive = flags.interactive === true;
  if (flags.tty === true) requireTerminal(interactive);
  requireTimelineFile(flags.timeline);
  const options = optionsOf(command, flags);
  const nothing = openSync("/dev/null", "r");
  const stdin = interactive ? STDIN : nothing;
  try {
    process.exitCode = await withLauncher(async (launcher) => {
      const world = await execInContainer(launcher, container, {
        ...options,
        ...(flags.tty === true
          ? { terminal: callerTerminalSize() }
          : { stdio: { stdin, stdout: STDOUT, stderr: STDERR } }),
      });
      const exit = await attach(world, interactive, signals);
      if (flags.timeline !== undefined) writeTimeline(flags.timeline, world.timeline());
      if (flags.times === true) writeSync(STDERR, timesText(world.timeline()));
      sayFindings(exit.findings ?? [], (text) => writeSync(STDERR, text));
      return exitCodeOf(exit.status);
    });
  } finally {
    closeSync(nothing);
    signals.release();
  }
}
