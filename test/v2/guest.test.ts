/**
 * The runtime's tests once more, in a guest that has cgroup v2 only, as most machines do today. The guest is booted once,
 * while this file is read; each of its tests is one here.
 */
import { describe, expect, test } from "vitest";
import { guestKernel } from "../../runtime/vm/guest-files.ts";
import { type Need, needsImage, needsLinux, needsNative, needsPrograms, unless, unmet } from "../support/needs.ts";
import { type GuestRun, runInGuest, testCommand } from "./guest.ts";
import { GUEST_TESTS } from "./selection.ts";

const needsGuestKernel: Need = () => {
  try {
    guestKernel();
    return undefined;
  } catch (error) {
    return String(error);
  }
};

const GUEST = [
  needsLinux,
  needsNative,
  needsPrograms("qemu-system-x86_64", "busybox", "mke2fs"),
  needsImage(),
  needsGuestKernel,
];

const problem = unmet(GUEST);
const words: string[] = [];
const run: GuestRun | undefined =
  problem === undefined
    ? await runInGuest({ command: testCommand(GUEST_TESTS), onWords: (line) => words.push(line) })
    : undefined;

describe("in a guest with cgroup v2 only", unless(problem), () => {
  test("the tests were run to their end", () => {
    expect(run?.outside).toEqual([]);
    const said = `${words.join("\n")}\n${run?.console}`;
    expect(run?.code, said).toBeDefined();
    expect(run?.tests.length, said).toBeGreaterThan(0);
  });

  for (const { file, name, state, words: why } of run?.tests ?? []) {
    test(`${file}: ${name}`, unless(state === "skipped" ? why : undefined), () => {
      expect(state, why).toBe("passed");
    });
  }
});
