/** `ringside vm logs`: what the console of a detached virtual machine has printed. */
import type { Command } from "commander";
import { readLogAt } from "../container/logs.ts";
import { requireVmLog } from "../vm/console-viewer.ts";
import { findVm } from "../vm/state.ts";
import { addLogOptions, type LogsFlags, logOptions, printLog } from "./logs.ts";

const HELP = `
The console carries the program's output and errors together; both go to standard output. The log is bounded (ringside vm
run --log-opt); where its beginning has been let go of, what is left is printed.`;

/** Adds `logs` to `ringside vm`. */
export function addVmLogs(vm: Command): void {
  const command = vm
    .command("logs")
    .description("print what a detached virtual machine has printed")
    .argument("<vm>", "its name, its id or the beginning of its id");
  addLogOptions(command).addHelpText("after", HELP).action(logs);
}

async function logs(name: string, flags: LogsFlags): Promise<void> {
  const machine = findVm(name);
  const places = { log: requireVmLog(machine), state: machine.directory.path };
  await printLog(readLogAt(places, logOptions(flags)), flags);
}
