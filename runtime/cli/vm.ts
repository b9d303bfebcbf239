/** `ringside vm`: the same root file system as a guest of its own kernel. One file a command; skins over runtime/vm. */
import type { Command } from "commander";
import { sweepVms } from "../vm/sweep.ts";
import { addVmAttach } from "./vm-attach.ts";
import { addVmCrash } from "./vm-crash.ts";
import { addVmExec } from "./vm-exec.ts";
import { addVmInspect } from "./vm-inspect.ts";
import { addVmLogs } from "./vm-logs.ts";
import { addVmMigrate } from "./vm-migrate.ts";
import { addVmPause, addVmResume } from "./vm-pause.ts";
import { addVmPs } from "./vm-ps.ts";
import { addVmRun } from "./vm-run.ts";
import { addVmStats } from "./vm-stats.ts";
import { addVmKill, addVmRm, addVmStop } from "./vm-stop.ts";
import { addVmTiny } from "./vm-tiny.ts";
import { addVmWait } from "./vm-wait.ts";

/** The commands below `ringside vm`, in the order of the help. */
const COMMANDS: readonly ((vm: Command) => void)[] = [
  addVmRun,
  addVmPs,
  addVmExec,
  addVmAttach,
  addVmLogs,
  addVmStop,
  addVmKill,
  addVmRm,
  addVmWait,
  addVmPause,
  addVmResume,
  addVmMigrate,
  addVmCrash,
  addVmStats,
  addVmInspect,
  addVmTiny,
];

/** Adds `ringside vm` to the program. */
export function registerVm(program: Command): void {
  const vm = program.command("vm").description("virtual machines: the same image with a kernel of its own");
  vm.enablePositionalOptions();
  // Each of them first takes away what a Ringside that was killed has left.
  vm.hook("preAction", sweepVms);
  for (const add of COMMANDS) add(vm);
}
