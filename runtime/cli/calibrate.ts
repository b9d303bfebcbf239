/** `ringside calibrate`: what the kernel of this machine takes, measured and kept as a cost profile for the simulator. */
import { type Command, InvalidArgumentError } from "commander";
import type { Cost } from "../../simulator/costs/cost.ts";
import { stepCosts } from "../../simulator/costs/step-costs.ts";
import { DEFAULT_CONTAINER_PLAN } from "../../simulator/scenarios/default-container-plan.generated.ts";
import { calibrate } from "../calibrate/calibrate.ts";
import { type CostsDocument, costsText, writeCosts } from "../calibrate/document.ts";
import { GROUPS, type Group } from "../calibrate/quantities.ts";
import { calibrationText } from "./calibrate-text.ts";
import { withLauncher } from "./launcher.ts";
import { isThere, planStepsHere } from "./plan-steps.ts";

interface CalibrateFlags {
  readonly json?: true;
  readonly only?: readonly string[];
}

/** As a shell reports an end by SIGINT. */
const INTERRUPTED = 130;
const GROUP_NAMES = GROUPS.map(({ name }) => name);

/** Adds `ringside calibrate` to the program. */
export function registerCalibrate(program: Command): void {
  program
    .command("calibrate")
    .description("measure what this machine's kernel takes, as a cost profile for the simulator")
    .option("--json", "print the profile, schema ringside.costs/1")
    .option("--only <list>", "comma-separated groups of those below (default: all)", parseGroups)
    .addHelpText("after", HELP)
    .action(runCalibrate);
}

const HELP = `
${GROUPS.map(({ name, what }) => `  ${name.padEnd(11)} ${what}`).join("\n")}

The profile is kept as measured-HOST in the cache directory; what is not measured stays as published:
  ringside simulate startup-race --profile measured-HOST
  ringside bench truth                 predicts a container's start with it, and measures one
It takes some seconds, with boots under software emulation some more. Ctrl-C ends it, keeps nothing and leaves nothing behind.`;

async function runCalibrate({ json, only = GROUP_NAMES }: CalibrateFlags): Promise<void> {
  const document = await calibrateHere(only);
  if (document === undefined) return;
  const path = writeCosts(document);
  process.stdout.write(json ? costsText(document) : calibrationText(document, path));
}

/**
 * Calibrates with a line of progress on a terminal, until Ctrl-C.
 * @returns the profile, which nothing has kept yet; undefined where it was interrupted, with the exit code set
 */
export async function calibrateHere(only: readonly string[]): Promise<CostsDocument | undefined> {
  const interrupt = new AbortController();
  const onInterrupt = (): void => interrupt.abort(new Error("interrupted"));
  process.once("SIGINT", onInterrupt);
  process.once("SIGTERM", onInterrupt);
  const { signal } = interrupt;
  try {
    return await withLauncher((launcher) => calibrate(launcher, { only, signal, progress, stepCosts: costsOfSteps }));
  } catch (error) {
    if (!signal.aborted) throw error;
    process.stderr.write("ringside: interrupted; no profile has been written\n");
    process.exitCode = INTERRUPTED;
    return undefined;
  } finally {
    clearProgress();
    process.off("SIGINT", onInterrupt);
    process.off("SIGTERM", onInterrupt);
  }
}

/** Those of the simulator's own plan too, which is that of another machine. */
function costsOfSteps(costs: readonly Cost[]): readonly Cost[] {
  return stepCosts([...planStepsHere(), ...DEFAULT_CONTAINER_PLAN], costs, isThere);
}

function progress(done: number, all: number, group: Group): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${done + 1} of ${all}: ${group.what}`);
}

function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
}

function parseGroups(list: string): readonly string[] {
  const names = list
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  const unknown = names.find((name) => !GROUP_NAMES.includes(name));
  if (unknown !== undefined)
    throw new InvalidArgumentError(`there is no group ${unknown}; there are ${GROUP_NAMES.join(", ")}.`);
  if (names.length === 0) throw new InvalidArgumentError("name at least one group.");
  return names;
}
