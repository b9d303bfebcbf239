/** `ringside vm stop`, `kill` and `rm`: the ends of virtual machines, from the gentle to the last. */
import type { Command } from "commander";
import { parseSeconds } from "../container/options.ts";
import { parseSignal } from "../container/signal.ts";
import { killVm, removeVm, stopVm } from "../vm/stop.ts";
import { requireKernel } from "./launcher.ts";
import { showProgress } from "./progress.ts";
import { forEachContainer } from "./several.ts";

const MS_PER_SECOND = 1000;
const NAMES = "names, ids or beginnings of ids";

const STOP_HELP = `
The agent in the guest sends SIGTERM to its program, and SIGKILL when the time is over; with the program the machine ends.
Where no agent answers, the power button is pressed, and at the end of the time the machine is ended as by kill.`;

/** Adds `stop` to `ringside vm`. */
export function addVmStop(vm: Command): void {
  vm.command("stop")
    .description("ask virtual machines to end, and end those that have not in time")
    .argument("<vm...>", NAMES)
    .option("-t, --time <seconds>", "how long to wait before SIGKILL (default: 10)")
    .addHelpText("after", STOP_HELP)
    .action(async (names: readonly string[], flags: { readonly time?: string }) => {
      requireKernel();
      const timeoutMs = flags.time === undefined ? undefined : parseSeconds(flags.time) * MS_PER_SECOND;
      await forEachContainer(names, (name) =>
        showProgress(
          `stopping ${name}`,
          async () => (await stopVm(name, timeoutMs === undefined ? {} : { timeoutMs })).name,
        ),
      );
    });
}

/** Adds `kill` to `ringside vm`. */
export function addVmKill(vm: Command): void {
  vm.command("kill")
    .description("send a signal to the program of virtual machines; without one, pull the plug")
    .argument("<vm...>", NAMES)
    .option("-s, --signal <signal>", "TERM, SIGTERM or 15; KILL ends the machine itself", "KILL")
    .action(async (names: readonly string[], flags: { readonly signal: string }) => {
      requireKernel();
      const signal = parseSignal(flags.signal);
      await forEachContainer(names, async (name) => (await killVm(name, signal)).name);
    });
}

/** Adds `rm` to `ringside vm`. */
export function addVmRm(vm: Command): void {
  vm.command("rm")
    .description("remove virtual machines that have ended, with what they printed")
    .argument("<vm...>", NAMES)
    .option("-f, --force", "end them first if they run")
    .action(async (names: readonly string[], flags: { readonly force?: boolean }) => {
      requireKernel();
      await forEachContainer(names, async (name) => (await removeVm(name, { force: flags.force === true })).name);
    });
}
