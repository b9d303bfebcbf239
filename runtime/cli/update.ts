/** `ringside update`: other limits for running containers. docker-update(1). */
import type { Command } from "commander";
import { updateContainer } from "../container/update.ts";
import { RingsideError } from "../error.ts";
import { requireKernel } from "./launcher.ts";
import { addResourceOptions, type ResourceFlags, resourcesOf } from "./resource-options.ts";
import { forEachContainer } from "./several.ts";

/** Adds `ringside update` to the program. */
export function registerUpdate(program: Command): void {
  addResourceOptions(program.command("update"))
    .description("change the limits of running containers; what is not named stays as it is")
    .argument("<container...>", "names, ids or beginnings of ids")
    .action(async (containers: readonly string[], flags: ResourceFlags) => {
      requireKernel();
      const resources = resourcesOf(flags);
      if (Object.keys(resources).length === 0) {
        throw new RingsideError("nothing to change: no limit is given", { fix: "give one, such as --memory 64m" });
      }
      await forEachContainer(containers, async (container) => (await updateContainer(container, resources)).name);
    });
}
