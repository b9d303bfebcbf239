/** `ringside stop`: asks containers to end, then insists. docker-stop(1). */
import type { Command } from "commander";
import { parseSeconds } from "../container/options.ts";
import { stopContainer } from "../container/stop.ts";
import { requireKernel } from "./launcher.ts";
import { forEachContainer } from "./several.ts";

const MS_PER_SECOND = 1000;

/** Adds `ringside stop` to the program. */
export function registerStop(program: Command): void {
  program
    .command("stop")
    .description("send SIGTERM, and SIGKILL to what has not ended in time")
    .argument("<container...>", "names, ids or beginnings of ids")
    .option("-t, --time <seconds>", "how long to wait before SIGKILL (default: its --stop-timeout, or 10)")
    .action(async (containers: readonly string[], flags: { readonly time?: string }) => {
      requireKernel();
      const timeoutMs = flags.time === undefined ? undefined : parseSeconds(flags.time) * MS_PER_SECOND;
      await forEachContainer(
        containers,
        async (container) => (await stopContainer(container, timeoutMs === undefined ? {} : { timeoutMs })).name,
      );
    });
}
