/** What the tiny guest did, for people and as `ringside.tiny/1`. */
import { hostname, release } from "node:os";
import type { Provenance } from "../../simulator/trace/timeline.ts";
import type { TinyRun } from "../vm/tiny.ts";
import type { ExitSummary } from "../vm/tiny-exits.ts";
import { hex, type Placed } from "../vm/tiny-program.ts";
import { CALLS } from "../vm/tiny-timeline.ts";
import { tableText } from "./table.ts";

const NS_PER_US = 1000;

export interface TinyJson {
  readonly schema: "ringside.tiny/1";
  readonly provenance: Provenance;
  readonly executor: TinyRun["executor"];
  readonly ending: TinyRun["ending"];
  /** Nanoseconds since the request. */
  readonly marks: { readonly firstInstructionNs: number; readonly firstByteNs: number; readonly goneNs: number };
  readonly steps: readonly { readonly name: string; readonly startNs: number; readonly ns: number }[];
  readonly exits: readonly ExitSummary[];
  readonly cpuid: TinyRun["cpuid"];
  /** What the kernel counted of the vCPU until its end; empty where it does not count. */
  readonly kernelCounters: Readonly<Record<string, number>>;
  readonly program: readonly { readonly address: number; readonly bytes: string; readonly mnemonic: string }[];
}

/** @returns the run as JSON has it */
export function tinyJson(run: TinyRun): TinyJson {
  const { requestedNs, executor } = run;
  return {
    schema: "ringside.tiny/1",
    provenance: {
      kind: "measured",
      detail: `${hostname()}, Linux ${release()}; ${executor.label}; ${executor.reason}`,
      n: 1,
      date: run.date,
      accelerator: executor.label,
    },
    executor,
    ending: run.ending,
    marks: {
      firstInstructionNs: run.firstInstructionNs - requestedNs,
      firstByteNs: run.firstByteNs - requestedNs,
      goneNs: run.goneNs - requestedNs,
    },
    steps: run.steps.map(({ name, startNs, endNs }) => ({ name, startNs: startNs - requestedNs, ns: endNs - startNs })),
    exits: run.byReason,
    cpuid: run.cpuid,
    kernelCounters: run.marks.at(-1)?.counters ?? {},
    program: run.program.map(({ address, bytes, mnemonic }) => ({ address, bytes: hexBytes(bytes), mnemonic })),
  };
}

/** @returns the run in words: the program, the steps, the exits, where the figures come from */
export function tinyText(run: TinyRun): string {
  const { executor, cpuid, marks, exits, program } = run;
  const bytes = program.reduce((sum, instruction) => sum + instruction.bytes.length, 0);
  const counted = marks.at(-1)?.counters ?? {};
  const known = Object.keys(counted).length > 0;
  return [
    `The program: ${program.length} instructions, ${bytes} bytes, 16-bit real mode\n\n`,
    `${tableText([["FOR", "ADDRESS", "BYTES", "INSTRUCTION"], ...programRows(program)])}\n`,
    "Its life\n\n",
    `${tableText([["STEP", "AT", "TAKES"], ...lifeRows(run)])}\n`,
    `Its exits to the monitor: ${exits.length} in all; the loops' by reason, from KVM_RUN to its return\n\n`,
    `${tableText([["REASON", "COUNT", "MEDIAN", "P99", "ALL"], ...run.byReason.map(exitRow)])}\n`,
    `CPUID, ${cpuid.turns} times: no exit to the monitor, the host's kernel answers; ${time(cpuid.nsEach)} each with the loop around it\n`,
    ...(known
      ? [
          `The kernel's own counters: ${counted.exits ?? 0} exits, ${counted.insn_emulation ?? 0} instructions emulated\n`,
        ]
      : []),
    `\nexecuted by  ${executor.label}\n`,
    `known by     ${executor.reason}\n`,
    `measured     once, ${run.date}, ${hostname()}, Linux ${release()}\n`,
  ].join("");
}

function programRows(program: readonly Placed[]): string[][] {
  return program.map(({ part, address, bytes, mnemonic }, index) => [
    program[index - 1]?.part === part ? "" : part,
    hex(address),
    hexBytes(bytes),
    mnemonic,
  ]);
}

function lifeRows({ steps, exits, requestedNs, firstInstructionNs, firstByteNs, goneNs }: TinyRun): string[][] {
  const [first] = exits;
  const last = exits.at(-1);
  const row = (name: string, startNs: number, endNs: number) => ({ name, startNs, endNs });
  const guest =
    first === undefined || last === undefined
      ? []
      : [
          row("KVM_RUN until the first exit: the first instruction", first.enteredNs, firstInstructionNs),
          row("until the byte is out", firstInstructionNs, firstByteNs),
          row(`the other ${exits.length - 2} exits, and what lies between`, firstByteNs, last.leftNs),
        ];
  const calls = steps.map(({ name, startNs, endNs }) => row(CALLS[name] ?? name, startNs, endNs));
  return [
    ...[...calls, ...guest]
      .sort((a, b) => a.startNs - b.startNs)
      .map(({ name, startNs, endNs }) => [name, time(startNs - requestedNs), time(endNs - startNs)]),
    ["gone", time(goneNs - requestedNs), ""],
  ];
}

function exitRow({ reason, count, p50Ns, p99Ns, totalNs }: ExitSummary): string[] {
  return [reason, String(count), time(p50Ns), time(p99Ns), time(totalNs)];
}

function time(ns: number): string {
  return `${(ns / NS_PER_US).toFixed(1)} µs`;
}

function hexBytes(bytes: readonly number[]): string {
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
