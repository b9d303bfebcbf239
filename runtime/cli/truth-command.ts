/** `ringside bench truth` on the command line: calibrates, predicts, measures, and says whether the model holds here. */
import { type Command, InvalidArgumentError } from "commander";
import type { CostProfile } from "../../simulator/costs/cost.ts";
import { readCosts } from "../calibrate/document.ts";
import { GROUPS, isOfMachines } from "../calibrate/quantities.ts";
import { RingsideError } from "../error.ts";
import { calibrateHere } from "./calibrate.ts";
import { withLauncher } from "./launcher.ts";
import { planStepsHere } from "./plan-steps.ts";
import { profileOf } from "./profiles.ts";
import { benchTruth } from "./truth.ts";
import { truthText } from "./truth-text.ts";

interface TruthFlags {
  readonly starts: number;
  readonly profile?: string;
  readonly json?: true;
}

const DEFAULT_STARTS = 100;
const INTERRUPTED = 130;
const OUT_OF_TOLERANCE = 1;

/** Adds `truth` to `ringside bench`. */
export function addTruth(bench: Command): void {
  bench
    .command("truth")
    .description("a container's start as the simulator foretells it from calibrated parts, beside real ones")
    .option("--starts <n>", "real starts", parseStarts, DEFAULT_STARTS)
    .option("--profile <name>", "a profile that ringside calibrate has kept; without it this machine is calibrated now")
    .option("--json", "print ringside.truth/1")
    .addHelpText("after", "\nThe exit code is 1 where the whole start is not within 35 % of what was measured.")
    .action(runTruth);
}

async function runTruth({ starts, profile: name, json }: TruthFlags): Promise<void> {
  const kept = name === undefined ? undefined : keptProfile(name);
  const profile = async () => kept ?? (await calibratedNow());
  const interrupt = new AbortController();
  const onInterrupt = (): void => interrupt.abort(new Error("interrupted"));
  process.once("SIGINT", onInterrupt);
  process.once("SIGTERM", onInterrupt);
  const { signal } = interrupt;
  try {
    const report = await withLauncher((launcher) =>
      benchTruth(launcher, { plan: planStepsHere(), profile, starts, signal }),
    );
    if (report === undefined) return;
    process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : truthText(report));
    if (!report.ok) process.exitCode = OUT_OF_TOLERANCE;
  } catch (error) {
    if (!signal.aborted) throw error;
    process.stderr.write("ringside: interrupted; nothing has been compared\n");
    process.exitCode = INTERRUPTED;
  } finally {
    process.off("SIGINT", onInterrupt);
    process.off("SIGTERM", onInterrupt);
  }
}

/** In the same minute as the starts: a machine that others work on is not the same an hour later. */
async function calibratedNow(): Promise<CostProfile | undefined> {
  const document = await calibrateHere(GROUPS.filter(({ needs }) => !isOfMachines(needs)).map(({ name }) => name));
  if (document === undefined) return undefined;
  const group = document.refused.find(({ name }) => GROUPS.some((one) => one.name === name));
  if (group !== undefined) {
    throw new RingsideError(`bench truth: ${group.name} could not be measured: ${group.why}`, {
      fix: "ringside doctor says what this machine lacks",
    });
  }
  for (const { name, why } of document.refused) {
    process.stderr.write(`ringside: ${name} could not be measured: ${why}; its steps are reckoned as published\n`);
  }
  return profileOf(document);
}

function keptProfile(name: string): CostProfile {
  const document = readCosts(name);
  if (document !== undefined) return profileOf(document);
  throw new RingsideError(`bench truth: there is no calibrated profile "${name}"`, { fix: "ringside calibrate" });
}

function parseStarts(written: string): number {
  const value = Number(written);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError("a whole number from 1 is needed.");
  return value;
}
