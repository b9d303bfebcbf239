/**
 * A process that is still the launcher's, seen by others of the same user: what an ordinary user's container runs is that
 * user outside, so it must not be able to look into the next one that joins it (PR_SET_DUMPABLE(2const), ptrace(2)).
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { describeWhere, needsLinux, needsNative, needsPrograms, needsRoot } from "../support/needs.ts";

const UID = 54_321;
const KERNEL = fileURLToPath(new URL("../../native/kernel.ts", import.meta.url));

/** As that user: starts a plan that stops before it has become its program, and looks at its descriptors. */
const LOOK = `
  import { readdirSync } from "node:fs";
  const { Launcher } = await import(process.argv[1]);
  const words = { stage: "test", why: "for a test" };
  const none = 0xffff;
  await using launcher = await Launcher.open();
  const { exited } = await launcher.start([
    { ...words, phase: "host", op: "clone", flags: 0, cgroup: none },
    { ...words, phase: "child", op: "pause", name: "look" },
    { ...words, phase: "child", op: "execute", candidates: ["/bin/true"], argv: ["true"], env: [] },
  ], [], { onPause: async (_, pid) => {
    try { console.log(readdirSync("/proc/" + pid + "/fd").length > 0 ? "seen" : "nothing"); } catch (error) { console.log(error.code); }
  } });
  await exited;
`;

describeWhere(
  [needsLinux, needsNative, needsRoot("becomes another user"), needsPrograms("setpriv")],
  "an ordinary user's process on its way to its program",
  () => {
    test("shows its descriptors to no other process of that user", () => {
      const user = [`--reuid=${UID}`, `--regid=${UID}`, "--clear-groups", "--inh-caps=-all"];
      const node = [process.execPath, "--input-type=module", "-e", LOOK, KERNEL];
      const { stdout, stderr } = spawnSync("setpriv", [...user, ...node], { encoding: "utf8", timeout: 60_000 });
      expect(stderr + stdout).toBe("EACCES\n");
    });
  },
);
