/**
 * `ringside simulate`: runs a scenario of the simulator and prints what came out, with where it comes from. A skin over
 * simulator/scenarios/run.ts; the words that it prints are made in simulate-text.ts.
 */
import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import { captionsOnNothing } from "../../simulator/scenarios/captions.ts";
import { type KnobValues, ScenarioError, suggestion } from "../../simulator/scenarios/knob.ts";
import { findScenario, SCENARIOS } from "../../simulator/scenarios/registry.ts";
import { simulationJson } from "../../simulator/scenarios/result-json.ts";
import { carryOut, DEFAULT_SEED, type ScenarioResult } from "../../simulator/scenarios/run.ts";
import type { AnyScenario } from "../../simulator/scenarios/scenario.ts";
import { validate, validationJson } from "../../simulator/scenarios/validation.ts";
import { chromeTraceText } from "../../simulator/trace/chrome-trace.ts";
import { RingsideError } from "../error.ts";
import { knownProfiles, profileNamed } from "./profiles.ts";
import { asRingsideError } from "./simulate-errors.ts";
import { isScenarioFile, loadScenario } from "./simulate-file.ts";
import { costsText, listText, resultText, scenarioHelp, validationText } from "./simulate-text.ts";

/** A row of the validation does not hold. */
const OUT_OF_TOLERANCE = 1;

interface SimulateOptions {
  readonly seed?: string;
  readonly set?: readonly string[];
  readonly profile?: string;
  readonly trace?: string;
  readonly json?: true;
  readonly costs?: true;
  readonly list?: true;
  readonly validate?: true;
  readonly help?: true;
}

/** Adds `ringside simulate` to the program. */
export function registerSimulate(program: Command): void {
  const command = program
    .command("simulate")
    .description("run a scenario of the simulator: same seed, same trace")
    .argument("[SCENARIO|FILE]", "the scenario; --list names them. Or a file with one: docs/scenario.md")
    .option("--seed <N>", `what chance is drawn from, a whole number (default ${DEFAULT_SEED})`)
    .option("--set <knob=value...>", "turn knobs of the scenario")
    .option("--profile <NAME>", "the costs to reckon with; --list names them")
    .option("--trace <FILE>", "write what happened as Chrome Trace Event JSON; Perfetto opens it")
    .option("--json", "print ringside.simulation/1 instead of a table")
    .option("--costs", "print every cost that the result rests on, with its source")
    .option("--validate", "print what the model predicts beside what was published")
    .option("--list", "list the scenarios and the cost profiles")
    .helpOption(false)
    .option(
      "-h, --help",
      "print this, or what a scenario asks, claims and lets you turn: ringside simulate SCENARIO --help",
    );
  command.action((name: string | undefined, options: SimulateOptions) => {
    if (options.list) process.stdout.write(listText(knownProfiles()));
    else if (name !== undefined && isScenarioFile(name)) return simulateFile(name, options);
    else if (name !== undefined && options.help) process.stdout.write(scenarioHelp(requireScenario(name)));
    else if (options.help) command.outputHelp();
    else if (options.validate) process.stdout.write(validation(options));
    else if (name === undefined) throw noScenario();
    else process.stdout.write(simulate(requireScenario(name), options));
    return undefined;
  });
}

function noScenario(): RingsideError {
  return new RingsideError("simulate: no scenario named", { fix: `ringside simulate ${SCENARIOS[0]?.name}` });
}

async function simulateFile(file: string, options: SimulateOptions): Promise<void> {
  const scenario = await loadScenario(file);
  process.stdout.write(options.help ? scenarioHelp(scenario, file) : simulate(scenario, options, file));
}

/** @param file where the scenario comes from, unless it is one of ours: of it more is checked */
function simulate(scenario: AnyScenario, options: SimulateOptions, file?: string): string {
  const result = run(scenario, options, file);
  if (file !== undefined) checkForeign(scenario, result, file, () => run(scenario, options, file));
  if (options.trace !== undefined) writeTrace(options.trace, result);
  if (options.json) return simulationJson(result, scenario);
  return resultText(scenario, result) + (options.costs ? `\n${costsText(result)}` : "");
}

/** What a test holds of our scenarios is told to the author of another one. @throws RingsideError where two runs differ */
function checkForeign(scenario: AnyScenario, result: ScenarioResult, file: string, again: () => ScenarioResult): void {
  if (again().traceHash !== result.traceHash) {
    throw new RingsideError(`simulate ${file}: the same seed gives another trace the second time`, {
      fix: "take chance from the second parameter of workload(knobs, random), and nothing from the clock",
    });
  }
  for (const { at, fix } of captionsOnNothing(scenario, result.timeline)) {
    const what = `a caption is at "${at}", and nothing of that name happened in this run`;
    process.stderr.write(`ringside: simulate ${file}: ${what}\n  fix: ${fix}\n`);
  }
}

function validation({ json }: SimulateOptions): string {
  const rows = validate();
  if (rows.some(({ ok }) => !ok)) process.exitCode = OUT_OF_TOLERANCE;
  return json ? validationJson(rows) : validationText(rows);
}

function run(scenario: AnyScenario, options: SimulateOptions, file = scenario.name): ScenarioResult {
  const { seed, set, profile } = options;
  return asRingsideError(`simulate ${file}`, () =>
    carryOut(scenario, {
      ...(seed === undefined ? {} : { seed: parseSeed(seed) }),
      ...(profile === undefined ? {} : { profile: profileNamed(profile) }),
      knobs: parseSettings(set ?? []),
    }),
  );
}

function requireScenario(name: string): AnyScenario {
  const scenario = findScenario(name);
  if (scenario !== undefined) return scenario;
  const names = SCENARIOS.map((known) => known.name);
  throw new RingsideError(`simulate: there is no scenario "${name}"`, { fix: suggestion(name, names, "scenarios") });
}

/** What is not a number of digits becomes NaN, which the simulator refuses in its own words. */
function parseSeed(text: string): number {
  if (!/^\d+$/.test(text)) throw new ScenarioError(`the seed "${text}" is not a whole number`, "--seed 7");
  return Number(text);
}

function parseSettings(settings: readonly string[]): KnobValues {
  const values: Record<string, string> = {};
  for (const setting of settings) {
    const equals = setting.indexOf("=");
    if (equals < 1) throw new ScenarioError(`--set ${setting}: there is no value in it`, "--set knob=value");
    const knob = setting.slice(0, equals);
    if (Object.hasOwn(values, knob)) {
      throw new ScenarioError(`--set ${setting}: ${knob} is already ${values[knob]}`, "set each knob once");
    }
    values[knob] = setting.slice(equals + 1);
  }
  return values;
}

function writeTrace(file: string, result: ScenarioResult): void {
  try {
    writeFileSync(file, chromeTraceText(result.timeline));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new RingsideError(`write the trace of ${result.scenario} to ${file}: ${why}`, {
      cause,
      fix: "name a file in a folder that exists and can be written",
    });
  }
}
