/**
 * The command line in a process of its own, as a shell would start it: from its sources, so that what is tested is what
 * is written, whether or not a bundle has been made.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";

export const ROOT = join(import.meta.dirname, "../..");
export const COMMAND_LINE = join(ROOT, "runtime/cli/main.ts");

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
  const child = spawn(process.execPath, [COMMAND_LINE, ...args], { cwd, env: { ...process.env, ...env } });
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
