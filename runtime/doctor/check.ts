/**
 * What the doctor's findings look like, and what each of its questions is given. One file asks about one thing.
 */
import type { ProbeLab } from "./probe-lab.ts";

/** `limited`: it works, but not in every way that Ringside can use. */
export type CheckState = "ok" | "limited" | "missing";

export interface Check {
  readonly name: string;
  readonly state: CheckState;
  readonly detail: string;
  /** One line to type, or one thing to change; null where there is no gap, or nothing that anybody could do about it. */
  readonly fix: string | null;
}

/** A question to the machine. It answers with a finding whatever happens; it does not throw for what is missing. */
export type Question = (lab: ProbeLab) => Promise<readonly Check[]>;

/** @returns a finding without a gap */
export function ok(name: string, detail: string): Check {
  return { name, state: "ok", detail, fix: null };
}

/** @returns a finding with a gap */
export function gap(name: string, state: "limited" | "missing", detail: string, fix: string | null): Check {
  return { name, state, detail, fix };
}
