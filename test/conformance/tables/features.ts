/**
 * The features of the OCI runtime specification 1.3, and the tests that hold them: from this table docs/conformance.md is
 * made (node test/conformance/document.ts), and test/style/conformance-document.test.ts finds every test that it names.
 */
import { CONFIG } from "./config.ts";
import { CONFIG_LINUX } from "./config-linux.ts";
import type { Chapter } from "./feature.ts";
import { RUNTIME } from "./runtime.ts";

/** In the specification's order. */
export const CHAPTERS: readonly Chapter[] = [...CONFIG, ...CONFIG_LINUX, ...RUNTIME];
