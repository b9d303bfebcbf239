/** Ringside's own version, as package.json has it. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { checkoutDirectory } from "../image/checkout.ts";

const packageSchema = z.object({ version: z.string() });

/** `ringside 0.1.0`. */
export function ringsideVersion(): string {
  const { version } = packageSchema.parse(JSON.parse(readFileSync(join(checkoutDirectory(), "package.json"), "utf8")));
  return `ringside ${version}`;
}
