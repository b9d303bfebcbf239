/** `ringside vm`: the same root file system as a guest of its own kernel. One file a command; skins over runtime/vm. */
import type { Command } from "commander";
import { addVmRun } from "./vm-run.ts";
import { addVmTiny } from "./vm-tiny.ts";

/** The commands below `ringside vm`, in the order of the help. */
const COMMANDS: readonly ((vm: Command) => void)[] = [addVmRun, addVmTiny];

/** Adds `ringside vm` to the program. */
export function registerVm(program: Command): void {
  const vm = program.command("vm").description("virtual machines: the same image with a kernel of its own");
  vm.enablePositionalOptions();
  for (const add of COMMANDS) add(vm);
}
