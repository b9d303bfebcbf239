/** A post-mortem as it is printed: a sentence for each cause, and what to do; and what is said of a start. */
import type { Finding } from "../container/post-mortem/finding.ts";

/** Prints what was found about an end. */
export function sayFindings(findings: readonly Finding[], write: (text: string) => void): void {
  for (const { sentence, fix } of findings) {
    write(`ringside: ${sentence}\n${fix === undefined ? "" : `  fix: ${fix}\n`}`);
  }
}

/** Prints what was asked for and is not had. */
export function sayWarnings(warnings: readonly string[], write: (text: string) => void): void {
  for (const warning of warnings) write(`ringside: note: ${warning}\n`);
}
