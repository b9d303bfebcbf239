/** hyperfine(1), the benchmark of commands that people know: asked for its raw times of one command, without a shell around it. */

import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { startProcess } from "../../process/start.ts";
import { environment } from "../command.ts";
import { captureOutput } from "../measure.ts";
import type { Workbench } from "../system.ts";

export interface HyperfineOptions {
  readonly program: string;
  readonly argv: readonly string[];
  readonly runs: number;
  /** Not counted, before them. */
  readonly warmup: number;
  /** A command before every run. */
  readonly prepare: readonly string[];
}

const SECOND_MS = 1000;
const exportSchema = z.object({ results: z.tuple([z.object({ times: z.array(z.number()) })]) });

/**
 * The times of every run, in milliseconds: from its spawn to its end.
 * @throws Error with what it says where it fails, or a run does
 */
export async function hyperfineTimes(bench: Workbench, options: HyperfineOptions): Promise<number[]> {
  const { program, argv, runs, warmup, prepare } = options;
  const file = join(bench.directory, "hyperfine.json");
  const asked = [
    ...[program, "--shell=none", "--style=none", "--warmup", String(warmup), "--runs", String(runs)],
    // The program's byte goes into a pipe that somebody reads, as with us.
    ...["--output=pipe", "--prepare", words(prepare), "--export-json", file],
    words(argv),
  ];
  const { succeeded, output } = await captureOutput(
    (stdio) => startProcess(bench.launcher, { argv: asked, env: environment(), ...stdio }),
    join(bench.directory, "hyperfine-output"),
  );
  if (!succeeded) throw new Error(`hyperfine: ${output.trim().split("\n").at(-1) ?? "failed"}`);
  const { results } = exportSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  rmSync(file);
  return results[0].times.map((seconds) => seconds * SECOND_MS);
}

/** A command as one string, which hyperfine takes apart again as a shell would. */
export function words(argv: readonly string[]): string {
  return argv.map((argument) => `'${argument.replaceAll("'", String.raw`'\''`)}'`).join(" ");
}
