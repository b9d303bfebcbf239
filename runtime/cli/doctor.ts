/**
 * `ringside doctor`: what this machine can do. A skin over runtime/doctor.
 *
 * The exit code is 0 whenever the report could be made, gaps or not: a gap is an answer, and which gaps matter depends
 * on what one wants to do.
 */
import type { Command } from "commander";
import { runDoctor } from "../doctor/doctor.ts";
import { formatReport } from "../doctor/format.ts";

/** Adds `ringside doctor [--json]` to the program. */
export function registerDoctor(program: Command): void {
  program
    .command("doctor")
    .description("what this machine can do, part by part, and how to close each gap")
    .option("--json", "print ringside.doctor/1 instead of a table")
    .action(async (options: { json?: boolean }) => {
      const report = await runDoctor();
      process.stdout.write(options.json === true ? `${JSON.stringify(report, null, 2)}\n` : formatReport(report));
    });
}
