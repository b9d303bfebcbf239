/**
 * Makes of a workload that somebody has written down a program that can be carried out and looked at: between two requests
 * it runs at least the instruction that makes the next one, so that each dips below the line by itself; it marks its first
 * instruction and its first byte; it ends.
 */
import type { Operation, Workload } from "../../workload/workload.ts";

const ONE_INSTRUCTION: Operation = { kind: "compute", instructions: 1 };

/** @returns the operations of the whole program, marks included. */
export function completed(operations: readonly Operation[]): Operation[] {
  const marked = new Set(operations.flatMap((one) => (one.kind === "mark" ? [one.mark] : [])));
  const program: Operation[] = marked.has("firstInstruction") ? [] : [{ kind: "mark", mark: "firstInstruction" }];
  let wrote = marked.has("firstByte");
  for (const operation of ended(operations)) {
    program.push(operation);
    if (wrote || operation.kind !== "systemCall" || operation.service !== "write") continue;
    program.push({ kind: "mark", mark: "firstByte" });
    wrote = true;
  }
  return program;
}

/** The operations apart from each other, and the end, unless the program ends by itself. */
function ended(operations: readonly Operation[]): Operation[] {
  const apart: Operation[] = [];
  const add = (operation: Operation): void => {
    const before = apart.findLast(({ kind }) => kind !== "mark");
    if (isRequest(operation) && before !== undefined && isRequest(before)) apart.push(ONE_INSTRUCTION);
    apart.push(operation);
  };
  for (const operation of operations) for (const single of singled(operation)) add(single);
  if (!endsProgram(apart.findLast(({ kind }) => kind !== "mark"))) add({ kind: "systemCall", service: "exit" });
  return apart;
}

/** Each page is a fault of its own, and what is spawned is a program like any other. */
function* singled(operation: Operation): Generator<Operation> {
  if (operation.kind === "spawn") yield { ...operation, program: endedProgram(operation.program) };
  else if (operation.kind !== "pageTouch" || operation.pages < 2) yield operation;
  else {
    const { firstPage } = operation;
    for (let page = 0; page < operation.pages; page++) {
      yield { ...operation, pages: 1, ...(firstPage === undefined ? {} : { firstPage: firstPage + page }) };
    }
  }
}

function endedProgram({ name, operations }: Workload): Workload {
  // execve(2) has just returned to it: what it asks for first is a visit of its own.
  return { name, operations: [ONE_INSTRUCTION, ...ended(operations)] };
}

function isRequest({ kind }: Operation): boolean {
  return kind !== "compute" && kind !== "mark";
}

function endsProgram(last: Operation | undefined): boolean {
  return last?.kind === "privileged" || (last?.kind === "systemCall" && last.service === "exit");
}
