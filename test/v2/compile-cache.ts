/**
 * What V8 has compiled and Node has stripped of its types, kept for the guest: emulated, the first start of a command
 * takes twelve seconds otherwise, nearly all of it in the compiler of Node's type stripper. The host fills the cache with
 * the same Node and carries it in; its names are relative to its own place (NODE_COMPILE_CACHE_PORTABLE of node(1)), and
 * whatever does not fit the guest's sources or processor is compiled anew there.
 */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { checkoutDirectory } from "../../runtime/image/checkout.ts";

/** Below the checkout, here as there. */
export const COMPILE_CACHE = "dist/.compiled-v2";

/** Each loads all that it could: every command, and what runs tests. */
const LOADING = [
  ["dist/cli.js", "--help"],
  ["dist/oci.js", "--help"],
  ["test/v2/guest/run-tests.ts", "test/cgroup/paths.test.ts"],
  ["test/mounts/as-user.ts"],
];

/** Whom tests become: each looks into a directory with its own number (`VERSION-PROCESSOR-UID`). */
const USERS = [1000, 54_321, 54_322, 54_323];

const OWN = `-${process.getuid?.() ?? 0}`;

/** Fills the cache; what is in it already costs nothing. */
export function fillCompileCache(): void {
  const checkout = checkoutDirectory();
  const env = { ...process.env, NODE_COMPILE_CACHE: join(checkout, COMPILE_CACHE), NODE_COMPILE_CACHE_PORTABLE: "1" };
  // How it ends is of no interest: some want an input that they do not get.
  for (const args of LOADING) spawnSync(process.execPath, args, { cwd: checkout, env, stdio: "ignore" });
}

/** @returns links that show the cache of this process's user to the users of tests, by their paths below the checkout */
export function cacheLinks(): { readonly path: string; readonly target: string }[] {
  const own = readdirSync(join(checkoutDirectory(), COMPILE_CACHE)).filter((name) => name.endsWith(OWN));
  return own.flatMap((target) =>
    USERS.map((uid) => ({ path: `${COMPILE_CACHE}/${target.slice(0, -OWN.length)}-${uid}`, target })),
  );
}
