/** `ringside kill`: a signal to the first process of containers. docker-kill(1), signal(7). */
import type { Command } from "commander";
import { parseSignal } from "../container/signal.ts";
import { killContainer } from "../container/stop.ts";
import { requireKernel } from "./launcher.ts";
import { forEachContainer } from "./several.ts";

/** Adds `ringside kill` to the program. */
export function registerKill(program: Command): void {
  program
    .command("kill")
    .description("send a signal to the first process of a container")
    .argument("<container...>", "names, ids or beginnings of ids")
    .option("-s, --signal <signal>", "TERM, SIGTERM or 15", "KILL")
    .action(async (containers: readonly string[], flags: { readonly signal: string }) => {
      requireKernel();
      const signal = parseSignal(flags.signal);
      await forEachContainer(containers, async (container) => (await killContainer(container, signal)).name);
    });
}
