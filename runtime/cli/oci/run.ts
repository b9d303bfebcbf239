/** `ringside oci run`: create, start and wait in one; the exit code is the program's. */
import { Launcher } from "../../../native/kernel.ts";
import { deleteEngineContainer } from "../../container/oci/delete.ts";
import { runAttached, runDetached } from "../../container/oci/run.ts";
import { onlyId, parseArguments } from "./arguments.ts";
import type { Command } from "./command.ts";
import { CREATE_OPTIONS, createOptions } from "./create-options.ts";
import { holdAllSignals, stayWith } from "./foreground.ts";

const OPTIONS = {
  ...CREATE_OPTIONS,
  detach: { kind: "flag", short: "d", help: "do not wait for its end" },
  keep: { kind: "flag", help: "do not delete it when it has ended" },
} as const;

export const run: Command = {
  summary: "create a container, start it and wait for its end",
  operands: "CONTAINER",
  options: OPTIONS,
  async run(args, globals) {
    const { values, operands } = parseArguments(args, OPTIONS);
    const options = createOptions(onlyId(operands, "run"), values, globals);
    const warn = (notes: readonly string[]) => {
      for (const note of notes) globals.log.write("warning", note);
    };
    await using launcher = await Launcher.open();
    if (values.detach === true) {
      warn(await runDetached(launcher, options));
      return 0;
    }
    const signals = holdAllSignals();
    const { process: started, notes } = await runAttached(launcher, options);
    warn(notes);
    const code = await stayWith(started, signals);
    if (values.keep === true) return code;
    warn(await deleteEngineContainer(globals.root, options.id, { force: true }));
    return code;
  },
};
