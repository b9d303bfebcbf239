/** `ringside kill`: a signal to the first process of containers. docker-kill(1), signal(7). */
import { constants } from "node:os";
import type { Command } from "commander";
import { killContainer } from "../container/stop.ts";
import { RingsideError } from "../error.ts";
import { requireKernel } from "./launcher.ts";

/** Adds `ringside kill` to the program. */
export function registerKill(program: Command): void {
  program
    .command("kill")
    .description("send a signal to the first process of a container")
    .argument("<container...>", "names, ids or beginnings of ids")
    .option("-s, --signal <signal>", "TERM, SIGTERM or 15", "KILL")
    .action((containers: readonly string[], flags: { readonly signal: string }) => {
      requireKernel();
      const signal = parseSignal(flags.signal);
      for (const container of containers) process.stdout.write(`${killContainer(container, signal).name}\n`);
    });
}

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
