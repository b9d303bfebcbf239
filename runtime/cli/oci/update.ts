/** `ringside oci update`: other limits for a container that there is already. */
import { readFileSync } from "node:fs";
import { updateEngineContainer } from "../../container/oci/update.ts";
import { RingsideError, reasonOf } from "../../error.ts";
import type { OciResources } from "../../oci/config.ts";
import { parseResources } from "../../oci/parse.ts";
import { onlyId, parseArguments } from "./arguments.ts";
import type { Command } from "./command.ts";
import { givesLimits, RESOURCE_OPTIONS, resourcesOf } from "./resource-options.ts";
import { UsageError } from "./usage-error.ts";

const STDIN = 0;

function readResources(path: string): OciResources {
  const name = path === "-" ? "standard input" : path;
  try {
    return parseResources(readFileSync(path === "-" ? STDIN : path, "utf8"), name).value;
  } catch (cause) {
    if (cause instanceof RingsideError) throw cause;
    throw new RingsideError(`the resources in ${name} cannot be read: ${reasonOf(cause)}`, { cause });
  }
}

export const update: Command = {
  summary: "change the limits of a container",
  operands: "CONTAINER",
  options: RESOURCE_OPTIONS,
  async run(args, { root }) {
    const { values, operands } = parseArguments(args, RESOURCE_OPTIONS);
    const id = onlyId(operands, "update");
    const { resources } = values;
    if (resources !== undefined && givesLimits(values)) {
      throw new UsageError("update takes --resources or single limits, not both");
    }
    await updateEngineContainer(root, id, resources === undefined ? resourcesOf(values) : readResources(resources));
    return 0;
  },
};
