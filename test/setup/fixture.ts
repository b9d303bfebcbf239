/**
 * A checkout small enough to be set up in a moment: the real set-up and the real wrapper, with stand-ins for the tools
 * that take long (npm's packages are "there", Vite and node-gyp write one file each and count how often they were
 * called), and a machine whose programs are only those that a test puts on the search path.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { temporaryDirectory } from "../support/temporary.ts";

const REPOSITORY = join(import.meta.dirname, "../..");

/** What any Linux has, and what the wrapper and the stand-ins call. */
const ORDINARY_PROGRAMS = [
  "sh",
  "find",
  "readlink",
  "cat",
  "touch",
  "mkdir",
  "cp",
  "chmod",
  "dirname",
  "uname",
  "sleep",
];

const FAKE_VITE = `import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
const name = process.argv.includes("web/client") ? "web" : "cli";
appendFileSync("calls.log", \`vite \${name}\\n\`);
if (readFileSync("runtime/main.ts", "utf8").includes("BROKEN")) { console.error("error: BROKEN"); process.exit(1); }
mkdirSync(name === "web" ? "dist/web" : "dist", { recursive: true });
writeFileSync(name === "web" ? "dist/web/index.html" : "dist/cli.js",
  "console.log(JSON.stringify(process.argv.slice(2))); process.exitCode = Number(process.env.EXIT ?? 0);");
`;

const FAKE_NODE_GYP = `import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
appendFileSync("calls.log", "node-gyp\\n");
mkdirSync("native/build/Release", { recursive: true });
writeFileSync("native/build/Release/ringside.node", "");
`;

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Checkout {
  readonly root: string;
  readonly cache: string;
  /** The only directory on the search path. */
  readonly programs: string;
  /** Puts programs of this machine on the search path. */
  offer(...names: readonly string[]): void;
  /** Puts a shell script on the search path. */
  script(name: string, text: string): void;
  /** Writes a file of the checkout, younger than anything built so far. */
  write(path: string, text?: string): void;
  /** Which of the slow tools have been called, in order. */
  calls(): string[];
  setUp(command: string, environment?: Readonly<Record<string, string>>): Promise<Outcome>;
  ringside(
    args: readonly string[],
    options?: { cwd?: string; path?: string; environment?: Readonly<Record<string, string>> },
  ): Promise<Outcome>;
}

/** @returns a checkout whose packages are installed and whose parts have not been built yet */
export function makeCheckout(): Checkout {
  const root = temporaryDirectory();
  const cache = temporaryDirectory();
  const programs = temporaryDirectory();
  for (const name of ["set-up.mjs", "set-up", "ringside"])
    cpSync(join(REPOSITORY, name), join(root, name), { recursive: true });
  const files = {
    "package.json": '{ "type": "module" }',
    "package-lock.json": "{}",
    "vite.cli.config.ts": "",
    "runtime/main.ts": "",
    "native/binding.gyp": "",
    "native/plan/operations.ts": "",
    "native/plan/encode.ts": "",
    "native/plan/generate.ts": "",
    "native/plan/operations.h": "",
    "simulator/engine.ts": "",
    "web/client/main.ts": "",
    "web/server/server.ts": "",
    "web/protocol/frame.ts": "",
    "lessons/schema.ts": "",
    "node_modules/vite/package.json": '{ "type": "module" }',
    "node_modules/vite/bin/vite.js": FAKE_VITE,
    "node_modules/node-gyp/package.json": '{ "type": "module" }',
    "node_modules/node-gyp/bin/node-gyp.js": FAKE_NODE_GYP,
    "node_modules/.package-lock.json": "{}",
    "calls.log": "",
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  mkdirSync(join(root, "node_modules/.bin"));
  symlinkSync(process.execPath, join(root, "node_modules/.bin/node"));
  symlinkSync(process.execPath, join(programs, "node"));

  const offer = (...names: readonly string[]) => {
    for (const name of names) symlinkSync(findOnThisMachine(name), join(programs, name));
  };
  offer(...ORDINARY_PROGRAMS);

  let age = 0;
  const environmentWith = (more: Readonly<Record<string, string>> = {}) => ({
    PATH: programs,
    HOME: cache,
    RINGSIDE_CACHE: cache,
    ...more,
  });
  return {
    root,
    cache,
    programs,
    offer,
    script(name, text) {
      writeFileSync(join(programs, name), `#!/bin/sh\n${text}\n`);
      chmodSync(join(programs, name), 0o755);
    },
    write(path, text = "") {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
      // Not by the clock: each file is a second younger than the one before.
      const seconds = Date.now() / 1000 + ++age;
      utimesSync(join(root, path), seconds, seconds);
    },
    calls: () => readFileSync(join(root, "calls.log"), "utf8").split("\n").filter(Boolean),
    setUp: (command, environment) => run(process.execPath, ["set-up.mjs", command], root, environmentWith(environment)),
    ringside: (args, { cwd = root, path = join(root, "ringside"), environment } = {}) =>
      run(path, args, cwd, environmentWith(environment)),
  };
}

export function findOnThisMachine(name: string): string {
  const directories = [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/sbin", "/usr/bin", "/bin"];
  const found = directories
    .map((directory) => join(directory, name))
    .find((path) => path.startsWith("/") && existsSync(path));
  if (found === undefined) throw new Error(`these tests need ${name}`);
  return found;
}

async function run(
  program: string,
  args: readonly string[],
  cwd: string,
  env: Record<string, string>,
): Promise<Outcome> {
  const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  const [code] = await once(child, "close");
  return {
    code: typeof code === "number" ? code : null,
    stdout: Buffer.concat(stdout).toString(),
    stderr: Buffer.concat(stderr).toString(),
  };
}
