/** Which of npm's packages the tests in the guest need: some, and what those need in turn, as package.json files say. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const packageSchema = z.object({
  dependencies: z.record(z.string(), z.string()).default({}),
  optionalDependencies: z.record(z.string(), z.string()).default({}),
});

/**
 * Follows the dependencies of packages.
 *
 * @param nodeModules the directory in which all of them lie, as npm lays them out flat
 * @returns the names of those that are installed there; optional ones for other machines are not
 */
export function packageClosure(nodeModules: string, roots: readonly string[]): string[] {
  const found = new Set<string>();
  const waiting = [...roots];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const manifest = join(nodeModules, name, "package.json");
    if (found.has(name) || !existsSync(manifest)) continue;
    found.add(name);
    const { dependencies, optionalDependencies } = packageSchema.parse(JSON.parse(readFileSync(manifest, "utf8")));
    waiting.push(...Object.keys(dependencies), ...Object.keys(optionalDependencies));
  }
  return [...found].sort();
}
