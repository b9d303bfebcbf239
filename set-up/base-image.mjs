/**
 * The default image. It is made by runtime/image, in a Node that runs TypeScript; here is only the question whether it
 * has to be made again.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { cacheDirectory } from "./cache.mjs";
import { installLine, staticBusybox } from "./packages.mjs";
import { Gap } from "./report.mjs";
import { run } from "./run.mjs";

const OWN_PROGRAMS = ["ringside-probe", "ringside-counter", "ringside-overhead", "ringside-init"];

/** Whether the image is there and was made from the busybox and the programs that are there now. */
export function baseImageIsFresh(root) {
  try {
    const cache = cacheDirectory();
    const record = JSON.parse(readFileSync(join(cache, "images", "ringside%2Fbase.json"), "utf8"));
    if (!existsSync(join(cache, "trees", record.tree))) return false;
    const own = OWN_PROGRAMS.map((name) => join(root, "native/build/Release", name)).filter((path) => existsSync(path));
    const now = [staticBusybox(), ...own].filter((path) => path !== undefined);
    return (
      now.length === record.inputs.length &&
      record.inputs.every(({ path, size, mtimeMs }) => {
        const status = statSync(path);
        return now.includes(path) && status.size === size && status.mtimeMs === mtimeMs;
      })
    );
  } catch {
    return false;
  }
}

/**
 * @returns {Promise<string>} what it was made from, in words
 * @throws {Gap} where it cannot be made
 */
export async function buildBaseImage(root, { node }) {
  const script = `import { buildBaseImage } from ${JSON.stringify(join(root, "runtime/image/base.ts"))};
    process.stdout.write(buildBaseImage().builtFrom);`;
  try {
    return await run(node, ["--no-warnings", "--input-type=module", "-e", script], { cwd: root });
  } catch (error) {
    throw new Gap(`the default image could not be made: ${error.message}`, installLine(["busybox-static"]));
  }
}
