/** `ringside stop`: asks containers to end, then insists. docker-stop(1). */
import type { Command } from "commander";
import { parseCount } from "../container/options.ts";
import { stopContainer } from "../container/stop.ts";
import { requireKernel } from "./launcher.ts";

/** Adds `ringside stop` to the program. */
export function registerStop(program: Command): void {
  program
    .command("stop")
    .description("send SIGTERM, and SIGKILL to what has not ended in time")
    .argument("<container...>", "names, ids or beginnings of ids")
    .option("-t, --time <seconds>", "how long to wait before SIGKILL", "10")
    .action(async (containers: readonly string[], flags: { readonly time: string }) => {
      requireKernel();
      const timeoutMs = flags.time === "0" ? 0 : parseCount(flags.time, "a number of seconds") * 1000;
      for (const container of containers) {
        const { name } = await stopContainer(container, { timeoutMs });
        process.stdout.write(`${name}\n`);
      }
    });
}
