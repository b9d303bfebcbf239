/**
 * A scenario from somebody's file (docs/scenario.md): one ES module that exports `scenario`. It is loaded as any module
 * is, so it runs with the rights of whoever types its name; what it exports is parsed.
 */
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { registerHooks } from "node:module";
import { basename, extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { scenarioFrom } from "../../simulator/scenarios/data/from-data.ts";
import { parseScenario } from "../../simulator/scenarios/data/parse-scenario.ts";
import type { ScenarioData } from "../../simulator/scenarios/data/scenario-data.ts";
import { ScenarioError } from "../../simulator/scenarios/knob.ts";
import type { AnyScenario } from "../../simulator/scenarios/scenario.ts";
import { RingsideError, reasonOf } from "../error.ts";
import { asRingsideError } from "./simulate-errors.ts";

/** What Node is to take a file for, whatever a package.json near it says: the one word is the export. */
const FORMATS: Readonly<Record<string, string>> = {
  ".mjs": "module",
  ".js": "module",
  ".ts": "module-typescript",
  ".mts": "module-typescript",
};
/** As of every command that itself has failed. */
const FAILED_STATUS = 125;
const LESSON = "docs/scenario.md shows how a scenario's file looks";

/** @returns whether a word of the command line is a file and not a scenario's name. */
export function isScenarioFile(word: string): boolean {
  return word.includes("/") || extname(word) !== "";
}

/**
 * Loads a scenario.
 * @throws RingsideError where there is no such file, it cannot be loaded, or what it exports is no scenario
 */
export async function loadScenario(file: string): Promise<AnyScenario> {
  const exported = await importFile(file);
  if (!("scenario" in exported)) {
    const names = Object.keys(exported);
    const has = names.length === 0 ? "nothing" : names.join(", ");
    throw new RingsideError(`simulate ${file}: it exports ${has}, and no scenario`, {
      fix: `write: export const scenario = { … }; ${LESSON}`,
    });
  }
  const name = basename(file, extname(file));
  return asRingsideError(`simulate ${file}`, () => scenarioFrom(parsed(exported.scenario, name)));
}

/** What a field that is read throws (a getter, a proxy) is the file's own. */
function parsed(value: unknown, name: string): ScenarioData {
  try {
    return parseScenario(value, name);
  } catch (cause) {
    if (cause instanceof ScenarioError) throw cause;
    throw new ScenarioError(
      `a field of scenario throws when it is read: ${reasonOf(cause)}`,
      `mend the file; ${LESSON}`,
    );
  }
}

async function importFile(file: string): Promise<object> {
  const path = resolve(file);
  if (!existsSync(path) || !statSync(path).isFile()) {
    throw new RingsideError(`simulate ${file}: there is no such file`, {
      fix: "name a file, or one of the scenarios that ringside simulate --list shows",
    });
  }
  const format = FORMATS[extname(path)];
  if (format === undefined) {
    throw new RingsideError(`simulate ${file}: a scenario's file is a module`, {
      fix: `give it one of the endings ${Object.keys(FORMATS).join(", ")}; ${LESSON}`,
    });
  }
  const url = pathToFileURL(path).href;
  const hooks = registerHooks({
    load: (loaded, context, next) => next(loaded, loaded === url ? { ...context, format } : context),
  });
  const unsettled = (): void => {
    process.stderr.write(
      `ringside: simulate ${file}: it waits for something that never comes\n  fix: mend its await\n`,
    );
    process.exitCode = FAILED_STATUS;
  };
  process.once("beforeExit", unsettled);
  try {
    const exported: unknown = await import(/* @vite-ignore */ url);
    return typeof exported === "object" && exported !== null ? exported : {};
  } catch (cause) {
    throw new RingsideError(`simulate ${file}: ${placeOf(cause, path)}${reasonOf(cause)}`, {
      cause,
      fix: `mend the file; ${LESSON}`,
    });
  } finally {
    process.off("beforeExit", unsettled);
    hooks.deregister();
  }
}

/** Where in the file it went wrong. Of a syntax error only Node's own check of a file says the line. */
function placeOf(cause: unknown, path: string): string {
  const isSyntax = cause instanceof SyntaxError;
  const told = isSyntax ? spawnSync(process.execPath, ["--check", path], { encoding: "utf8" }).stderr : stackOf(cause);
  const at = told.indexOf(`${path}:`);
  const line = at < 0 ? undefined : /^\d+/.exec(told.slice(at + path.length + 1))?.[0];
  return line === undefined ? "" : `line ${line}: `;
}

function stackOf(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? "") : "";
}
