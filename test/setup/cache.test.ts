/** The set-up runs before TypeScript does, so it has a copy of one small rule; here the two are held equal. */
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { cacheDirectory } from "../../runtime/image/cache.ts";

test("the set-up and the runtime agree on where the cache lies, in every environment", () => {
  const environments = [
    {},
    { HOME: "/home/user" },
    { HOME: "/home/user", XDG_CACHE_HOME: "/cache" },
    { HOME: "/home/user", XDG_CACHE_HOME: "relative" },
    { HOME: "/home/user", XDG_CACHE_HOME: "/cache", RINGSIDE_CACHE: "/own" },
    { HOME: "/home/user", RINGSIDE_CACHE: "relative" },
    { HOME: "" },
  ];
  const module = new URL("../../set-up/cache.mjs", import.meta.url).href;
  const script = `import { cacheDirectory } from ${JSON.stringify(module)};
    console.log(JSON.stringify(JSON.parse(process.argv[1]).map((each) => cacheDirectory(each))));`;
  const output = execFileSync(process.execPath, ["--input-type=module", "-e", script, JSON.stringify(environments)]);
  expect(JSON.parse(output.toString())).toEqual(environments.map((environment) => cacheDirectory(environment)));
});
