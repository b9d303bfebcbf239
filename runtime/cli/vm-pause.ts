/** `ringside vm pause` and `ringside vm resume`. */
import type { Command } from "commander";
import { pauseVm, resumeVm } from "../vm/pause.ts";
import { forEachContainer } from "./several.ts";

const NAMES = "names, ids or beginnings of ids";

/** Adds `pause` to `ringside vm`. */
export function addVmPause(vm: Command): void {
  vm.command("pause")
    .description("stop the processors of virtual machines where they are; their clocks stand still, too")
    .argument("<vm...>", NAMES)
    .action((names: readonly string[]) => forEachContainer(names, async (name) => (await pauseVm(name)).name));
}

/** Adds `resume` to `ringside vm`, also by the name that containers have for it. */
export function addVmResume(vm: Command): void {
  vm.command("resume")
    .alias("unpause")
    .description("let paused virtual machines go on")
    .argument("<vm...>", NAMES)
    .action((names: readonly string[]) => forEachContainer(names, async (name) => (await resumeVm(name)).name));
}
