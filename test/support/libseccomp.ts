/**
 * libseccomp as an oracle: the program beside this file (libseccomp.c) is compiled, given profiles, and answers with the
 * filters that the library makes of them. What runc does before it calls the library is done here.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { SeccompOperator, SeccompProfile, SeccompRule } from "../../runtime/oci/seccomp.ts";
import { verdictOf } from "../../runtime/plan/seccomp/actions.ts";
import { type Architecture, type MachineArchitecture, SERVED } from "../../runtime/plan/seccomp/architectures.ts";
import { findProgram, type Need } from "./needs.ts";
import { temporaryDirectory } from "./temporary.ts";

export const needsLibseccomp: Need = () => {
  if (findProgram("cc") === undefined) return "not installed: a C compiler";
  return existsSync("/usr/include/seccomp.h") ? undefined : "not installed: libseccomp-dev";
};

/** What the library made of a profile. */
export type Answer =
  | { readonly kind: "filter"; readonly bytes: Uint8Array }
  /** It takes no rule that contradicts an earlier one. */
  | { readonly kind: "refused"; readonly rule: number; readonly errno: number };

/** enum scmp_compare. */
const OPERATORS: Readonly<Record<SeccompOperator, number>> = {
  SCMP_CMP_NE: 1,
  SCMP_CMP_LT: 2,
  SCMP_CMP_LE: 3,
  SCMP_CMP_EQ: 4,
  SCMP_CMP_GE: 5,
  SCMP_CMP_GT: 6,
  SCMP_CMP_MASKED_EQ: 7,
};

/** SCMP_ARCH_X32 is libseccomp's own: x86-64's machine number without the bit for 64 bits. */
const X32_TOKEN = 0x4000_003e;

/** runc turns the binary tree on from here on. */
const MANY_RULES = 32;

export interface Oracle {
  /** The answers to profiles, in their order. */
  readonly ask: (profiles: readonly SeccompProfile[], machine: MachineArchitecture) => Answer[];
  /** All calls of an architecture that the library knows, with their numbers. */
  readonly calls: (architecture: Architecture) => ReadonlyMap<string, number>;
}

const HIGHEST_CALL = 1024;
/** The library does not come to an end with some rules that overlap. */
const LONGEST_ANSWER_MS = 60_000;

/** Compiles the program; it is gone with the test. */
export function libseccomp(): Oracle {
  const program = join(temporaryDirectory(), "libseccomp");
  const source = join(import.meta.dirname, "libseccomp.c");
  execFileSync("cc", ["-O1", "-Wall", "-Wextra", "-Werror", "-o", program, source, "-lseccomp"], { stdio: "inherit" });
  const run = (lines: readonly string[]) => {
    const options = {
      input: lines.join("\n"),
      encoding: "utf8",
      maxBuffer: 1 << 30,
      timeout: LONGEST_ANSWER_MS,
    } as const;
    return execFileSync(program, options).trim().split("\n");
  };
  return {
    ask: (profiles, machine) => run(profiles.flatMap((profile) => linesOf(profile, machine))).map(answerOf),
    calls: (architecture) => {
      const { base, privateFrom } = architecture;
      const ranges = [
        `${base} ${base + HIGHEST_CALL}`,
        ...(privateFrom < ALL ? [`${privateFrom} ${privateFrom + 16}`] : []),
      ];
      const found = run(ranges.map((range) => `names ${tokenOf(architecture)} ${range}`));
      return new Map(
        found
          .flatMap((line) => line.split(" ").slice(1))
          .map((entry): [string, number] => {
            const [number, name = ""] = entry.split(":");
            return [name, Number(number)];
          }),
      );
    },
  };
}

const ALL = 0xffff_ffff;

function tokenOf({ name, audit }: Architecture): number {
  return name === "SCMP_ARCH_X32" ? X32_TOKEN : audit;
}

function answerOf(line: string): Answer {
  const [kind, first = "", second = ""] = line.split(" ");
  return kind === "filter"
    ? { kind, bytes: Buffer.from(first, "hex") }
    : { kind: "refused", rule: Number(first), errno: Number(second) };
}

function linesOf(profile: SeccompProfile, machine: MachineArchitecture): string[] {
  const { defaultAction, defaultErrnoRet, architectures = [], syscalls = [] } = profile;
  const fallback = verdictOf(defaultAction, defaultErrnoRet);
  const included = SERVED[machine].filter(({ name }, index) => index === 0 || architectures.includes(name));
  const rules = syscalls.filter((rule) => verdictOf(rule.action, rule.errnoRet) !== fallback).flatMap(ruleLines);
  const optimization = rules.length > MANY_RULES ? 2 : 1;
  return [
    `begin ${fallback} ${optimization}`,
    ...included.map((architecture) => `architecture ${tokenOf(architecture)}`),
    ...rules,
    "end",
  ];
}

/** As runc's matchCall: conditions on one argument become rules of their own. */
function ruleLines({ names, action, errnoRet, args = [] }: SeccompRule): string[] {
  const verdict = verdictOf(action, errnoRet);
  const texts = args.map(({ index, op, value, valueTwo = 0 }) => `${index} ${OPERATORS[op]} ${value} ${valueTwo}`);
  const repeats = new Set(args.map(({ index }) => index)).size < args.length;
  const alternatives = repeats ? texts.map((text) => [text]) : [texts];
  return names.flatMap((name) =>
    alternatives.map((conditions) => ["rule", verdict, name, conditions.length, ...conditions].join(" ")),
  );
}
