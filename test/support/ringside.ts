/**
 * The command line in a process of its own, as a shell would start it: from its sources, so that what is tested is what
 * is written, whether or not a bundle has been made. Only the emulated guest of test/v2 takes the bundle, as set-up has just
 * made it: there, to find some hundred modules takes longer than what they do.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";

export const ROOT = join(import.meta.dirname, "../..");
const isBundled = process.env.RINGSIDE_BUNDLED !== undefined;
export const COMMAND_LINE = join(ROOT, isBundled ? "dist/cli.js" : "runtime/cli/main.ts");
/** `ringside oci` alone. */
export const OCI_COMMAND_LINE = join(ROOT, isBundled ? "dist/oci.js" : "runtime/cli/oci/main.ts");

export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  /** null where a signal ended it. */
  readonly code: number | null;
}

/**
 * Runs `ringside ARGS…` to its end.
 *
 * @param options `env` is added to this process's own; `input` is its standard input, which is empty without it
 */
export async function ringside(
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly input?: string; readonly cwd?: string } = {},
): Promise<Outcome> {
  const { env = {}, input = "", cwd = process.cwd() } = options;
  // Behind "--" nothing is Node's: it would take an --env-file for its own wherever that stands.
  const child = spawn(process.execPath, ["--", COMMAND_LINE, ...args], { cwd, env: { ...process.env, ...env } });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code));
  });
  // A command that does not read its input may have ended before all of it is written.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { stdout, stderr, code };
}
