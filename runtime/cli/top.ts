/** `ringside top`: the processes of a container, as the host sees them. docker-top(1). */
import type { Command } from "commander";
import { containerProcesses } from "../container/top.ts";
import { tableText } from "./table.ts";

/** Adds `ringside top` to the program. */
export function registerTop(program: Command): void {
  program
    .command("top")
    .description("list the processes of a container by their numbers on the host")
    .argument("<container>", "its name, its id or the beginning of its id")
    .argument("[options...]", "of ps(1) (default: -ef)")
    .allowUnknownOption()
    .passThroughOptions()
    .action((container: string, options: readonly string[]) => {
      const { titles, rows } = containerProcesses(container, options);
      process.stdout.write(tableText([titles, ...rows]));
    });
}
