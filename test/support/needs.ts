/**
 * What a test may need of the machine, and why this one cannot serve: a test that cannot run here is skipped with the
 * reason, and the reason is printed before the closing line (test/support/closing-line.ts).
 */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, type TestOptions, test } from "vitest";
import { kernelProblem } from "../../native/kernel.ts";
import { BASE_IMAGE, findImage } from "../../runtime/image/image.ts";

/** @returns why the machine does not have it; undefined where it does */
export type Need = () => string | undefined;

export const needsLinux: Need = () => (process.platform === "linux" ? undefined : "not Linux");

/** @param reason what root is needed for: `mounts an overlay` */
export const needsRoot =
  (reason: string): Need =>
  () =>
    process.geteuid?.() === 0 ? undefined : `not root: ${reason}`;

/** The addon and the launcher. */
export const needsNative: Need = () => {
  const problem = kernelProblem();
  return problem === undefined ? undefined : `${problem.reason}; to fix it: ${problem.fix}`;
};

/** @param name as in ringside/base */
export const needsImage =
  (name = BASE_IMAGE): Need =>
  () =>
    findImage(name) === undefined ? `the image ${name} is not there; to fix it: ./ringside image build` : undefined;

/** @param names programs that have to be on the search path */
export const needsPrograms =
  (...names: readonly string[]): Need =>
  () => {
    const missing = names.filter((name) => findProgram(name) === undefined);
    return missing.length === 0 ? undefined : `not installed: ${missing.join(", ")}`;
  };

/** What a real container takes. */
export const CONTAINERS: readonly Need[] = [needsLinux, needsNative, needsRoot("containers"), needsImage()];

/** @returns the path of a program, as a shell would find it */
export function findProgram(name: string): string | undefined {
  const directories = (process.env.PATH ?? "").split(delimiter).filter((directory) => directory !== "");
  return directories.map((directory) => join(directory, name)).find(existsSync);
}

/** @returns the first reason why the needs are not met; undefined where all are */
export function unmet(needs: readonly Need[]): string | undefined {
  for (const need of needs) {
    const reason = need();
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/**
 * The options of a test or a group that is skipped for a reason, if there is one: `test("…", unless(problem), () => …)`,
 * also after `each`.
 *
 * @param problem the reason, or what is needed; undefined where all is there
 */
export function unless(problem: string | undefined | readonly Need[]): TestOptions {
  const skipReason = typeof problem === "object" ? unmet(problem) : problem;
  return skipReason === undefined ? {} : { skip: true, meta: { skipReason } };
}

/** A group of tests that runs where the needs are met: `describeWhere(CONTAINERS, "a container", () => …)`. */
export function describeWhere(needs: readonly Need[], name: string, body: () => void): void {
  describe(name, unless(needs), body);
}

/** A test that runs where the needs are met. */
export function testWhere(needs: readonly Need[], name: string, body: () => void | Promise<void>): void {
  test(name, unless(needs), body);
}
