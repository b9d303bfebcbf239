/** The doctor: its report on crafted machines, and what it tries for real on this one. */
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { kernelProblem } from "../../native/kernel.ts";
import { gap, ok, type Question } from "../../runtime/doctor/check.ts";
import { runDoctor } from "../../runtime/doctor/doctor.ts";
import { formatReport } from "../../runtime/doctor/format.ts";
import { askNamespaces } from "../../runtime/doctor/namespaces.ts";
import { askOverlay } from "../../runtime/doctor/overlay.ts";
import { type Attempt, type ProbeLab, withProbeLab } from "../../runtime/doctor/probe-lab.ts";
import { askSeccomp } from "../../runtime/doctor/seccomp.ts";
import { askUserNamespaces } from "../../runtime/doctor/user-namespaces.ts";
import { askGuestKernel, askKvm, kvmFix } from "../../runtime/doctor/virtual-machines.ts";
import { doctorReportSchema } from "../../web/protocol/doctor.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const onlyLinux = test.skipIf(process.platform !== "linux");
/** Where nothing is cached yet, a guest is booted for each monitor, machine and accelerator, and has ten seconds. */
const FIRST_KVM_PROBE_MS = 180_000;
const withNative = test.skipIf(kernelProblem() !== undefined);

/** A lab on a machine where every attempt ends in one way. */
function labWhere(attempt: Attempt, isRoot = true): ProbeLab {
  return { isRoot, attempt: async () => attempt, output: async () => undefined };
}

describe("the report", () => {
  test(
    "is the document that the server sends, with a state for every part and a fix or null for every gap",
    async () => {
      const report = await runDoctor();
      expect(doctorReportSchema.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
      const names = report.checks.map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
      for (const kind of ["mnt", "cgroup", "uts", "ipc", "user", "pid", "net", "time"]) {
        expect(names).toContain(`namespace ${kind}`);
      }
      expect(names).toEqual(
        expect.arrayContaining(["qemu", "guest kernel", "kvm", "vm disk erofs", "vm disk squashfs"]),
      );
      if (kernelProblem() === undefined) expect(names).toContain("vm tiny");
      for (const check of report.checks) {
        expect(check.detail, check.name).not.toBe("");
        if (check.state === "ok") expect(check.fix, check.name).toBeNull();
        else expect(check.fix ?? "one line", check.name).not.toMatch(/\n/);
      }
    },
    FIRST_KVM_PROBE_MS,
  );

  test("keeps its order however long each question takes, and holds a question that throws", async () => {
    let answerFirst: (() => void) | undefined;
    const questions: Record<string, Question> = {
      first: () =>
        new Promise((resolve) => {
          answerFirst = () => resolve([ok("first", "slow")]);
        }),
      second: async () => {
        throw new Error("out of order");
      },
      third: async () => {
        answerFirst?.();
        return [ok("third", "fast")];
      },
    };
    const { checks } = await runDoctor(questions);
    expect(checks.map(({ name }) => name)).toEqual(["first", "second", "third"]);
    expect(checks[1]).toMatchObject({ state: "limited", detail: "could not be looked at: out of order" });
  });

  test("says the state of every part in a word, and the fix on a line of its own", () => {
    const checks = [ok("short", "fine"), gap("a longer name", "missing", "not there", "apt-get install it")];
    expect(formatReport({ schema: "ringside.doctor/1", checks }).split("\n")).toEqual([
      "✓ ok       short          fine",
      "✗ missing  a longer name  not there",
      "                          fix: apt-get install it",
      "",
      "1 ok, 0 limited, 1 missing",
      "",
    ]);
  });
});

describe("namespaces", () => {
  onlyLinux(
    "that can be made are ok, those of an ordinary user inside a user namespace, which it is told",
    async () => {
      const worked: Attempt = { kind: "worked" };
      const asRoot = await askNamespaces(labWhere(worked));
      expect(new Set(asRoot.map(({ state }) => state))).toEqual(new Set(["ok"]));
      const asUser = await askNamespaces(labWhere(worked, false));
      expect(new Set(asUser.map(({ state }) => state))).toEqual(new Set(["ok"]));
      const told = asUser.filter(({ detail }) => detail.includes("inside a user namespace")).map(({ name }) => name);
      expect(told).toHaveLength(asUser.length - 1);
      expect(told).not.toContain("namespace user");
    },
  );

  onlyLinux.each([
    ["ENOSPC", /sysctl -w user\.max_/],
    ["EPERM", /CAP_SYS_ADMIN/],
  ] as const)("that are refused with %s are missing, with what would open them", async (code, fix) => {
    for (const check of await askNamespaces(labWhere({ kind: "failed", operation: "clone", code }))) {
      expect(check.state).toBe("missing");
      expect(check.detail).toContain(code);
      expect(check.fix).toMatch(fix);
    }
  });

  onlyLinux("that could not be tried say why, instead of claiming to work", async () => {
    const checks = await askNamespaces(labWhere({ kind: "untried", reason: "no compiler" }));
    expect(new Set(checks.map(({ state }) => state))).toEqual(new Set(["limited"]));
    expect(checks[0]?.detail).toContain("no compiler");
  });
});

describe("virtual machines", () => {
  const hostHasKernel = existsSync("/boot") && readdirSync("/boot").some((name) => name.startsWith("vmlinuz-"));

  test.skipIf(hostHasKernel)("without a guest's kernel no verdict on KVM is given, and none is kept", async () => {
    const cache = temporaryDirectory();
    vi.stubEnv("RINGSIDE_CACHE", cache);
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    const report = await runDoctor({ kernel: askGuestKernel, kvm: askKvm });
    expect(report.checks.map(({ name, state }) => ({ name, state }))).toEqual([
      { name: "guest kernel", state: "missing" },
      { name: "kvm", state: "limited" },
    ]);
    expect(report.checks[1]?.detail).toMatch(/^not tried/);
    expect(readdirSync(cache, { recursive: true, encoding: "utf8" }).filter((name) => name.includes("boots-"))).toEqual(
      [],
    );
  });
});

describe("a KVM that cannot be used", () => {
  onlyLinux("has a line that would change that, whether it is not there, closed or no good", () => {
    const file = join(temporaryDirectory(), "kvm");
    expect(kvmFix(file)).toMatch(/^modprobe /);
    writeFileSync(file, "");
    expect(kvmFix(file)).toMatch(/^allow nested virtualization .*; then rm \S+boots-qemu-microvm-kvm\.json /);
  });
});

describe("what is tried for real", () => {
  withNative("a namespace that the launcher makes is a new one, and a step that fails is named", async () => {
    const attempts = await withProbeLab(async (lab) => [
      await lab.attempt([], 0, []),
      await lab.attempt([], 0, [{ op: "setDirectory", path: "/nonexistent" }]),
    ]);
    expect(attempts).toEqual([{ kind: "worked" }, { kind: "failed", operation: "setDirectory", code: "ENOENT" }]);
  });

  withNative("a program's output comes back, and one that fails or does not exist gives none", async () => {
    const outputs = await withProbeLab(async (lab) => [
      await lab.output(["/bin/sh", "-c", "echo out; echo err >&2"]),
      await lab.output(["/bin/sh", "-c", "echo out; exit 1"]),
      await lab.output(["/nonexistent/program"]),
    ]);
    expect(outputs).toEqual(["out\nerr\n", undefined, undefined]);
  });

  withNative("an endless program is ended and gives none", async () => {
    expect(await withProbeLab((lab) => lab.output(["/bin/sh", "-c", "exec sleep 600"]))).toBeUndefined();
  });

  withNative("the overlay, user namespaces and seccomp are answered, and no directory stays behind", async () => {
    const before = doctorDirectories();
    const checks = await withProbeLab(async (lab) => [
      ...(await askOverlay(lab)),
      ...(await askUserNamespaces(lab)),
      ...(await askSeccomp(lab)),
    ]);
    expect(checks.map(({ name }) => name)).toEqual([
      "overlay file system",
      "user namespaces for ordinary users",
      "seccomp",
    ]);
    expect(doctorDirectories()).toEqual(before);
  });
});

function doctorDirectories(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith("ringside-doctor-"));
}
