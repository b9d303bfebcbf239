/**
 * Where this copy of Ringside lies, so that what was built beside it (native/build, dist) is found from the sources as
 * well as from the bundle, which lies elsewhere in the tree.
 */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * The top directory of the checkout: the nearest directory above this module that holds package.json and set-up.mjs.
 *
 * @throws Error where there is none: the module has been moved out of its checkout
 */
export function checkoutDirectory(start: string = import.meta.dirname): string {
  for (let directory = start; ; directory = dirname(directory)) {
    if (existsSync(join(directory, "package.json")) && existsSync(join(directory, "set-up.mjs"))) return directory;
    if (dirname(directory) === directory)
      throw new Error(`find Ringside's checkout above ${start}: no set-up.mjs there`);
  }
}
