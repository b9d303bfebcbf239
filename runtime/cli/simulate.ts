/**
 * `ringside simulate`: runs a scenario of the simulator and prints what came out, with where it comes from. A skin over
 * simulator/scenarios/run.ts; the words that it prints are made in simulate-text.ts.
 */
import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import { type KnobValues, ScenarioError, suggestion } from "../../simulator/scenarios/knob.ts";
import { findScenario, SCENARIOS } from "../../simulator/scenarios/registry.ts";
import { simulationJson } from "../../simulator/scenarios/result-json.ts";
import { DEFAULT_SEED, runScenario, type ScenarioResult } from "../../simulator/scenarios/run.ts";
import type { Scenario } from "../../simulator/scenarios/scenario.ts";
import { validate, validationJson } from "../../simulator/scenarios/validation.ts";
import { chromeTraceText } from "../../simulator/trace/chrome-trace.ts";
import { RingsideError } from "../error.ts";
import { costsText, listText, resultText, scenarioHelp, validationText } from "./simulate-text.ts";

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
    .argument("[SCENARIO]", "the scenario; --list names them")
    .option("--seed <N>", `what chance is drawn from, a whole number (default ${DEFAULT_SEED})`)
    .option("--set <knob=value...>", "turn knobs of the scenario")
    .option("--profile <NAME>", "the costs to reckon with; --list names them")
    .option("--trace <FILE>", "write what happened as Chrome Trace Event JSON; Perfetto opens it")
    .option("--json", "print ringside.simulation/1 instead of a table")
    .option("--costs", "print every cost that the result rests on, with its source")
    .option("--validate", "print what the model predicts beside what was published")
    .option("--list", "list the scenarios and the cost profiles")
    .helpOption(false)
    .option("-h, --help", "print this, or a scenario's knobs and metrics: ringside simulate SCENARIO --help");
  command.action((name: string | undefined, options: SimulateOptions) => {
    if (options.list) process.stdout.write(listText());
    else if (name !== undefined && options.help) process.stdout.write(scenarioHelp(requireScenario(name)));
    else if (options.help) command.outputHelp();
    else if (options.validate) process.stdout.write(validation(options));
    else process.stdout.write(simulate(name, options));
  });
}

function simulate(name: string | undefined, options: SimulateOptions): string {
  if (name === undefined) {
    throw new RingsideError("simulate: no scenario named", { fix: `ringside simulate ${SCENARIOS[0]?.name}` });
  }
  const result = run(name, options);
  if (options.trace !== undefined) writeTrace(options.trace, result);
  if (options.json) return simulationJson(result);
  return resultText(requireScenario(name), result) + (options.costs ? `\n${costsText(result)}` : "");
}

function validation({ json }: SimulateOptions): string {
  const rows = validate();
  return json ? validationJson(rows) : validationText(rows);
}

function run(name: string, options: SimulateOptions): ScenarioResult {
  const { seed, set, profile } = options;
  return asRingsideError(`simulate ${name}`, () =>
    runScenario(name, {
      ...(seed === undefined ? {} : { seed: parseSeed(seed) }),
      ...(profile === undefined ? {} : { profile }),
      knobs: parseSettings(set ?? []),
    }),
  );
}

function requireScenario(name: string): Scenario {
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

function asRingsideError<Result>(what: string, action: () => Result): Result {
  try {
    return action();
  } catch (cause) {
    if (!(cause instanceof ScenarioError)) throw cause;
    throw new RingsideError(`${what}: ${cause.message}`, { cause, fix: cause.fix });
  }
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
