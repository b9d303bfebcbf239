/** `ringside oci delete`: a container and all that was made for it goes (runtime.md, "Delete"). */
import { deleteEngineContainer } from "../../container/oci/delete.ts";
import { onlyId, parseArguments } from "./arguments.ts";
import type { Command } from "./command.ts";

const OPTIONS = {
  force: { kind: "flag", short: "f", help: "end it first if it runs; no error when there is none" },
} as const;

export const deleteCommand: Command = {
  summary: "delete a container that has stopped",
  operands: "CONTAINER",
  options: OPTIONS,
  async run(args, { root, log }) {
    const { values, operands } = parseArguments(args, OPTIONS);
    const problems = await deleteEngineContainer(root, onlyId(operands, "delete"), { force: values.force === true });
    for (const problem of problems) log.write("warning", problem);
    return 0;
  },
};
