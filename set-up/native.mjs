/**
 * The native part: the launcher, the addon and the small static programs, built by node-gyp with the headers that came
 * with our Node, so that nothing is downloaded.
 */
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { changedMs, writeStamp, youngestMs } from "./freshness.mjs";
import { installLine, missingPackages } from "./packages.mjs";
import { Gap } from "./report.mjs";
import { run } from "./run.mjs";

const STAMP = "native/build/.stamp";

const sourcesMs = (root) => youngestMs(root, ["native"], /\.(c|cc|h|gyp|gypi)$|^(operations|encode|generate)\.ts$/);

export function nativeIsFresh(root) {
  return process.platform !== "linux" || changedMs(join(root, STAMP)) >= sourcesMs(root);
}

/**
 * Builds what has changed.
 *
 * @throws {Gap} where a tool is missing, or where the build fails
 */
export async function buildNative(root, { node, headers }) {
  const missing = missingPackages(["compiler"]);
  if (missing.length > 0)
    throw new Gap(
      `the native part cannot be built: no ${missing.join(", no ")}; no real containers and virtual machines without it`,
      installLine(missing),
    );
  const startedMs = sourcesMs(root);
  const env = buildEnvironment();
  try {
    await generateOperations(root, node, env);
    const arguments_ = ["configure", "build", "-C", "native", "--nodedir", headers, "--release"];
    const jobs = ["--jobs", String(availableParallelism())];
    await run(node, [join(root, "node_modules/node-gyp/bin/node-gyp.js"), ...arguments_, ...jobs], { cwd: root, env });
  } catch (error) {
    throw new Gap(`the native part could not be built: ${error.message}`, "see the compiler's words above");
  }
  writeStamp(join(root, STAMP), Math.max(startedMs, changedMs(join(root, "native/plan/operations.h"))));
}

/** The C++ side of the plan's wire format is made from the TypeScript side. */
async function generateOperations(root, node, env) {
  const from = ["operations.ts", "encode.ts", "generate.ts"].map((name) => changedMs(join(root, "native/plan", name)));
  const header = join(root, "native/plan/operations.h");
  if (existsSync(header) && changedMs(header) >= Math.max(...from)) return;
  if (existsSync(header)) {
    // Made from the same table already, and only older by the order of checking out: then nothing is rewritten.
    const same = await run(node, ["native/plan/generate.ts", "--check"], { cwd: root, env }).then(
      () => true,
      () => false,
    );
    if (same) return;
  }
  await run(node, ["native/plan/generate.ts"], { cwd: root, env });
}

/** What npm's configuration says about node-gyp (nodedir above all) is about other Nodes than ours. */
function buildEnvironment() {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^npm_(config_(nodedir|node_gyp|target|runtime|disturl|arch)|package_config_node_gyp)/i.test(name),
    ),
  );
}
