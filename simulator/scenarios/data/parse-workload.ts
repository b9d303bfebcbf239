/** Parses a workload from outside: a list of operations, as simulator/workload/workload.ts has them. */
import { SERVICES } from "../../workload/services.ts";
import { type Operation, PRIVILEGED_INSTRUCTIONS, REGIONS, type Workload } from "../../workload/workload.ts";
import { ScenarioError } from "../knob.ts";
import { type Fields, fieldsOf, listOf, oneOf, optional, refuse, textOf, wholeOf } from "./fields.ts";

type Kind = Operation["kind"];

interface KindRow {
  readonly fields: readonly string[];
  /** How one looks, for whoever got it wrong. */
  readonly example: string;
  readonly parse: (fields: Fields, at: string) => Operation;
}

/** Beyond this many a page would stand still for seconds, and no picture shows them. */
const MOST_OPERATIONS = 20_000;
const DEEPEST_SPAWN = 8;
const ACCESSES = ["read", "write"] as const;
const ERROR_NAME = /^E[A-Z0-9]+$/;

const KINDS: Readonly<Record<Kind, KindRow>> = {
  compute: {
    fields: ["instructions"],
    example: '{ kind: "compute", instructions: 1000 }',
    parse: ({ instructions }, at) => ({
      kind: "compute",
      instructions: wholeOf(instructions, `${at}.instructions`, 1),
    }),
  },
  systemCall: {
    fields: ["service", "path", "bytes", "descriptor", "access", "error"],
    example: '{ kind: "systemCall", service: "read", bytes: 4096 }',
    parse: (fields, at) => ({
      kind: "systemCall",
      service: oneOf(fields.service, `${at}.service`, SERVICES),
      ...optional(fields, "path", (value) => textOf(value, `${at}.path`)),
      ...optional(fields, "bytes", (value) => wholeOf(value, `${at}.bytes`, 0)),
      ...optional(fields, "descriptor", (value) => wholeOf(value, `${at}.descriptor`, 0)),
      ...optional(fields, "access", (value) => oneOf(value, `${at}.access`, ["read", "write", "create"] as const)),
      ...optional(fields, "error", (value) => errorOf(value, `${at}.error`)),
    }),
  },
  pageTouch: {
    fields: ["pages", "access", "region", "firstPage"],
    example: '{ kind: "pageTouch", pages: 10, access: "write" }',
    parse: (fields, at) => ({
      kind: "pageTouch",
      pages: wholeOf(fields.pages, `${at}.pages`, 0, MOST_OPERATIONS),
      access: oneOf(fields.access, `${at}.access`, ACCESSES),
      ...optional(fields, "region", (value) => oneOf(value, `${at}.region`, REGIONS)),
      ...optional(fields, "firstPage", (value) => wholeOf(value, `${at}.firstPage`, 0)),
    }),
  },
  disk: {
    fields: ["access", "bytes"],
    example: '{ kind: "disk", access: "read", bytes: 4096 }',
    parse: ({ access, bytes }, at) => ({
      kind: "disk",
      access: oneOf(access, `${at}.access`, ACCESSES),
      bytes: wholeOf(bytes, `${at}.bytes`, 1),
    }),
  },
  network: {
    fields: ["action", "bytes"],
    example: '{ kind: "network", action: "roundTrip", bytes: 100 }',
    parse: ({ action, bytes }, at) => ({
      kind: "network",
      action: oneOf(action, `${at}.action`, ["send", "receive", "roundTrip"] as const),
      bytes: wholeOf(bytes, `${at}.bytes`, 1),
    }),
  },
  spawn: {
    fields: ["program", "as", "wait"],
    example: '{ kind: "spawn", program: { name: "child", operations: [ … ] } }',
    parse: (fields, at) => ({
      kind: "spawn",
      program: programOf(fields.program, `${at}.program`),
      ...optional(fields, "as", (value) => oneOf(value, `${at}.as`, ["process", "thread"] as const)),
      ...optional(fields, "wait", (value) =>
        typeof value === "boolean" ? value : refuse(value, `${at}.wait`, "true or false"),
      ),
    }),
  },
  sleep: {
    fields: ["durationNs"],
    example: '{ kind: "sleep", durationNs: … }',
    parse: ({ durationNs }, at) => ({ kind: "sleep", durationNs: wholeOf(durationNs, `${at}.durationNs`, 1) }),
  },
  privileged: {
    fields: ["instruction"],
    example: '{ kind: "privileged", instruction: "halt" }',
    parse: ({ instruction }, at) => ({
      kind: "privileged",
      instruction: oneOf(instruction, `${at}.instruction`, PRIVILEGED_INSTRUCTIONS),
    }),
  },
  mark: {
    fields: ["mark"],
    example: '{ kind: "mark", mark: "firstInstruction" }',
    parse: ({ mark }, at) => {
      if (mark === "gone") refuse(mark, `${at}.mark`, "firstInstruction or firstByte; the world itself marks the end");
      return { kind: "mark", mark: oneOf(mark, `${at}.mark`, ["firstInstruction", "firstByte"] as const) };
    },
  },
};
const KIND_NAMES: readonly Kind[] = [
  "compute",
  "systemCall",
  "pageTouch",
  "disk",
  "network",
  "spawn",
  "sleep",
  "privileged",
  "mark",
];

/**
 * @param at where the list stands, for errors
 * @throws ScenarioError with the operation's place in the list
 */
export function parseOperations(value: unknown, at: string): Operation[] {
  const operations = listOf(
    value,
    at,
    'a list of operations: [{ kind: "compute", instructions: 1000 }, …]',
    operationOf,
  );
  if (operations.length === 0) throw new ScenarioError(`${at} is empty`, "give at least one operation");
  if (operations.length <= MOST_OPERATIONS) return operations;
  throw new ScenarioError(
    `${at} has ${operations.length} operations`,
    `give at most ${MOST_OPERATIONS}; one operation may stand for more work (bytes, pages, instructions)`,
  );
}

function operationOf(value: unknown, at: string): Operation {
  const anything = `an operation, such as ${KINDS.systemCall.example}`;
  if (typeof value !== "object" || value === null || Array.isArray(value) || !("kind" in value)) {
    return refuse(value, at, anything);
  }
  const row = KINDS[oneOf(value.kind, `${at}.kind`, KIND_NAMES)];
  return row.parse(fieldsOf(value, at, ["kind", ...row.fields], row.example), at);
}

function programOf(value: unknown, at: string): Workload {
  if (at.split(".program").length > DEEPEST_SPAWN) {
    throw new ScenarioError(`${at} spawns too deep`, `let at most ${DEEPEST_SPAWN} programs spawn one another`);
  }
  const fields = fieldsOf(value, at, ["name", "operations"], '{ name: "child", operations: [ … ] }');
  return {
    name: textOf(fields.name, `${at}.name`),
    operations: parseOperations(fields.operations, `${at}.operations`),
  };
}

function errorOf(value: unknown, at: string): string {
  return typeof value === "string" && ERROR_NAME.test(value)
    ? value
    : refuse(value, at, 'an errno by its name: "ENOENT"');
}
