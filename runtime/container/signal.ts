/** Signals as people name them. signal(7). */
import { constants } from "node:os";
import { RingsideError } from "../error.ts";

/** Accepts `TERM`, `SIGTERM`, `term` and `15`. @throws RingsideError for anything else */
export function parseSignal(text: string): string {
  const wanted = text.toUpperCase();
  const found = Object.entries(constants.signals).find(
    ([name, number]) => name === wanted || name === `SIG${wanted}` || String(number) === wanted,
  );
  if (found !== undefined) return found[0];
  throw new RingsideError(`there is no signal ${JSON.stringify(text)}`, {
    fix: "use a name such as TERM or a number such as 15; kill -l lists them",
  });
}
