/** `ringside oci start`: the program of a created container runs (runtime.md, "Start"). */
import { startEngineContainer } from "../../container/oci/start.ts";
import { onlyId, parseArguments } from "./arguments.ts";
import type { Command } from "./command.ts";

const OPTIONS = {} as const;

export const start: Command = {
  summary: "run the program of a container that has been created",
  operands: "CONTAINER",
  options: OPTIONS,
  async run(args, { root }) {
    await startEngineContainer(root, onlyId(parseArguments(args, OPTIONS).operands, "start"));
    return 0;
  },
};
