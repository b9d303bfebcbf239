/**
 * What is known about a span beyond its name, in words: the reason first, the rest in the table's words.
 */

import type { Span } from "../../../simulator/trace/timeline.ts";

type Args = NonNullable<Span["args"]>;

/** Arguments that say it all by their value. */
const BARE: ReadonlySet<string> = new Set(["manual", "source", "why", "reason"]);

const WORDS: Readonly<Record<string, (value: string | number) => string>> = {
  count: (value) => (value === 1 ? "" : `× ${value}`),
  errno: (value) => (value === 0 ? "" : `errno ${value}`),
  evidence: (value) => (value === "verified" ? "" : `${value}, not verified`),
  operation: () => "",
};

/**
 * The arguments of a span as one line.
 */
export function argumentWords(args: Args | undefined): string {
  if (args === undefined) return "";
  const { why, ...others } = args;
  const rest = Object.entries(others).map(([name, value]) => oneArgument(name, value));
  return [String(why ?? ""), ...rest].filter((part) => part !== "").join("  ·  ");
}

function oneArgument(name: string, value: string | number): string {
  const words = WORDS[name];
  if (words !== undefined) return words(value);
  return BARE.has(name) ? String(value) : `${name} ${value}`;
}
