/** `ringside oci state`: a container's state as JSON (runtime.md, "Query State"). */
import { writeSync } from "node:fs";
import { stateOf } from "../../container/oci/status.ts";
import { findEngineContainer } from "../../container/oci/store.ts";
import { onlyId, parseArguments } from "./arguments.ts";
import type { Command } from "./command.ts";

const STDOUT = 1;
const OPTIONS = {} as const;

export const state: Command = {
  summary: "print the state of a container",
  operands: "CONTAINER",
  options: OPTIONS,
  async run(args, { root }) {
    const id = onlyId(parseArguments(args, OPTIONS).operands, "state");
    const { record, status } = findEngineContainer(root, id);
    writeSync(STDOUT, `${JSON.stringify(stateOf(record, status), null, 2)}\n`);
    return 0;
  },
};
