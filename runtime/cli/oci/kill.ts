/** `ringside oci kill`: a signal to a container (runtime.md, "Kill"). */
import { killEngineContainer } from "../../container/oci/kill.ts";
import { parseSignal } from "../../container/oci/signal.ts";
import { onlyId, parseArguments } from "./arguments.ts";
import type { Command } from "./command.ts";
import { UsageError } from "./usage-error.ts";

const OPTIONS = {
  all: { kind: "flag", short: "a", help: "to every process of the container, also when its first one has gone" },
} as const;

const DEFAULT_SIGNAL = "SIGTERM";

export const kill: Command = {
  summary: "send a signal to a container (default: TERM)",
  operands: "CONTAINER [SIGNAL]",
  options: OPTIONS,
  async run(args, { root }) {
    const { values, operands } = parseArguments(args, OPTIONS);
    const [id, signal = DEFAULT_SIGNAL, ...rest] = operands;
    if (rest.length > 0)
      throw new UsageError(`kill takes a container's id and a signal, and got more: ${rest.join(" ")}`);
    killEngineContainer(root, onlyId(id === undefined ? [] : [id], "kill"), parseSignal(signal), {
      all: values.all === true,
    });
    return 0;
  },
};
