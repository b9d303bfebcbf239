/** What every file keeps to, whatever room it is in. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { allFiles, type Module, modules, ROOT, read } from "./tree.ts";

const every = modules();
const simulator = modules("simulator");

/** Lines of tables and of generated data are not read one after the other. */
const isTable = ({ path }: Module) => /\.generated\.ts$|\/tables\//.test(path);

/** @returns `file:line: text` for each line of a module's code that matches */
function linesWith(pattern: RegExp, { path, code }: Module): string[] {
  return code
    .split("\n")
    .map((line, index) => (pattern.test(line) ? `${path}:${index + 1}: ${line.trim()}` : undefined))
    .filter((found) => found !== undefined);
}

function opensWithComment(text: string): boolean {
  const opening = /^\s*(\/\*[\s\S]*?\*\/|(\/\/.*\n)+|(#.*\n)+)/.exec(text.replace(/^#!.*\n/, ""))?.[0] ?? "";
  return opening.replace(/[^\p{Letter}]+/gu, " ").trim().length >= 20;
}

const readIfThere = (path: string) => (existsSync(join(ROOT, path)) ? read(path) : "");

test("every source file opens with a comment that says what it is", () => {
  const sources = allFiles().filter((path) => /\.(ts|mjs|cc|h|c)$|^ringside$|^\.ci\//.test(path));
  const silent = sources
    .filter((path) => !opensWithComment(read(path)))
    // What a header says of itself is true of the file that implements it.
    .filter((path) => !(path.endsWith(".cc") && opensWithComment(readIfThere(path.replace(/cc$/, "h")))));
  expect(sources.length).toBeGreaterThan(200);
  expect(silent).toEqual([]);
});

test("no file is longer than 500 lines", () => {
  const long = every.filter((one) => !isTable(one)).map(({ path, text }) => `${path}: ${text.split("\n").length - 1}`);
  expect(long.filter((row) => Number(row.split(": ")[1]) > 500)).toEqual([]);
});

test("nothing is exported by default, except what a tool asks for by its file's name", () => {
  const found = every.filter((one) => one.hasDefaultExport && !one.path.endsWith(".config.ts"));
  expect(found.map(({ path }) => path)).toEqual([]);
});

test("a value is imported from the file that defines it: nobody passes on another's", () => {
  expect(every.filter(({ passesOnValues }) => passesOnValues).map(({ path }) => path)).toEqual([]);
});

test("local imports name their file, with its ending", () => {
  const vague = every.flatMap(({ path, relativeImports }) =>
    relativeImports.filter((to) => !/\.[a-z0-9]+$/.test(to.split("?")[0] ?? "")).map((to) => `${path} -> ${to}`),
  );
  expect(vague).toEqual([]);
});

test("what is exported as a function says what it is for", () => {
  const silent = every
    .filter(({ path }) => !path.startsWith("test/"))
    .flatMap(({ path, text }) =>
      [...text.matchAll(/^export (?:async )?function\*? (\w+)/gm)]
        .filter(({ index }) => !text.slice(0, index).trimEnd().endsWith("*/"))
        .map(([, name]) => `${path}: ${name}`),
    );
  expect(silent).toEqual([]);
});

test("only native/load-addon.ts loads the addon, and only native/kernel.ts has it do so", () => {
  // One puts it into an image, where another Ringside loads it.
  const named = ["native/load-addon.ts", "runtime/image/inside.ts"];
  const others = every.filter(({ path }) => !named.includes(path) && !path.startsWith("test/"));
  const users = every.filter(({ imports }) => imports.some(({ to }) => to === "native/load-addon.ts"));
  expect(users.map(({ path }) => path)).toEqual(["native/kernel.ts"]);
  expect(others.flatMap((one) => linesWith(/\bdlopen\b|\.node["'`]/, one))).toEqual([]);
});

test("nothing of ours asks another machine for anything while it runs", () => {
  const running = modules("runtime", "web", "simulator", "native").filter(
    ({ path }) => !path.startsWith("web/client/"),
  );
  expect(running.flatMap((one) => linesWith(/\bfetch\(\s*["'`]https?:|from "node:(https|http2|dns)"/, one))).toEqual(
    [],
  );
});

test("the simulator knows no time of day, no chance of its own and no machine", () => {
  const world =
    /\b(Date|performance\.|process\.(env|argv|hrtime|uptime|memoryUsage|nextTick|stdout|stderr|exitCode)\b|Math\.random|crypto\.|globalThis|setTimeout|setInterval|queueMicrotask|fetch\()/;
  expect(simulator.flatMap((one) => linesWith(world, one))).toEqual([]);
});

test("the simulator's times are costs with a source: no other module writes one down", () => {
  const literal = /\w(Ns|Us|Ms|Ps)\s*[:=]\s*\(?\s*[1-9][\d_]{1,}/;
  const outside = simulator.filter(({ path }) => !path.startsWith("simulator/costs/"));
  expect(outside.flatMap((one) => linesWith(literal, one))).toEqual([]);
});

test("no compiler check is switched off, and no type is guessed", () => {
  const off = /@ts-(ignore|nocheck|expect-error)|biome-ignore-all/;
  const silenced = every.filter(({ path }) => path !== "test/style/modules.test.ts");
  expect(silenced.filter(({ text }) => off.test(text)).map(({ path }) => path)).toEqual([]);
  expect(
    every
      .flatMap((one) => linesWith(/:\s*any\b|\bas any\b|<any>/, one))
      .filter((row) => !row.startsWith("test/style/")),
  ).toEqual([]);
});

test("nothing waits to be written", () => {
  const waiting = every.filter(
    ({ text, path }) => path !== "test/style/modules.test.ts" && /\b(TODO|FIXME|XXX|HACK)\b/.test(text),
  );
  expect(waiting.map(({ path }) => path)).toEqual([]);
});

test("no test is switched off for good, and none hides the others", () => {
  const switched = modules("test").filter(({ path }) => path !== "test/style/modules.test.ts");
  expect(switched.flatMap((one) => linesWith(/\b(test|it|describe)\.(only|skip|todo)\(/, one))).toEqual([]);
});

test("no test waits for a time to pass", () => {
  const judged = modules("test").filter(({ path }) => path !== "test/style/modules.test.ts");
  expect(judged.flatMap((one) => linesWith(/expect\((Date\.now|performance\.now|elapsed|duration)/, one))).toEqual([]);
});
