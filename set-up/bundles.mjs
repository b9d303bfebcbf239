/**
 * The two bundles that Vite makes: the command line (dist/cli.js), and the pages (dist/web).
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { changedMs, writeStamp, youngestMs } from "./freshness.mjs";
import { Gap } from "./report.mjs";
import { run } from "./run.mjs";

/** The wrapper `ringside` has the first row's sources too. */
const BUNDLES = {
  cli: {
    result: "dist/cli.js",
    sources: [
      "runtime",
      "native",
      "simulator",
      "web/server",
      "web/protocol",
      "lessons",
      "set-up/packages.json",
      "vite.cli.config.ts",
      "package-lock.json",
    ],
    pattern: /\.ts$/,
    arguments: ["build", "--config", "vite.cli.config.ts"],
  },
  web: {
    result: "dist/web/index.html",
    sources: ["web/client", "web/protocol", "simulator", "lessons", "package-lock.json"],
    pattern: /./,
    arguments: ["build", "web/client"],
  },
};

const stampPath = (root, name) => join(root, "dist/.stamps", name);
const sourcesMs = (root, { sources, pattern }) => youngestMs(root, sources, pattern);

/** @param {"cli" | "web"} name */
export function bundleIsFresh(root, name) {
  const bundle = BUNDLES[name];
  return existsSync(join(root, bundle.result)) && changedMs(stampPath(root, name)) >= sourcesMs(root, bundle);
}

/**
 * @param {"cli" | "web"} name
 * @throws {Gap} where Vite fails; the bundle that was there before stays
 */
export async function buildBundle(root, { node }, name) {
  const bundle = BUNDLES[name];
  const startedMs = sourcesMs(root, bundle);
  try {
    const vite = join(root, "node_modules/vite/bin/vite.js");
    // NODE_ENV of the shell that we were called from must not decide what is built.
    const env = { ...process.env, NODE_ENV: "production", NO_COLOR: "1", FORCE_COLOR: undefined };
    await run(node, [vite, ...bundle.arguments, "--logLevel", "warn"], { cwd: root, env });
  } catch (error) {
    throw new Gap(`${bundle.result} could not be built: ${error.message}`, "see Vite's words above");
  }
  writeStamp(stampPath(root, name), startedMs);
}
