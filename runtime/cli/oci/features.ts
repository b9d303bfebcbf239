/** `ringside oci features`: what this runtime can do, as JSON (features.md). */
import { writeSync } from "node:fs";
import { runtimeFeatures } from "../../oci/features.ts";
import { parseArguments } from "./arguments.ts";
import type { Command } from "./command.ts";

const STDOUT = 1;
const OPTIONS = {} as const;

export const features: Command = {
  summary: "print what this runtime can do, as JSON",
  operands: "",
  options: OPTIONS,
  async run(args) {
    parseArguments(args, OPTIONS);
    writeSync(STDOUT, `${JSON.stringify(runtimeFeatures(), null, 2)}\n`);
    return 0;
  },
};
