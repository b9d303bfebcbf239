/** `ringside inspect`: all that is known of containers, as JSON. docker-inspect(1). */
import type { Command } from "commander";
import { postMortem } from "../container/post-mortem/facts.ts";
import { findContainer } from "../container/state.ts";

/** Adds `ringside inspect` to the program. */
export function registerInspect(program: Command): void {
  program
    .command("inspect")
    .description("print all that is known of containers, as JSON (schema ringside.inspect/1)")
    .argument("<container...>", "names, ids or beginnings of ids")
    .action((names: readonly string[]) => {
      const containers = names.map((name) => {
        const container = findContainer(name);
        return { ...container, postMortem: postMortem(container) };
      });
      process.stdout.write(`${JSON.stringify({ schema: "ringside.inspect/1", containers }, null, 2)}\n`);
    });
}
