/** `ringside rm`: removes containers that have ended. docker-rm(1). */
import type { Command } from "commander";
import { removeContainer } from "../container/stop.ts";
import { requireKernel } from "./launcher.ts";
import { forEachContainer } from "./several.ts";

/** Adds `ringside rm` to the program. */
export function registerRm(program: Command): void {
  program
    .command("rm")
    .description("remove containers with all that they wrote")
    .argument("<container...>", "names, ids or beginnings of ids")
    .option("-f, --force", "end them first if they run")
    .action(async (containers: readonly string[], flags: { readonly force?: boolean }) => {
      requireKernel();
      await forEachContainer(
        containers,
        async (container) => (await removeContainer(container, { force: flags.force === true })).name,
      );
    });
}
