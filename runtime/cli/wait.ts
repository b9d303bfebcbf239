/** `ringside wait`: until containers have ended. docker-wait(1). */
import type { Command } from "commander";
import { waitForContainer } from "../container/wait.ts";
import { forEachContainer } from "./several.ts";

/** Adds `ringside wait` to the program. */
export function registerWait(program: Command): void {
  program
    .command("wait")
    .description("wait until containers have ended, and print their exit codes")
    .argument("<container...>", "names, ids or beginnings of ids")
    .action(async (containers: readonly string[]) => {
      // All at once: one that goes with its end could not be found any more when its turn comes.
      const codes = new Map(containers.map((container) => [container, waitForContainer(container)]));
      for (const code of codes.values()) code.catch(() => undefined);
      await forEachContainer(containers, async (container) => String(await codes.get(container)));
    });
}
