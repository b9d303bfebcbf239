/** `ringside oci resume`: the processes of a paused container go on. */
import { resumeEngineContainer } from "../../container/oci/pause.ts";
import { onlyId, parseArguments } from "./arguments.ts";
import type { Command } from "./command.ts";

const OPTIONS = {} as const;

export const resume: Command = {
  summary: "let the processes of a paused container go on",
  operands: "CONTAINER",
  options: OPTIONS,
  async run(args, { root }) {
    await resumeEngineContainer(root, onlyId(parseArguments(args, OPTIONS).operands, "resume"));
    return 0;
  },
};
