/**
 * How the tests run: `npm test` for all, `npx vitest run test/ROOM/FILE.test.ts` for one file (vitest.dev/config).
 *
 * Every file has a process of its own, since the native part and the launcher belong to a process. Files run beside
 * each other, on as many processors as there are: a test looks at its own containers only, and none judges by the clock.
 * The limits of time are there to end what hangs.
 */
import { defineConfig } from "vitest/config";
import { ClosingLine } from "./test/support/closing-line.ts";
import { LongestFirst } from "./test/support/longest-first.ts";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    environment: "node",
    pool: "forks",
    sequence: { sequencer: LongestFirst },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    // Only what is slow enough to be worth a look is listed test by test.
    slowTestThreshold: 10_000,
    reporters: ["default", new ClosingLine()],
  },
});
