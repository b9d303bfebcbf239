/**
 * `ringside oci`: the command line that podman, docker and containerd call. Engines make several calls for each
 * container, so that no command loads another one's modules.
 */
import { writeSync } from "node:fs";
import { EXIT_CODES, RingsideError } from "../../error.ts";
import type { Command, GlobalOptions } from "./command.ts";
import { type CommandLine, GLOBAL_OPTIONS, parseCommandLine } from "./global-options.ts";
import { withHelp } from "./usage-error.ts";

const STDOUT = 1;
const STDERR = 2;
/** What runtimes answer to anything that fails; engines look at the text. */
const FAILURE = 1;

const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  create: async () => (await import("./create.ts")).create,
  delete: async () => (await import("./delete.ts")).deleteCommand,
  events: async () => (await import("./events.ts")).events,
  exec: async () => (await import("./exec.ts")).exec,
  features: async () => (await import("./features.ts")).features,
  kill: async () => (await import("./kill.ts")).kill,
  list: async () => (await import("./list.ts")).list,
  pause: async () => (await import("./pause.ts")).pause,
  ps: async () => (await import("./ps.ts")).ps,
  resume: async () => (await import("./resume.ts")).resume,
  run: async () => (await import("./run.ts")).run,
  spec: async () => (await import("./spec.ts")).spec,
  start: async () => (await import("./start.ts")).start,
  state: async () => (await import("./state.ts")).state,
  update: async () => (await import("./update.ts")).update,
};

async function printHelp(): Promise<number> {
  const { helpOfAll } = await import("./help.ts");
  const commands = await Promise.all(
    Object.entries(COMMANDS).map(async ([name, load]) => [name, await load()] as const),
  );
  writeSync(STDOUT, helpOfAll(GLOBAL_OPTIONS, commands));
  return 0;
}

async function printVersion(): Promise<number> {
  writeSync(STDOUT, (await import("./version.ts")).versionText());
  return 0;
}

/** An option of the program that `exec` and `run` start is none of ours. */
function asksForHelp(args: readonly string[]): boolean {
  const [first] = args;
  return first === "--help" || first === "-h";
}

async function runCommand({ command = "", args, globals }: CommandLine): Promise<number> {
  const load = Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined;
  if (load === undefined) {
    throw new RingsideError(`unknown command ${JSON.stringify(command)}`, { fix: "ringside oci --help lists them" });
  }
  const loaded = await load();
  if (asksForHelp(args)) {
    writeSync(STDOUT, (await import("./help.ts")).helpOf(command, loaded));
    return 0;
  }
  globals.log.write("debug", `${command} ${args.join(" ")}`);
  try {
    return await loaded.run(args, globals);
  } catch (error) {
    throw withHelp(error, command);
  }
}

/** The text of a failure on one line, since engines read one line, and what to do about it. */
function wordsOf(error: unknown): string {
  if (error instanceof RingsideError) {
    return error.fix === undefined ? error.message : `${error.message} (fix: ${error.fix})`;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `an unexpected failure, which is a defect of Ringside: ${text}`;
}

/** A program that was not there or not executable keeps its own exit code (Docker's); all else is 1. */
function exitCodeOf(error: unknown): number {
  if (!(error instanceof RingsideError)) return FAILURE;
  return error.exitCode === EXIT_CODES.notFound || error.exitCode === EXIT_CODES.notExecutable
    ? error.exitCode
    : FAILURE;
}

function report(error: unknown, globals: GlobalOptions | undefined): number {
  const words = wordsOf(error);
  if (globals === undefined) writeSync(STDERR, `${words}\n`);
  else globals.log.write("error", words);
  return exitCodeOf(error);
}

/**
 * Carries out `ringside oci ARGS…`.
 * @returns the exit code
 */
export async function ociCommandLine(args: readonly string[]): Promise<number> {
  let line: CommandLine | undefined;
  try {
    line = parseCommandLine(args);
    if (line.asked === "version") return await printVersion();
    if (line.asked === "help") return await printHelp();
    return await runCommand(line);
  } catch (error) {
    return report(withHelp(error), line?.globals);
  }
}
