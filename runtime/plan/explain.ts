/** A plan in words: what is done, why, with which system calls, and where to read about it. */
import { OPERATIONS } from "../../native/plan/operations.ts";
import type { Plan, PlanStep } from "../../native/plan/plan.ts";

/** One step as `explain --json` gives it: no arguments that differ from run to run. */
export interface ExplainedStep {
  readonly phase: PlanStep["phase"];
  readonly stage: string;
  readonly op: string;
  readonly calls: string;
  readonly manual: string;
  readonly why: string;
  /** The arguments in short. */
  readonly detail: string;
}

const PHASE_TITLES: Readonly<Record<PlanStep["phase"], string>> = {
  host: "On the host, by the launcher",
  child: "In the new process, until it becomes the program",
  cleanup: "When it has ended, by the launcher",
  abandon: "If Ringside itself is gone by then, by the launcher",
};

const OCTAL = 8;
const HEXADECIMAL = 16;
const WORDS = new Set([
  "op",
  "phase",
  "stage",
  "why",
  "slot",
  "root",
  "devices",
  "nullDevice",
  "emptyDirectory",
  "userNamespace",
  "console",
  "proc",
  "isFile",
  "noSymlinks",
  "mayExist",
]);

/** Arguments whose base tells more than decimal digits. */
const IN_BASE: Readonly<Record<string, (value: number | bigint) => string>> = {
  mode: (value) => `0${value.toString(OCTAL)}`,
  mask: (value) => `0${value.toString(OCTAL)}`,
  flags: (value) => `0x${value.toString(HEXADECIMAL)}`,
  attributes: (value) => `0x${value.toString(HEXADECIMAL)}`,
  set: (value) => `0x${value.toString(HEXADECIMAL)}`,
  clear: (value) => `0x${value.toString(HEXADECIMAL)}`,
  propagation: (value) => `0x${value.toString(HEXADECIMAL)}`,
  keep: (value) => `0x${value.toString(HEXADECIMAL)}`,
  permitted: (value) => `0x${value.toString(HEXADECIMAL)}`,
  effective: (value) => `0x${value.toString(HEXADECIMAL)}`,
};

function inShort(name: string, value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length / 8} BPF instructions`;
  if (Array.isArray(value)) return `[${value.map(String).join(", ")}]`;
  if (typeof value === "number" || typeof value === "bigint") return IN_BASE[name]?.(value) ?? value.toString();
  return JSON.stringify(value);
}

function detailOf(step: PlanStep): string {
  return Object.entries(step)
    .filter(([name]) => !WORDS.has(name))
    .map(([name, value]) => `${name}=${inShort(name, value)}`)
    .join(" ");
}

/** @returns every step of `plan`, in order */
export function explainSteps(plan: Plan): ExplainedStep[] {
  return plan.map((step) => {
    const { calls, manual } = OPERATIONS[step.op];
    return { phase: step.phase, stage: step.stage, op: step.op, calls, manual, why: step.why, detail: detailOf(step) };
  });
}

/** `ringside.explain/1`. */
export function explainJson(plan: Plan): {
  readonly schema: "ringside.explain/1";
  readonly steps: readonly ExplainedStep[];
} {
  return { schema: "ringside.explain/1", steps: explainSteps(plan) };
}

/**
 * @param args the program and its arguments
 * @param notes what the plan could not have, in words
 */
export function explainText(plan: Plan, args: readonly string[], notes: readonly string[]): string {
  const lines = [
    `A container that runs: ${args.join(" ")}`,
    `${plan.length} steps, each with the manual page that says more.`,
  ];
  let phase: PlanStep["phase"] | undefined;
  let stage = "";
  explainSteps(plan).forEach((step, index) => {
    if (step.phase !== phase) lines.push("", PHASE_TITLES[step.phase]);
    if (step.phase !== phase || step.stage !== stage) lines.push(`  ${step.stage}`);
    phase = step.phase;
    stage = step.stage;
    lines.push(`    ${String(index + 1).padStart(3)}  ${step.why}`);
    lines.push(`         ${step.calls}   ${step.manual}`);
    if (step.detail !== "")
      lines.push(`         ${step.detail.length > 160 ? `${step.detail.slice(0, 159)}…` : step.detail}`);
  });
  if (notes.length > 0) lines.push("", "Notes", ...notes.map((note) => `  ${note}`));
  return `${lines.join("\n")}\n`;
}
