/** What of us a container could meet: our program, our descriptors, our terminal. proc(5), ioctl_tty(2). */
import { createHash } from "node:crypto";
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Launcher, nativeProgram } from "../../native/kernel.ts";
import { capabilityNames } from "../../runtime/plan/capabilities.ts";
import { grantableCapabilities } from "../../runtime/plan/capability-sets.ts";
import { BUNDLES, type Bundle, makeBundle, runBundleWith } from "../support/bundle.ts";
import { needsCompiler } from "../support/compiled.ts";
import { describeWhere } from "../support/needs.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { compiled, outcomeOf } from "./canary.ts";
import { startHostile } from "./running.ts";

const ATTACKS = [...BUNDLES, needsCompiler];
const EXECS = 200;
const WITHOUT_PTRACE = capabilityNames(grantableCapabilities()).filter((name) => name !== "CAP_SYS_PTRACE");
/** As an engine's root in a container: it may do much, but not look into others. */
const ORDINARY = { bounding: WITHOUT_PTRACE, effective: WITHOUT_PTRACE, permitted: WITHOUT_PTRACE };

function hostileBundle(): Bundle {
  const bundle = makeBundle();
  compiled("attack.c", join(bundle.rootfs, "bin"));
  return bundle;
}

/** Our programs as they lie on the host. */
function ourPrograms(): string[] {
  const programs = [process.execPath, nativeProgram("ringside-launcher") ?? "", nativeProgram("ringside-oci") ?? ""];
  return programs.map((path) => createHash("sha256").update(readFileSync(path)).digest("hex"));
}

describeWhere(ATTACKS, "CVE-2019-5736: our own program, met in a container", () => {
  test("is a sealed copy, also for root with every capability", async () => {
    const before = ourPrograms();
    const { exec } = await startHostile(hostileBundle(), ["/bin/sleep", "600"]);
    let seen = "";
    const meanwhile = async (): Promise<void> => {
      seen = await exec(["/bin/attack", "exes"]);
    };
    await exec(["/bin/true"], {}, { meanwhile });
    expect([...new Set(seen.trim().split("\n"))]).toEqual(["met /memfd:ringside-launcher (deleted)", "looked"]);
    expect(ourPrograms()).toEqual(before);
  });

  test("is not written through in a race with a hundred further processes", async () => {
    const before = ourPrograms();
    const bundle = hostileBundle();
    const { exec } = await startHostile(bundle, ["/bin/sh", "-c", "exec attack exes 0 > /tmp/seen"]);
    for (let round = 0; round < EXECS / 2; round++) await exec(["/bin/true"]);
    const seen = new Set(readFileSync(join(bundle.rootfs, "tmp/seen"), "utf8").split("\n"));
    expect([...seen].filter((line) => /^(unsealed|wrote)/.test(line))).toEqual([]);
    expect(ourPrograms()).toEqual(before);
  });

  test("is nothing but a copy where the entry point or its interpreter is /proc/self/exe", async () => {
    const before = ourPrograms();
    const bundle = hostileBundle();
    writeFileSync(join(bundle.rootfs, "bin/script"), "#!/proc/self/exe\n", { mode: 0o755 });
    const { exec } = await startHostile(bundle, ["/bin/sleep", "600"]);
    for (const args of [["/proc/self/exe"], ["/bin/script"], ["/proc/self/exe", "run"]]) {
      await outcomeOf(exec(args));
    }
    expect(ourPrograms()).toEqual(before);
  });
});

describeWhere(ATTACKS, "CVE-2016-9962: a process that is still ours, in the container", () => {
  const run = { process: { capabilities: ORDINARY, noNewPrivileges: true } };

  test("cannot be looked into, although it is the same user already", async () => {
    const { exec } = await startHostile(hostileBundle(), ["/bin/sleep", "600"], run);
    let seen = "";
    const meanwhile = async (): Promise<void> => {
      seen = await exec(["/bin/attack", "fds"]);
    };
    await exec(["/bin/true"], {}, { meanwhile });
    expect(seen).toBe("looked\n");
  });

  test(`shows no descriptor in ${EXECS} executions`, async () => {
    const bundle = hostileBundle();
    const { exec } = await startHostile(bundle, ["/bin/sh", "-c", "exec attack fds 0 > /tmp/seen"], run);
    for (let round = 0; round < EXECS; round++) await exec(["/bin/true"]);
    expect(readFileSync(join(bundle.rootfs, "tmp/seen"), "utf8")).toBe("");
  });
});

/** Fifty descriptors of a directory of the host, which has a program in it. */
function leak(): void {
  const host = temporaryDirectory();
  writeFileSync(join(host, "secret"), "secret");
  mkdirSync(join(host, "bin"));
  writeFileSync(join(host, "bin/true"), "#!/bin/sh\necho escaped\n", { mode: 0o755 });
  const fds = Array.from({ length: 50 }, () => openSync(host, "r"));
  onTestFinished(() => fds.forEach(closeSync));
}

const NUMBERS = Array.from({ length: 58 }, (_, index) => index + 3);

describeWhere(BUNDLES, "CVE-2024-21626: descriptors of ours that lead out", () => {
  test("are closed before the program, which cannot be named through them", async () => {
    leak();
    await using launcher = await Launcher.open();
    const bundle = makeBundle();
    const outcomes = new Set<string>();
    for (const fd of NUMBERS) {
      const process = { args: [`/proc/self/fd/${fd}/bin/true`] };
      outcomes.add(await outcomeOf(runBundleWith(launcher, bundle, { script: "", process })));
    }
    expect([...outcomes].filter((outcome) => !/^(ENOENT|ENOTDIR|EACCES)/.test(outcome))).toEqual([]);
  });

  test("are no working directory of a further process", async () => {
    leak();
    const { exec } = await startHostile(makeBundle(), ["/bin/sleep", "600"]);
    const outcomes = new Set<string>();
    for (const fd of NUMBERS) outcomes.add(await outcomeOf(exec(["/bin/true"], { cwd: `/proc/self/fd/${fd}` })));
    expect([...outcomes].filter((outcome) => !/^(ENOENT|ENOTDIR) setDirectory$/.test(outcome))).toEqual([]);
  });

  test("are no working directory even where the host's directory was handed over on purpose", async () => {
    const descriptor = openSync(temporaryDirectory(), "r");
    onTestFinished(() => closeSync(descriptor));
    const { exec } = await startHostile(makeBundle(), ["/bin/sleep", "600"]);
    const attempt = exec(["/bin/true"], { cwd: "/proc/self/fd/3", noNewPrivileges: false }, { descriptor });
    expect(await outcomeOf(attempt)).toBe("ENOENT setDirectory");
  });
});
