/** What is imported from a package is asked for in package.json: nothing comes along by another package's favour. */
import { builtinModules } from "node:module";
import { expect, test } from "vitest";
import { z } from "zod/mini";
import { isOurs, modules, read } from "./tree.ts";

const names = z.optional(z.record(z.string(), z.string()));
const manifestSchema = z.object({ dependencies: names, devDependencies: names, optionalDependencies: names });
const lockSchema = z.object({ packages: z.record(z.string(), z.unknown()) });

const manifest = manifestSchema.parse(JSON.parse(read("package.json")));
const declared = { ...manifest.dependencies, ...manifest.devDependencies };

/** `@scope/name/file` is of the package `@scope/name`. */
const packageOf = (to: string) => to.split("/", to.startsWith("@") ? 2 : 1).join("/");

test("every package that is imported is declared", () => {
  const imported = modules().flatMap(({ imports }) =>
    imports.filter(({ to }) => !isOurs(to) && !/^(node|virtual):/.test(to) && !builtinModules.includes(to)),
  );
  const undeclared = imported.filter(({ to, isType }) => {
    const name = packageOf(to);
    return !(name in declared) && !(isType && `@types/${name}` in declared);
  });
  expect(imported.length).toBeGreaterThan(50);
  expect(undeclared.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
});

test("every version is exact", () => {
  const versions = Object.entries({ ...declared, ...manifest.optionalDependencies });
  expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
});

test("the lock file asks for what package.json asks for", () => {
  const { packages } = lockSchema.parse(JSON.parse(read("package-lock.json")));
  expect(manifestSchema.parse(packages[""])).toEqual(manifest);
});
