/**
 * Makes everything that a command needs, and nothing twice: `node set-up.mjs start|test|build|COMMAND`.
 *
 * It runs before Node 24 is there, so it is plain JavaScript for Node 20. Each step is a module in set-up/, with a cheap
 * question (is it fresh?) and the work. A part that cannot be had here is named with the line that would bring it, and
 * the rest goes on: the exit code is 0, and the command itself says what it cannot do without that part. Only where there
 * is no command line in the end, nothing can go on: then it is 1.
 */
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { baseImageIsFresh, buildBaseImage } from "./set-up/base-image.mjs";
import { buildBundle, bundleIsFresh } from "./set-up/bundles.mjs";
import { dependenciesAreFresh, dependenciesAreThere, findNode, installDependencies } from "./set-up/dependencies.mjs";
import { fetchForeignGuest, foreignGuestIsFresh } from "./set-up/foreign-guest.mjs";
import { fetchGuestKernel, guestKernelIsFresh } from "./set-up/guest-kernel.mjs";
import { withLock } from "./set-up/lock.mjs";
import { buildNative, nativeIsFresh } from "./set-up/native.mjs";
import { installLine, installPackages, mayInstall, missingPackages, PACKAGES } from "./set-up/packages.mjs";
import { Gap, Report } from "./set-up/report.mjs";

const ROOT = dirname(fileURLToPath(import.meta.url));

/**
 * npm's targets name every gap. Other commands pass over packages that only could be there, unless something was set up:
 * else an ordinary user would read the same line at every start.
 */
const THOROUGH = ["start", "test", "build", "s390x"];

/**
 * The steps. `after` names what has to be there first (built now or earlier), `stale` asks whether there is anything to
 * do, `inCheckout` marks those that write into the checkout, which may belong to somebody else.
 */
const STEPS = {
  packages: {
    after: [],
    stale: (target) => target.missing.length > 0,
    title: (target) => `packages ${target.missing.join(" ")}`,
    work: (target) => installMissing(target),
  },
  dependencies: {
    after: [],
    inCheckout: true,
    stale: () => !dependenciesAreFresh(ROOT),
    title: () => "npm packages, and Node 24",
    work: () => installDependencies(ROOT),
  },
  native: {
    after: ["dependencies"],
    inCheckout: true,
    stale: () => !nativeIsFresh(ROOT),
    title: () => "native part",
    work: () => buildNative(ROOT, findNode(ROOT)),
  },
  cli: {
    after: ["dependencies"],
    inCheckout: true,
    stale: () => !bundleIsFresh(ROOT, "cli"),
    title: () => "command line",
    work: () => buildBundle(ROOT, findNode(ROOT), "cli"),
  },
  web: {
    after: ["dependencies"],
    inCheckout: true,
    stale: () => !bundleIsFresh(ROOT, "web"),
    title: () => "pages",
    work: () => buildBundle(ROOT, findNode(ROOT), "web"),
  },
  image: {
    after: ["dependencies", "packages", "native"],
    stale: () => process.platform === "linux" && !baseImageIsFresh(ROOT),
    title: () => "image ringside/base",
    work: () => buildBaseImage(ROOT, findNode(ROOT)),
  },
  kernel: {
    after: ["packages"],
    stale: () => process.platform === "linux" && !guestKernelIsFresh(),
    title: () => "kernel for virtual machines",
    work: () => fetchGuestKernel(),
  },
  foreign: {
    after: ["dependencies", "packages"],
    stale: () => process.platform === "linux" && !foreignGuestIsFresh(),
    title: () => "kernel and image for s390x",
    work: () => fetchForeignGuest(ROOT, findNode(ROOT)),
  },
};

/** @returns the row of set-up/needs for a command */
function needsOf(command) {
  const rows = readFileSync(join(ROOT, "set-up/needs"), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(/\s+/));
  return (rows.find(([name]) => name === command) ?? rows.find(([name]) => name === "*")).slice(1);
}

function describe(command) {
  const needs = needsOf(command);
  const missing = process.platform === "linux" ? missingPackages(needs) : [];
  const wanted = Object.keys(STEPS).filter(
    (name) => needs.includes(name) || name === "packages" || name === "dependencies",
  );
  return { command, needs, missing, wanted };
}

async function installMissing({ missing, needs }) {
  if (!mayInstall()) {
    const uses = [...new Set(missing.map((name) => PACKAGES[name].gives))].join("; ");
    throw new Gap(`not installed: ${missing.join(", ")} (${uses})`, installLine(missing));
  }
  await installPackages(missing, needs);
}

function isWritable() {
  try {
    accessSync(ROOT, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Runs the stale steps, each as soon as those it comes after are through; a failed one holds up nobody. */
async function runSteps(target, report) {
  const gaps = [];
  const running = new Map();
  const start = (name) => {
    if (!running.has(name)) running.set(name, runStep(name));
    return running.get(name);
  };
  const runStep = async (name) => {
    const step = STEPS[name];
    await Promise.all(step.after.filter((other) => target.wanted.includes(other)).map(start));
    // Without npm's packages nothing can be built, and its own gap has said so.
    if (step.after.includes("dependencies") && !dependenciesAreThere(ROOT)) return;
    if (!step.stale(target)) return;
    try {
      await report.step(step.title(target), () => step.work(target));
    } catch (error) {
      const gap = error instanceof Gap ? error : new Gap(`${step.title(target)}: ${error.message}`);
      gaps.push({ gap, optional: name === "packages" });
    }
  };
  await Promise.all(target.wanted.map(start));
  return gaps;
}

async function main(command) {
  const report = new Report();
  const target = describe(command);
  const writable = isWritable();
  // Somebody else's checkout is used as it is.
  if (!writable) target.wanted = target.wanted.filter((name) => !STEPS[name].inCheckout);
  if (!target.wanted.some((name) => STEPS[name].stale(target))) return;

  const work = async () => {
    // What another set-up did while this one waited for the lock has not to be done again.
    Object.assign(target, { missing: describe(command).missing });
    const gaps = await runSteps(target, report);
    const worthSaying = THOROUGH.includes(command) || report.done > gaps.length;
    for (const { gap, optional } of gaps) if (worthSaying || !optional) report.gap(gap);
  };
  if (!writable) return work();
  const wait = () => report.line("another set-up is at work in this checkout; waiting for it");
  await withLock(join(ROOT, "dist/.stamps/lock"), wait, work);
}

await main(process.argv[2] ?? "build");
if (!existsSync(join(ROOT, "dist/cli.js"))) process.exitCode = 1;
