/** Where the native part has been built. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Beside this file in a checkout; beside the bundle's folder dist; beside its chunks. */
const BUILD_PLACES = ["build/Release", "../native/build/Release", "../../native/build/Release"];

/** @param file that is there once all has been built @returns undefined where it has not been */
export function buildDirectory(file: string): string | undefined {
  const here = dirname(fileURLToPath(import.meta.url));
  return BUILD_PLACES.map((place) => join(here, place)).find((place) => existsSync(join(place, file)));
}
