/** Loads the addon, once, for native/kernel.ts alone. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Addon } from "./internal-types.ts";

const ADDON = "ringside.node";
/** Beside this file in a checkout; beside the bundle's folder dist; beside its chunks. */
const BUILD_PLACES = ["build/Release", "../native/build/Release", "../../native/build/Release"];

/** @returns where the native part has been built; undefined where it has not been */
export function buildDirectory(): string | undefined {
  const here = dirname(fileURLToPath(import.meta.url));
  return BUILD_PLACES.map((place) => join(here, place)).find((place) => existsSync(join(place, ADDON)));
}

let loaded: Addon | undefined;

/** @throws where there is none */
export function addon(): Addon {
  if (loaded !== undefined) return loaded;
  const problem = addonProblem();
  if (problem !== undefined) throw new Error(`${problem.reason}; ${problem.fix}`);
  if (loaded === undefined) throw new Error("the native addon has not been loaded");
  return loaded;
}

/** @returns why it cannot be loaded; undefined where it is */
export function addonProblem(): { reason: string; fix: string } | undefined {
  if (loaded !== undefined) return undefined;
  if (process.platform !== "linux") {
    return { reason: `containers need Linux, and this is ${process.platform}`, fix: "run Ringside on Linux" };
  }
  const directory = buildDirectory();
  if (directory === undefined) {
    return { reason: "the native part has not been built", fix: "apt-get install g++ make python3 && npm run build" };
  }
  try {
    loaded = createRequire(import.meta.url)(join(directory, ADDON));
    return undefined;
  } catch (error) {
    return { reason: `the native part cannot be loaded: ${String(error)}`, fix: "rm -r native/build && npm run build" };
  }
}
