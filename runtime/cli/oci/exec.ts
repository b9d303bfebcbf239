/** `ringside oci exec`: a further process in a container that runs. */
import { Launcher } from "../../../native/kernel.ts";
import { execAttached, execDetached } from "../../container/oci/exec.ts";
import { onlyId, parseArguments } from "./arguments.ts";
import type { Command } from "./command.ts";
import { EXEC_OPTIONS, execMode, execProcess } from "./exec-options.ts";
import { holdAllSignals, stayWith } from "./foreground.ts";

export const exec: Command = {
  summary: "run a further process in a container that runs",
  operands: "CONTAINER [PROGRAM [ARGUMENTS]]",
  options: EXEC_OPTIONS,
  async run(args, { root, log }) {
    const { values, operands } = parseArguments(args, EXEC_OPTIONS, "in order");
    const [id, ...command] = operands;
    const { detach, ...mode } = execMode(values);
    const request = {
      ...mode,
      root,
      id: onlyId(id === undefined ? [] : [id], "exec"),
      process: (own: Parameters<typeof execProcess>[2]) =>
        execProcess(values, command, own, (words) => log.write("warning", words)),
    };
    await using launcher = await Launcher.open();
    if (detach) {
      await execDetached(launcher, request);
      return 0;
    }
    const signals = holdAllSignals();
    return await stayWith(await execAttached(launcher, request), signals);
  },
};
