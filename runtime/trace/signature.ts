/**
 * The table of signatures as data: what each argument of a call is, and, made from that, which memory the tracer has to
 * read (native/addon/trace-memory.h).
 */
import { isMachineArchitecture, SERVED } from "../plan/seccomp/architectures.ts";
import { SIGNATURES } from "./tables/signatures.ts";

/** One word of a signature: its kind, and the table or the argument behind the colon. */
export interface ArgumentForm {
  readonly kind: string;
  readonly parameter: string;
}

export interface Signature {
  readonly arguments: readonly ArgumentForm[];
  readonly result: string;
}

function parseForm(word: string): ArgumentForm {
  const [kind = "", parameter = ""] = word.split(":");
  return { kind, parameter };
}

let signatures: ReadonlyMap<string, Signature> | undefined;

function parseSignatures(): ReadonlyMap<string, Signature> {
  return new Map(
    SIGNATURES.trim()
      .split("\n")
      .map((line): [string, Signature] => {
        const [call = "", result = "number"] = line.split(" = ");
        const [name = "", ...words] = call.split(" ");
        return [name, { arguments: words.map(parseForm), result }];
      }),
  );
}

/** @returns undefined for a call that is not in the table */
export function signatureOf(name: string): Signature | undefined {
  signatures ??= parseSignatures();
  return signatures.get(name);
}

const names = new Map<number, ReadonlyMap<number, string>>();

function namesOf(architecture: number): ReadonlyMap<number, string> {
  const known = names.get(architecture);
  if (known !== undefined) return known;
  const served = isMachineArchitecture(process.arch) ? SERVED[process.arch] : [];
  const fresh = new Map(
    served
      .filter(({ audit }) => audit === architecture)
      .flatMap(({ numbers }) => [...numbers()].map(([name, number]): [number, string] => [number, name])),
  );
  names.set(architecture, fresh);
  return fresh;
}

/**
 * @param architecture AUDIT_ARCH_*, as the kernel reports it with each call
 * @returns the call's name, or `syscall_0x…` as strace has it
 */
export function callName(architecture: number, number: bigint): string {
  return namesOf(architecture).get(Number(number)) ?? `syscall_0x${number.toString(16)}`;
}

/** CaptureKind of native/addon/trace-memory.h. */
const KIND = { text: 1, data: 2, texts: 3, count: 4, fixed: 5, vectors: 6 } as const;
const LENGTH_OF_RESULT = 0xff;
const ROW_BYTES = 6;

interface CaptureForm {
  readonly kind: keyof typeof KIND;
  readonly atExit: boolean;
  /** A number of bytes; unless given, the form's parameter: the argument with the length. */
  readonly length?: number;
}

/** The forms that point to something worth reading. */
const CAPTURED: Readonly<Record<string, CaptureForm>> = {
  path: { kind: "text", atExit: false, length: 0 },
  data: { kind: "data", atExit: false },
  out: { kind: "data", atExit: true, length: LENGTH_OF_RESULT },
  outtext: { kind: "text", atExit: true, length: 0 },
  texts: { kind: "texts", atExit: false, length: 0 },
  env: { kind: "count", atExit: false, length: 0 },
  vec: { kind: "vectors", atExit: false },
  outvec: { kind: "vectors", atExit: true },
  sockaddr: { kind: "data", atExit: false },
  pair: { kind: "fixed", atExit: true, length: 8 },
  status: { kind: "fixed", atExit: true, length: 4 },
  timespec: { kind: "fixed", atExit: false, length: 16 },
};

/** @returns what the tracer has to read of which call on this machine, as the bytes that it takes */
export function captureRows(): Uint8Array {
  const numbers = isMachineArchitecture(process.arch) ? SERVED[process.arch][0].numbers() : new Map<string, number>();
  const rows = [...numbers].flatMap(([name, number]) =>
    (signatureOf(name)?.arguments ?? []).flatMap(({ kind, parameter }, argument) => {
      const form = CAPTURED[kind];
      return form === undefined ? [] : [{ number, argument, form, length: form.length ?? Number(parameter) }];
    }),
  );
  const bytes = Buffer.alloc(rows.length * ROW_BYTES);
  rows.forEach(({ number, argument, form, length }, row) => {
    bytes.writeUInt16LE(number, row * ROW_BYTES);
    bytes.set([argument, KIND[form.kind], length, form.atExit ? 1 : 0], row * ROW_BYTES + 2);
  });
  return bytes;
}
