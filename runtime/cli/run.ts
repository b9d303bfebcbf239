/** `ringside run`: a container in the foreground. docker-run(1). */
import { closeSync, openSync, writeSync } from "node:fs";
import type { Command } from "commander";
import type { Launcher } from "../../native/kernel.ts";
import type { Timeline } from "../../simulator/trace/timeline.ts";
import { startDetached } from "../container/detached.ts";
import { exitCodeOf } from "../container/exit-code.ts";
import { type ContainerOptions, parseLogOptions } from "../container/options.ts";
import { type StartWatching, startContainer } from "../container/start.ts";
import { RingsideError } from "../error.ts";
import { attach, callerTerminalSize, requireTerminal } from "./attach.ts";
import { addContainerOptions, type ContainerFlags, collect, containerOptions } from "./container-options.ts";
import { printExplanation } from "./explain.ts";
import { sayFindings, sayWarnings } from "./findings.ts";
import { FORWARDED, type HeldSignals, holdSignals } from "./held-signals.ts";
import { claimIdFile } from "./id-file.ts";
import { requireKernel, withLauncher } from "./launcher.ts";
import { requireTimelineFile, writeTimeline } from "./timeline-file.ts";

interface RunFlags extends ContainerFlags {
  readonly detach?: boolean;
  readonly cidfile?: string;
  readonly logOpt: readonly string[];
  readonly explain?: boolean;
  readonly step?: boolean;
  readonly stepLines?: boolean;
  readonly timeline?: string;
  readonly times?: boolean;
}

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;

/** Adds `ringside run` to the program. */
export function registerRun(program: Command): void {
  addContainerOptions(program.command("run"))
    .description("run a program in a new container and wait for its end, or leave it (-d)")
    .argument("<image>", "such as ringside/base")
    .argument("[command...]", "the program and its arguments (default: the image's)")
    .option("-d, --detach", "leave it running and print its id; see logs, attach, wait")
    .option("--cidfile <file>", "write its id to a file that does not exist yet")
    .option("--log-opt <name=value>", "bounds of the log with -d: max-size=8m, max-file=3", collect, [])
    .option("--explain", "print the plan in words before running it")
    .option("--step", "one step of the plan at a time, in words, each waiting for a key: space, c (the rest), q")
    .option("--step-lines", "as --step, with a line of standard input for each step")
    .option("--timeline <file>", "write start and end as a trace that Perfetto opens (Chrome Trace Event JSON)")
    .option("--times", "say afterwards where the time went, step by step, the longest first")
    .addHelpText("after", HELP)
    .helpOption("--help", "show this help")
    .action(run);
}

/** Signals of before the start are for the program; but whoever watches or leaves the start ends that with them. */
async function run(image: string, command: readonly string[], flags: RunFlags): Promise<void> {
  const isHeld = flags.detach !== true && flags.step !== true && flags.stepLines !== true;
  const signals = holdSignals(isHeld ? FORWARDED : []);
  try {
    await runContainer(image, command, flags, isHeld ? signals : undefined);
  } finally {
    signals.release();
  }
}

const HELP = `
Examples:
  ringside run --rm ringside/base echo hello
  ringside run -it --rm ringside/base
  ringside run -d --name clock ringside/base sh -c 'while date; do sleep 1; done'
  ringside run --rm --memory 64m --pids-limit 20 ringside/base sh -c 'cat /proc/self/cgroup'
  ringside run --rm --userns auto ringside/base cat /proc/self/uid_map
  ringside run --rm --step ringside/base echo hello
  ringside run --rm --timeline start.json ringside/base true

The exit code is the program's own, 128 + N when signal N ended it, 127 when it was not found, 126 when it could not be
executed, 125 when Ringside itself failed. A second Ctrl-C ends the container by force.`;

async function runContainer(
  image: string,
  command: readonly string[],
  flags: RunFlags,
  signals: HeldSignals | undefined,
): Promise<void> {
  const interactive = flags.interactive === true;
  const options = containerOptions(image, command, flags);
  if (flags.tty === true && flags.detach !== true) requireTerminal(interactive);
  if (flags.explain === true) printExplanation(options, (text) => writeSync(STDERR, text));
  requireTimelineFile(flags.timeline);
  const watching = await watchingOf(flags, options);
  if (flags.detach === true) {
    await runDetached(options, flags);
    return;
  }
  if (flags.logOpt.length > 0) {
    throw new RingsideError("--log-opt bounds a log, and without -d there is none", { fix: "add -d, or leave it out" });
  }
  process.exitCode = await withLauncher((launcher) =>
    withInput(interactive && flags.tty !== true, (stdin) => {
      const streams: Pick<ContainerOptions, "terminal" | "stdio"> =
        flags.tty === true ? { terminal: callerTerminalSize() } : { stdio: { stdin, stdout: STDOUT, stderr: STDERR } };
      return runToEnd(launcher, { ...options, ...streams }, { flags, watching, signals });
    }),
  );
}

async function runDetached(options: ContainerOptions, flags: RunFlags): Promise<void> {
  requireKernel();
  const claim = claimIdFile(flags.cidfile);
  const container = await startDetached({
    ...options,
    input: flags.interactive === true,
    log: parseLogOptions(flags.logOpt),
    ...(flags.tty === true && { terminal: callerTerminalSize() }),
  }).catch((error: unknown) => {
    claim.giveUp();
    throw error;
  });
  claim.write(container.id);
  sayWarnings(container.warnings, sayOnStderr);
  if (flags.timeline !== undefined) writeTimeline(flags.timeline, container.timeline());
  if (flags.times === true) await sayTimes(container.timeline());
  process.stdout.write(`${container.id}\n`);
}

function sayOnStderr(text: string): void {
  writeSync(STDERR, text);
}

async function sayTimes(timeline: Timeline): Promise<void> {
  const { timesText } = await import("./times.ts");
  writeSync(STDERR, timesText(timeline));
}

/** @throws RingsideError where there is nobody to ask */
async function watchingOf(flags: RunFlags, { seccomp }: Pick<ContainerOptions, "seccomp">): Promise<StartWatching> {
  if (flags.step !== true && flags.stepLines !== true) return {};
  if (flags.stepLines === true && flags.interactive === true) {
    throw new RingsideError("--step-lines reads standard input, and so does a container with -i", {
      fix: "leave out -i, or use --step in a terminal",
    });
  }
  if (flags.detach === true) {
    throw new RingsideError("--step stays with the start, and -d leaves it", { fix: "leave out -d" });
  }
  const { keyAsker, lineAsker, stepWatching } = await import("./step.ts");
  const asker = flags.stepLines === true ? lineAsker(process.stdin) : keyAsker(process.stdin);
  return stepWatching(asker, (text) => writeSync(STDERR, text), seccomp === undefined);
}

/** Without -i a container reads nothing, as with Docker. */
async function withInput(interactive: boolean, use: (stdin: number) => Promise<number>): Promise<number> {
  if (interactive) return await use(STDIN);
  const nothing = openSync("/dev/null", "r");
  try {
    return await use(nothing);
  } finally {
    closeSync(nothing);
  }
}

interface Staying {
  readonly flags: RunFlags;
  readonly watching: StartWatching;
  readonly signals: HeldSignals | undefined;
}

async function runToEnd(
  launcher: Launcher,
  options: ContainerOptions,
  { flags, watching, signals }: Staying,
): Promise<number> {
  const { timeline: timelineFile, cidfile, times } = flags;
  const claim = claimIdFile(cidfile);
  const container = await startContainer(launcher, options, watching).catch((error: unknown) => {
    claim.giveUp();
    throw error;
  });
  claim.write(container.id);
  sayWarnings(container.warnings, sayOnStderr);
  const exit = await attach(container, flags.interactive === true, signals);
  if (timelineFile !== undefined) writeTimeline(timelineFile, container.timeline());
  if (times === true) await sayTimes(container.timeline());
  sayFindings(exit.findings ?? [], sayOnStderr);
  return exitCodeOf(exit.status);
}
