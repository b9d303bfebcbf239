/**
 * `npm run test:mutants [NAME…] [--list]`: takes each defence of mutants.ts out of a copy of this checkout and runs its
 * test there, which has to fail. Where it does not, the mutant survives: the test proves nothing. Each test is also run
 * in an unchanged copy, where it has to pass.
 */
import { spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { type Edit, MUTANTS, type Mutant } from "./mutants.ts";

const ROOT = join(import.meta.dirname, "../..");
const LIMIT_MS = 180_000;
const stop = new AbortController();

interface Finished {
  readonly code: number | null;
  readonly text: string;
}

/** A group of its own, so that whatever it starts ends with it. */
function run(command: string, args: readonly string[], cwd: string): Promise<Finished> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" },
    });
    let text = "";
    const end = (): void => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
    };
    const timer = setTimeout(end, LIMIT_MS);
    stop.signal.addEventListener("abort", end, { once: true });
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (text += chunk));
    child.once("error", (error) => (text += String(error)));
    child.once("close", (code) => {
      clearTimeout(timer);
      stop.signal.removeEventListener("abort", end);
      resolve({ code, text });
    });
  });
}

/** This checkout's files as they are now, with what has been built; the times stay, so that little is built again. */
function copyCheckout(directory: string): void {
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const { stdout, status, stderr } = spawnSync("git", args, { cwd: ROOT, encoding: "utf8", maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Error(`cannot list the checkout's files: ${stderr}`);
  for (const file of stdout.split("\0").filter(Boolean)) {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    try {
      cpSync(join(ROOT, file), join(directory, file), { preserveTimestamps: true });
    } catch {
      // Removed since it was listed.
    }
  }
  cpSync(join(ROOT, "native/build"), join(directory, "native/build"), { recursive: true, preserveTimestamps: true });
  symlinkSync(join(ROOT, "node_modules"), join(directory, "node_modules"));
}

/** @returns the files as they were */
function edit(directory: string, edits: readonly Edit[]): Map<string, string> {
  const before = new Map<string, string>();
  for (const { file, from, to } of edits) {
    const path = join(directory, file);
    const text = readFileSync(path, "utf8");
    if (text.split(from).length !== 2) throw new Error(`${file}: does not have exactly once: ${from}`);
    if (!before.has(path)) before.set(path, text);
    writeFileSync(
      path,
      text.replace(from, () => to),
    );
  }
  return before;
}

function undo(before: ReadonlyMap<string, string>): void {
  for (const [path, text] of before) {
    writeFileSync(path, text);
    // Later than what was built of the mutant, so that it is built again.
    utimesSync(path, new Date(), new Date());
  }
}

const isNative = ({ edits }: Mutant): boolean => edits.some(({ file }) => file.startsWith("native/launcher/"));

function build(directory: string): Promise<Finished> {
  return run("make", ["-C", "native/build", "BUILDTYPE=Release", "ringside-launcher"], directory);
}

function runTest(directory: string, { test, only }: Mutant): Promise<Finished> {
  const vitest = join(ROOT, "node_modules/vitest/vitest.mjs");
  // A space in a name may stand between a group and its test, where vitest puts more than that.
  const pattern = only.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return run(process.execPath, [vitest, "run", "--root", directory, test, "-t", pattern], directory);
}

type Verdict = "killed" | "SURVIVED" | "FAILS UNCHANGED" | "NOT RUN" | "NOT BUILT";

/** Nothing but a failed test kills: a copy in which nothing can run, or where all is skipped, proves nothing. */
function verdictOf({ code, text }: Finished): Verdict {
  // Of tests, not of files: one that cannot be read fails too.
  const [, counts = ""] = /^ *Tests +(.*)$/m.exec(text) ?? [];
  if (code !== 0 && /\b[1-9]\d* failed/.test(counts)) return "killed";
  return code === 0 && /\b[1-9]\d* passed/.test(counts) ? "SURVIVED" : "NOT RUN";
}

async function check(directory: string, mutant: Mutant, unchanged: Map<string, Verdict>): Promise<[Verdict, string]> {
  const key = `${mutant.test} ${mutant.only}`;
  if (!unchanged.has(key)) {
    const finished = await runTest(directory, mutant);
    unchanged.set(key, verdictOf(finished));
    if (unchanged.get(key) !== "SURVIVED") return ["FAILS UNCHANGED", finished.text];
  }
  if (unchanged.get(key) !== "SURVIVED") return ["FAILS UNCHANGED", ""];
  const before = edit(directory, mutant.edits);
  try {
    const built = isNative(mutant) ? await build(directory) : undefined;
    if (built !== undefined && built.code !== 0) return ["NOT BUILT", built.text];
    const finished = await runTest(directory, mutant);
    return [verdictOf(finished), finished.text];
  } finally {
    undo(before);
  }
}

async function checkAll(mutants: readonly Mutant[]): Promise<boolean> {
  const directory = mkdtempSync(join(tmpdir(), "ringside-mutants-"));
  let isGood = true;
  try {
    copyCheckout(directory);
    const unchanged = new Map<string, Verdict>();
    // Those that need nothing built come first; after the last of a kind the launcher is built once more.
    const ordered = mutants.toSorted((one, other) => Number(isNative(one)) - Number(isNative(other)));
    for (const mutant of ordered) {
      // What the mutant before has left of its launcher must not meet the next one's unchanged run.
      if (isNative(mutant)) await build(directory);
      const startMs = performance.now();
      const [verdict, text] = await check(directory, mutant, unchanged);
      if (stop.signal.aborted) return false;
      const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
      console.log(`${verdict.padEnd(16)}${`${seconds} s`.padStart(5)}  ${mutant.name.padEnd(34)}${mutant.cve}`);
      if (verdict === "killed") continue;
      isGood = false;
      console.log(text.split("\n").slice(-60).join("\n"));
    }
    return isGood;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const { values, positionals } = parseArgs({ options: { list: { type: "boolean" } }, allowPositionals: true });
const unknown = positionals.filter((name) => !MUTANTS.some((mutant) => mutant.name === name));
if (unknown.length > 0) {
  console.error(`there is no mutant ${unknown.join(", ")}; --list names them all`);
  process.exitCode = 2;
} else if (values.list === true) {
  for (const { name, cve, defence } of MUTANTS) console.log(`${name.padEnd(34)}${cve}: ${defence}`);
} else {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  const chosen = MUTANTS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  const isGood = await checkAll(chosen);
  if (stop.signal.aborted) console.error("stopped");
  process.exitCode = isGood ? 0 : 1;
}
