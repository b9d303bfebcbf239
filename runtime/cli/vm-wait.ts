/** `ringside vm wait`: until virtual machines have ended. */
import type { Command } from "commander";
import { waitForVm } from "../vm/wait.ts";
import { forEachContainer } from "./several.ts";

/** Adds `wait` to `ringside vm`. */
export function addVmWait(vm: Command): void {
  vm.command("wait")
    .description("wait until virtual machines have ended, and print the exit codes of their programs")
    .argument("<vm...>", "names, ids or beginnings of ids")
    .action(async (names: readonly string[]) => {
      // All at once: one that goes with its end could not be found any more when its turn comes.
      const codes = new Map(names.map((name) => [name, waitForVm(name)]));
      for (const code of codes.values()) code.catch(() => undefined);
      await forEachContainer(names, async (name) => String(await codes.get(name)));
    });
}
