/**
 * How the tests run: `npm test` for all, `npx vitest run test/ROOM/FILE.test.ts` for one file (vitest.dev/config).
 *
 * Every file has a process of its own, since the native part and the launcher belong to a process. Files run beside
 * each other, and no test judges by the clock, so the limits of time are only there to end what hangs. What counts
 * things of the whole machine (its mounts, its processes) is called `*.alone.test.ts` and runs after the others, one
 * file at a time.
 */
import { defineConfig } from "vitest/config";
import { ClosingLine } from "./test/support/closing-line.ts";

const ALONE = "test/**/*.alone.test.ts";

export default defineConfig({
  test: {
    environment: "node",
    pool: "forks",
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    // Only what is slow enough to be worth a look is listed test by test.
    slowTestThreshold: 10_000,
    reporters: ["default", new ClosingLine()],
    projects: [
      {
        extends: true,
        test: {
          name: "together",
          include: ["test/**/*.test.ts"],
          exclude: [ALONE],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: "alone", include: [ALONE], maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
