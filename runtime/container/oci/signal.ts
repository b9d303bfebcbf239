/** Signals as engines name them: `9`, `KILL`, `SIGKILL`, `RTMIN+3`. signal(7). */
import { constants } from "node:os";
import { RingsideError } from "../../error.ts";

/** As the C library numbers them; the kernel's own first two are the library's. */
const SIGRTMIN = 34;
const SIGRTMAX = 64;

function realTime(name: string): number | undefined {
  const [, end, sign, offset = "0"] = /^RT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(name) ?? [];
  if (end === undefined) return undefined;
  const base = end === "MIN" ? SIGRTMIN : SIGRTMAX;
  return base + (sign === "-" ? -1 : 1) * Number(offset);
}

function named(name: string): number | undefined {
  return Object.entries(constants.signals).find(([signal]) => signal === `SIG${name}`)?.[1];
}

/**
 * @returns its number; 0 only asks whether the process is there
 * @throws RingsideError when there is no such signal
 */
export function parseSignal(text: string): number {
  const name = text.toUpperCase().replace(/^SIG/, "");
  const number = /^\d{1,2}$/.test(text) ? Number(text) : (named(name) ?? realTime(name));
  if (number !== undefined && number >= 0 && number <= SIGRTMAX) return number;
  throw new RingsideError(`unknown signal ${JSON.stringify(text)}`, { fix: "kill -l lists them" });
}
