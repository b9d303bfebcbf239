/**
 * The runtime's tests once more, in a guest that has cgroup v2 only, as most machines do today. The guest is booted while
 * this file is read, and once more with systemd as its first process; each of its tests is one here.
 */
import { describe, expect, test } from "vitest";
import { type Need, needsImage, needsLinux, needsNative, needsPrograms, unless, unmet } from "../support/needs.ts";
import { needsGuestKernel } from "../support/needs-guest-kernel.ts";
import { type GuestRun, runInGuest, testCommand } from "./guest.ts";
import { hasSystemd } from "./guest-disk.ts";
import { GUEST_TESTS, SYSTEMD_TESTS } from "./selection.ts";

const GUEST = [
  needsLinux,
  needsNative,
  needsPrograms("qemu-system-x86_64", "busybox", "mke2fs"),
  needsImage(),
  needsGuestKernel,
];

const needsSystemd: Need = () => (hasSystemd() ? undefined : "not installed: systemd and dbus-daemon");

const BOOTS = [
  { title: "in a guest with cgroup v2 only", needs: GUEST, tests: GUEST_TESTS, systemd: false },
  {
    title: "in a guest with cgroup v2 only, under systemd",
    needs: [...GUEST, needsSystemd],
    tests: SYSTEMD_TESTS,
    systemd: true,
  },
];

for (const { title, needs, tests, systemd } of BOOTS) {
  const problem = unmet(needs);
  const words: string[] = [];
  const onWords = (line: string): void => void words.push(line);
  const run: GuestRun | undefined =
    problem === undefined ? await runInGuest({ command: testCommand(tests), systemd, onWords }) : undefined;

  describe(title, unless(problem), () => {
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
}
