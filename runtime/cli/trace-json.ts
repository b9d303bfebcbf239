/**
 * A trace as one JSON document, schema ringside.trace/1, written as it happens with one call a line: a reader of lines
 * and a reader of documents both get along.
 */
import { release } from "node:os";
import type { CallRecord } from "../trace/records.ts";
import { signalName } from "../trace/words.ts";
import type { TraceFormat } from "./trace-sink.ts";

/** Whole numbers as numbers, as far as JSON's readers agree on them; beyond that as hexadecimal text. */
function number(value: bigint): number | string {
  const plain = Number(value);
  return Number.isSafeInteger(plain) ? plain : `0x${BigInt.asUintN(64, value).toString(16)}`;
}

export interface JsonTarget {
  readonly kind: "image" | "container";
  readonly name: string;
  readonly command: readonly string[];
}

function callJson(
  record: CallRecord,
  zeroNs: number,
  words: { name: string; args: readonly string[]; result: string },
) {
  const { thread, process, number: callNumber, args, enterNs, exitNs, hasReturned, isError, returnValue } = record;
  return {
    pid: thread,
    process,
    name: words.name,
    number: Number(callNumber),
    args: words.args,
    values: args.map((value) => `0x${value.toString(16)}`),
    result: words.result,
    returnValue: hasReturned && !isError ? number(returnValue) : hasReturned ? -1 : null,
    errno: hasReturned && isError ? Number(-returnValue) : null,
    enterNs: enterNs - zeroNs,
    exitNs: exitNs - zeroNs,
  };
}

/** @param startedAt ISO 8601 */
export function jsonFormat(target: JsonTarget, follow: boolean, startedAt: string): TraceFormat {
  let zeroNs: number | undefined;
  let isFirst = true;
  const events: unknown[] = [];
  return {
    begin() {
      const head = { schema: "ringside.trace/1", target, follow, startedAt };
      return `${JSON.stringify(head).slice(0, -1)},"calls":[`;
    },
    call(record, words) {
      zeroNs ??= record.enterNs;
      const separator = isFirst ? "\n" : ",\n";
      isFirst = false;
      const { name, args, result, error } = words;
      return `${separator}${JSON.stringify({ ...callJson(record, zeroNs, { name, args, result }), error: error ?? null })}`;
    },
    event(record) {
      zeroNs ??= record.atNs;
      const { kind, thread: pid, process, atNs } = record;
      const at = { kind, pid, process, atNs: atNs - zeroNs };
      if (record.kind === "exit") {
        const signal = record.waitStatus & 0x7f;
        const how = signal === 0 ? { exitCode: (record.waitStatus >> 8) & 0xff } : { signal: signalName(signal) };
        events.push({ ...at, ...how });
      } else if (record.kind === "signal") {
        const from = record.sender > 0 ? { sender: record.sender } : {};
        events.push({ ...at, signal: signalName(record.signal), ...from });
      } else if (record.kind === "spawn") events.push({ ...at, child: record.child });
      else if (record.kind === "exec") events.push({ ...at, former: record.former });
      else events.push({ ...at, signal: signalName(record.signal) });
      return "";
    },
    end({ calls, lost, summary, cost, overheadNs, elapsedNs }) {
      const tail = {
        events,
        callCount: calls,
        lost,
        elapsedNs,
        summary,
        cost: { overheadNs: Math.round(overheadNs), ...cost },
        provenance: {
          kind: "measured",
          detail: `ptrace(2), Linux ${release()}; times contain the tracer's stops, see cost`,
          n: 1,
          date: startedAt,
        },
      };
      return `\n],${JSON.stringify(tail).slice(1)}\n`;
    },
  };
}
