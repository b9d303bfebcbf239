/** Which plans a launcher and its caller both understand. The bundle has the number itself (vite.cli.config.ts). */
import { fnv1a } from "../fnv1a.ts";
import { OPERATIONS, PHASES, SLOT_COUNT } from "./operations.ts";

/** Changes whenever the table changes, so that a launcher of another build refuses the plan instead of misreading it. */
export const FORMAT_VERSION = fnv1a(Buffer.from(JSON.stringify([OPERATIONS, PHASES, SLOT_COUNT, "layout 1"])));
