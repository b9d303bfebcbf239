/** `ringside vm inspect`: all that is known of virtual machines, as JSON. */
import type { Command } from "commander";
import { inspectVm } from "../vm/inspect.ts";
import { findVm } from "../vm/state.ts";

/** Adds `inspect` to `ringside vm`. */
export function addVmInspect(vm: Command): void {
  vm.command("inspect")
    .description("print all that is known of virtual machines, as JSON (schema ringside.vm-inspect/1)")
    .argument("<vm...>", "names, ids or beginnings of ids")
    .action(async (names: readonly string[]) => {
      const found = names.map(findVm);
      const virtualMachines = [];
      for (const machine of found) virtualMachines.push(await inspectVm(machine));
      process.stdout.write(`${JSON.stringify({ schema: "ringside.vm-inspect/1", virtualMachines }, null, 2)}\n`);
    });
}
