/** `ringside oci spec`: a first config.json for a bundle. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorCode } from "../../../native/error-code.ts";
import { RingsideError, reasonOf } from "../../error.ts";
import { specTemplate } from "../../oci/template.ts";
import { parseArguments } from "./arguments.ts";
import type { Command } from "./command.ts";
import { UsageError } from "./usage-error.ts";

const OPTIONS = {
  bundle: { kind: "value", short: "b", help: "the bundle's directory (default: this one)" },
  rootless: { kind: "flag", help: "for a container that an ordinary user can start" },
} as const;

export const spec: Command = {
  summary: "write a first config.json",
  operands: "",
  options: OPTIONS,
  async run(args) {
    const { values, operands } = parseArguments(args, OPTIONS);
    if (operands.length > 0) throw new UsageError(`spec takes no operands, and got ${operands.join(" ")}`);
    const ids = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
    const config = specTemplate(values.rootless === true ? ids : undefined);
    const path = join(values.bundle ?? ".", "config.json");
    try {
      writeFileSync(path, `${JSON.stringify(config, null, 2)}\n`, { flag: "wx" });
    } catch (cause) {
      const exists = errorCode(cause) === "EEXIST";
      throw new RingsideError(exists ? `${path} already exists` : `${path} cannot be written: ${reasonOf(cause)}`, {
        cause,
        fix: exists ? `remove ${path} first` : "give --bundle a directory that is there",
      });
    }
    return 0;
  },
};
