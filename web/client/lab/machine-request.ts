/**
 * From the form to the request: what was left empty is left to the server's defaults.
 */

import type { CreateMachine, MachineKind } from "../../protocol/machine.ts";
import type { TerminalSize } from "../../protocol/terminal-size.ts";

export const BASE_IMAGE = "ringside/base";
const MIB = 1024 * 1024;

export interface MachineFields {
  readonly kind: MachineKind;
  readonly image: string;
  readonly command: string;
  readonly memoryMib: string;
  readonly cpus: string;
  readonly pids: string;
}

/**
 * The request that the fields ask for.
 */
export function machineRequest(fields: MachineFields, size: TerminalSize): CreateMachine {
  const command = splitCommand(fields.command);
  const memory = positive(fields.memoryMib);
  const cpus = positive(fields.cpus);
  const pids = positive(fields.pids);
  const isContainer = fields.kind === "container";
  return {
    kind: fields.kind,
    image: fields.image.trim() === "" ? BASE_IMAGE : fields.image.trim(),
    size,
    ...(command.length === 0 ? {} : { command }),
    ...(memory === undefined ? {} : { memoryBytes: Math.round(memory * MIB) }),
    // A virtual machine has no cgroup of its own here: its processors and processes are its kernel's.
    ...(cpus === undefined || !isContainer ? {} : { cpus }),
    ...(pids === undefined || !isContainer ? {} : { pidsLimit: Math.round(pids) }),
  };
}

function positive(text: string): number | undefined {
  const value = Number(text);
  return text.trim() !== "" && Number.isFinite(value) && value > 0 ? value : undefined;
}

/**
 * A command line as its words: blanks part them, single and double quotes keep them together. No variables, no globs:
 * the shell for those is inside the machine.
 */
export function splitCommand(line: string): string[] {
  const words = line.matchAll(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g);
  return Array.from(words, ([word]) =>
    word.replace(/"([^"]*)"|'([^']*)'/g, (_, double, single) => double ?? single ?? ""),
  );
}
