/** `ringside vm attach`: this terminal at the console of a detached virtual machine. */
import type { Command } from "commander";
import { openConsoleViewer } from "../vm/console-viewer.ts";
import { requireLivingVm } from "../vm/state.ts";
import { killVm, requireRunning } from "../vm/stop.ts";
import { type AttachFlags, addAttachOptions, look } from "./attach-command.ts";
import { requireKernel } from "./launcher.ts";

const HELP = `
Several may look at one console; the first that types is the one who may, until it leaves. The exit code is the program's
own, or 0 when it was left by the detach keys. What was printed before: ringside vm logs. A shell of one's own, with a
terminal of its own: ringside vm exec -it.`;

/** Adds `attach` to `ringside vm`. */
export function addVmAttach(vm: Command): void {
  const command = vm
    .command("attach")
    .description("see what a detached virtual machine prints from now on, and type into its console")
    .argument("<vm>", "its name, its id or the beginning of its id");
  addAttachOptions(command, "virtual machine").addHelpText("after", HELP).action(attach);
}

async function attach(name: string, flags: AttachFlags): Promise<void> {
  requireKernel();
  const machine = requireLivingVm(name, "attach to");
  await requireRunning(machine, "attach to");
  await look(
    {
      name: machine.name,
      hasTerminal: machine.terminal,
      open: () => openConsoleViewer(machine),
      kill: (signal) => killVm(machine.id, signal),
    },
    flags,
  );
}
