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

/** Without a network npm's own patience would take ten minutes to say so. */
const PATIENCE = ["--fetch-retries=1", "--fetch-retry-mintimeout=500", "--fetch-retry-maxtimeout=2000"];
const NPM_OPTIONS = ["--no-audit", "--no-fund", "--no-progress", ...PATIENCE];

/** Whether what the other steps call is there at all, fresh or not. */
export function dependenciesAreThere(root) {
  return existsSync(join(root, "node_modules/vite/package.json"));
}

/** npm writes its hidden lock file last, so a broken-off installation does not have it. */
export function dependenciesAreFresh(root) {
  const installed = changedMs(join(root, "node_modules/.package-lock.json"));
  return installed > 0 && installed >= changedMs(join(root, "package-lock.json"));
}

/**
 * `npm ci`, with the npm that called us where one did.
 *
 * npm ci refuses a lock file that lacks an optional package of some other platform, which happens where the registry
 * that the lock file was made with did not have that package. `npm install --no-save` takes the same versions and
 * passes over what is for other platforms.
 *
 * @throws {Gap} where there is no npm, or where both fail
 */
export async function installDependencies(root) {
  const own = process.env.npm_execpath;
  const isNpm = own?.endsWith("npm-cli.js") && existsSync(own);
  if (!isNpm && which("npm") === undefined) throw new Gap("npm is missing", "install Node.js with npm");
  const [program, first] = isNpm ? [process.execPath, [own]] : ["npm", []];
  const npm = (...words) => run(program, [...first, ...words, ...NPM_OPTIONS], { cwd: root });
  try {
    await npm("ci").catch((error) => {
      if (!error.output.includes("EUSAGE")) throw error;
      return npm("install", "--no-save");
    });
  } catch (error) {
    const lines = error.output?.split("\n").filter((line) => line.startsWith("npm error")) ?? [];
    throw new Gap(`npm could not install the packages: ${lines.slice(0, 4).join("; ") || error.message}`, "npm ci");
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
