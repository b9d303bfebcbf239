/**
 * Another processor, and another kernel: a virtual machine has its own of both, a container the host's. The kernel and the
 * busybox of s390x are the distribution's (set-up/foreign-guest.mjs).
 */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { release, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { appletNames, foreignDirectory } from "../../runtime/image/foreign.ts";
import { guestKernel } from "../../runtime/vm/guest-files.ts";
import { kernelOfFile } from "../../runtime/vm/kernel-file.ts";
import { CONTAINERS, describeWhere, type Need, needsImage, needsPrograms, testWhere } from "../support/needs.ts";
import { ringside } from "../support/ringside.ts";
import { VIRTUAL_MACHINES } from "../support/vms.ts";
import { BOOT_LIMIT_MS, boot } from "./booted.ts";

const needsForeignKernel: Need = () =>
  existsSync(join(foreignDirectory("s390x"), "vmlinuz"))
    ? undefined
    : "there is no kernel for s390x; to fix it: node set-up.mjs s390x";
const S390X = [needsImage("ringside/s390x"), needsForeignKernel];

const work: string[] = [];
afterEach(() => {
  for (const path of work.splice(0)) rmSync(path, { recursive: true, force: true });
});

function workDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), "ringside-kernel-"));
  work.push(path);
  return path;
}

describeWhere(
  [...VIRTUAL_MACHINES, ...S390X, needsPrograms("qemu-system-s390x")],
  "a machine of another processor",
  () => {
    test("runs its programs, with their arguments, variables and exit code", { timeout: BOOT_LIMIT_MS }, async () => {
      const script = 'uname -m; printf "%s|" "$@" "$NAME"; echo; pwd; hostname; id -u; cat /proc/1/comm; exit 7';
      const { machine, output, exit } = await boot(["sh", "-c", script, "sh", "a 'b\"", "$HOME `id`", "c\nd", ""], {
        image: "ringside/s390x",
        architecture: "s390x",
        env: ["NAME=it's ü"],
        cwd: "/tmp",
        hostname: "frame",
      });
      expect(machine.failure()).toBeUndefined();
      expect(output).toBe("s390x\na 'b\"|$HOME `id`|c\nd||it's ü|\n/tmp\nframe\n0\ninit\n");
      expect(exit.status).toEqual({ kind: "exited", code: 7 });
      expect(machine.accelerator).toContain("software emulation");
      const [track] = machine.timeline().tracks;
      expect(track?.provenance.detail).toContain("s390-ccw-virtio");
    });

    test("passes a signal on to its program", { timeout: BOOT_LIMIT_MS }, async () => {
      const { exit } = await boot(
        ["sh", "-c", "trap 'exit 9' TERM; echo ready; while :; do sleep 0.1; done"],
        { image: "ringside/s390x", architecture: "s390x" },
        async (machine, output) => {
          await machine.booted;
          while (!output().includes("ready")) await new Promise((resolve) => setTimeout(resolve, 10));
          machine.kill("SIGTERM");
        },
      );
      expect(exit.status).toEqual({ kind: "exited", code: 9 });
    });

    test("does not run a program of the host's processor, and says so", { timeout: BOOT_LIMIT_MS }, async () => {
      const { machine, exit } = await boot(["uname"], { image: "ringside/base", architecture: "s390x" });
      expect(exit.status).toEqual({ kind: "exited", code: 126 });
      expect(machine.failure()?.message).toMatch(
        /cannot run "uname" in the guest: not executable \(Exec format error\)/,
      );
    });

    test.each([
      { options: { network: { forwards: [] } }, what: "publish ports" },
      { options: { root: "erofs" } as const, what: "have erofs as its root" },
      { options: { input: true }, what: "read input without a terminal" },
      { options: { accelerator: "kvm" } as const, what: "run on KVM" },
      { options: { user: "1000" }, what: "as user 1000" },
    ])("says that it cannot $what, and starts nothing", async ({ options, what }) => {
      const started = boot(["true"], {
        image: "ringside/s390x",
        architecture: "s390x",
        accelerator: "tcg",
        ...options,
      });
      await expect(started).rejects.toThrow(what);
    });
  },
);

testWhere(
  [...CONTAINERS, ...S390X],
  "a container has the host's processor: the same program is refused, and why",
  async () => {
    const { stdout, stderr, code } = await ringside(["run", "--rm", "ringside/s390x", "uname", "-m"]);
    expect({ stdout, code }).toEqual({ stdout: "", code: 126 });
    expect(stderr).toContain("/bin/uname is a program for S/390, and this machine is");
    expect(stderr).toContain("ringside vm run --arch s390x");
  },
);

testWhere(
  [...CONTAINERS, ...VIRTUAL_MACHINES],
  "a container has the host's kernel, a machine the one that it was given",
  async () => {
    const place = workDirectory();
    const { path, version, modulesDirectory } = guestKernel();
    copyFileSync(path, join(place, "kernel"));
    mkdirSync(join(place, "modules"));
    if (modulesDirectory !== undefined) symlinkSync(modulesDirectory, join(place, "modules", version));
    const inContainer = await ringside(["run", "--rm", "ringside/base", "uname", "-r"]);
    expect(inContainer.stdout).toBe(`${release()}\n`);
    const { output } = await boot(["uname", "-r"], { kernel: join(place, "kernel"), agent: true });
    expect(output).toBe(`${version}\n`);
    expect(kernelOfFile(join(place, "kernel")).modulesDirectory).toBe(
      modulesDirectory === undefined ? undefined : join(place, "modules", version),
    );
  },
);

test("what is no kernel is refused by name", () => {
  expect(() => kernelOfFile(import.meta.filename)).toThrow(/foreign\.test\.ts is no Linux kernel for x86-64/);
  expect(() => kernelOfFile("/nothing/there")).toThrow(/the kernel \/nothing\/there cannot be read: no such file/);
});

test("a busybox that cannot be run is asked for its programs by reading it", () => {
  const table = Buffer.from("junk\0[\0[[\0ash\0cat\0zcat\0\0more\0", "latin1");
  expect(appletNames(table)).toEqual(["[", "[[", "ash", "cat", "zcat"]);
  expect(() => appletNames(Buffer.from("no table"))).toThrow(/was not found/);
  expect(() => appletNames(Buffer.from("[\0[[\0a/b\0\0"))).toThrow(/was not found/);
});
