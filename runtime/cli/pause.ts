/** `ringside pause` and `ringside unpause`. docker-pause(1), docker-unpause(1). */
import type { Command } from "commander";
import { pauseContainer, unpauseContainer } from "../container/pause.ts";
import { requireKernel } from "./launcher.ts";
import { forEachContainer } from "./several.ts";

/** Adds `ringside pause` to the program. */
export function registerPause(program: Command): void {
  program
    .command("pause")
    .description("stop all processes of containers where they are; they do not notice")
    .argument("<container...>", "names, ids or beginnings of ids")
    .action(async (containers: readonly string[]) => {
      requireKernel();
      await forEachContainer(containers, async (container) => (await pauseContainer(container)).name);
    });
}

/** Adds `ringside unpause` to the program. */
export function registerUnpause(program: Command): void {
  program
    .command("unpause")
    .description("let all processes of paused containers go on")
    .argument("<container...>", "names, ids or beginnings of ids")
    .action(async (containers: readonly string[]) => {
      requireKernel();
      await forEachContainer(containers, async (container) => (await unpauseContainer(container)).name);
    });
}
