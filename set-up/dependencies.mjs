/**
 * npm's packages, and with them Node 24: `node_modules/.bin/node` comes from an optional dependency for Linux; elsewhere
 * the system's own Node has to do.
 */
import { existsSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { changedMs } from "./freshness.mjs";
import { Gap } from "./report.mjs";
import { run, which } from "./run.mjs";

const NODE_MAJOR = 24;

/** npm writes its hidden lock file last, so a broken-off installation does not have it. */
export function dependenciesAreFresh(root) {
  const installed = changedMs(join(root, "node_modules/.package-lock.json"));
  return installed > 0 && installed >= changedMs(join(root, "package-lock.json"));
}

/**
 * `npm ci`, with the npm that called us where one did.
 *
 * @throws {Gap} where there is no npm, or where it fails
 */
export async function installDependencies(root) {
  const own = process.env.npm_execpath;
  const isNpm = own?.endsWith("npm-cli.js") && existsSync(own);
  if (!isNpm && which("npm") === undefined) throw new Gap("npm is missing", "install Node.js with npm");
  const [program, first] = isNpm ? [process.execPath, [own]] : ["npm", []];
  try {
    await run(program, [...first, "ci", "--no-audit", "--no-fund", "--no-progress"], { cwd: root });
  } catch (error) {
    throw new Gap(`npm ci failed: ${error.message}`, "npm ci");
  }
}

/**
 * Finds a Node that is new enough to run TypeScript as it is.
 *
 * @returns {{ node: string, headers: string }} the program, and the directory above its include/node
 * @throws {Gap} where there is none
 */
export function findNode(root) {
  const own = join(root, "node_modules/.bin/node");
  const node = existsSync(own) ? realpathSync(own) : systemNode();
  if (node === undefined) {
    const fix = process.platform === "darwin" ? "brew install node" : `install Node.js ${NODE_MAJOR} or later`;
    throw new Gap(`Ringside runs on Node.js ${NODE_MAJOR}, and npm has no copy of it for this machine`, fix);
  }
  return { node, headers: join(node, "../..") };
}

function systemNode() {
  return Number(process.versions.node.split(".")[0]) >= NODE_MAJOR ? process.execPath : undefined;
}
