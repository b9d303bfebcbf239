/** `ringside oci create`: everything of a container but its program (runtime.md, "Create"). */
import { Launcher } from "../../../native/kernel.ts";
import { createContainer } from "../../container/oci/create.ts";
import { onlyId, parseArguments } from "./arguments.ts";
import type { Command } from "./command.ts";
import { CREATE_OPTIONS, createOptions } from "./create-options.ts";

export const create: Command = {
  summary: "create a container; `start` runs its program",
  operands: "CONTAINER",
  options: CREATE_OPTIONS,
  async run(args, globals) {
    const { values, operands } = parseArguments(args, CREATE_OPTIONS);
    const options = createOptions(onlyId(operands, "create"), values, globals);
    await using launcher = await Launcher.open();
    for (const note of await createContainer(launcher, options)) globals.log.write("warning", note);
    return 0;
  },
};
