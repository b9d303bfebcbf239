/** `ringside exec`: a further process in a running container. docker-exec(1). */
import { closeSync, openSync, writeSync } from "node:fs";
import type { Command } from "commander";
import { execInContainer } from "../container/exec.ts";
import { exitCodeOf } from "../container/exit-code.ts";
import { parseEnv, parseWorkdir } from "../container/options.ts";
import { attach, callerTerminalSize, requireTerminal } from "./attach.ts";
import { sayFindings } from "./findings.ts";
import { withLauncher } from "./launcher.ts";
import { requireTimelineFile, writeTimeline } from "./timeline-file.ts";
import { timesText } from "./times.ts";

interface ExecFlags {
  readonly interactive?: boolean;
  readonly tty?: boolean;
  readonly env: readonly string[];
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
    .option("-i, --interactive", "keep standard input open")
    .option("-t, --tty", "give it a terminal of its own")
    .option("-e, --env <NAME=value>", "set a variable", (value: string, all: readonly string[]) => [...all, value], [])
    .option("-w, --workdir <path>", "its working directory")
    .option("-u, --user <user[:group]>", "who it runs as, by name or number")
    .option("--timeline <file>", "write its start as a trace that Perfetto opens (Chrome Trace Event JSON)")
    .option("--times", "say afterwards where the time went, step by step, the longest first")
    .passThroughOptions()
    .action(exec);
}

async function exec(container: string, command: readonly string[], flags: ExecFlags): Promise<void> {
  const interactive = flags.interactive === true;
  if (flags.tty === true) requireTerminal(interactive);
  requireTimelineFile(flags.timeline);
  const nothing = openSync("/dev/null", "r");
  const stdin = interactive ? STDIN : nothing;
  try {
    process.exitCode = await withLauncher(async (launcher) => {
      const world = await execInContainer(launcher, container, {
        command,
        env: flags.env.flatMap((entry) => parseEnv(entry) ?? []),
        ...(flags.workdir !== undefined && { cwd: parseWorkdir(flags.workdir) }),
        ...(flags.user !== undefined && { user: flags.user }),
        ...(flags.tty === true
          ? { terminal: callerTerminalSize() }
          : { stdio: { stdin, stdout: STDOUT, stderr: STDERR } }),
      });
      const exit = await attach(world, interactive);
      if (flags.timeline !== undefined) writeTimeline(flags.timeline, world.timeline());
      if (flags.times === true) writeSync(STDERR, timesText(world.timeline()));
      sayFindings(exit.findings ?? [], (text) => writeSync(STDERR, text));
      return exitCodeOf(exit.status);
    });
  } finally {
    closeSync(nothing);
  }
}
