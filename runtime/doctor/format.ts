/**
 * The doctor's report for people: a mark and a word for the state, so that neither colour nor the mark alone carries it.
 */
import type { Check, CheckState } from "./check.ts";
import type { DoctorReport } from "./doctor.ts";

const MARKS: Readonly<Record<CheckState, string>> = { ok: "✓ ok     ", limited: "~ limited", missing: "✗ missing" };

/** @returns the report as aligned lines; a gap's fix stands below it */
export function formatReport(report: DoctorReport): string {
  const width = Math.max(...report.checks.map((check) => check.name.length));
  const lines = report.checks.flatMap((check) => formatCheck(check, width));
  return [...lines, "", summary(report.checks), ""].join("\n");
}

function formatCheck({ name, state, detail, fix }: Check, width: number): string[] {
  const line = `${MARKS[state]}  ${name.padEnd(width)}  ${detail}`;
  return fix === null ? [line] : [line, `${" ".repeat(9)}  ${" ".repeat(width)}  fix: ${fix}`];
}

function summary(checks: readonly Check[]): string {
  const count = (state: CheckState) => checks.filter((check) => check.state === state).length;
  return `${count("ok")} ok, ${count("limited")} limited, ${count("missing")} missing`;
}
