/** `ringside oci pause`: no process of the container runs any more, until `resume`. */
import { pauseEngineContainer } from "../../container/oci/pause.ts";
import { onlyId, parseArguments } from "./arguments.ts";
import type { Command } from "./command.ts";

const OPTIONS = {} as const;

export const pause: Command = {
  summary: "hold every process of a container",
  operands: "CONTAINER",
  options: OPTIONS,
  async run(args, { root }) {
    await pauseEngineContainer(root, onlyId(parseArguments(args, OPTIONS).operands, "pause"));
    return 0;
  },
};
