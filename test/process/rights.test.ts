/** Capabilities, filters, descriptors, key rings and labels: what a process may do, as the process itself finds out. */
import { execFileSync } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { StepError } from "../../native/step-error.ts";
import type { OciCapabilities } from "../../runtime/oci/config.ts";
import type { SeccompProfile } from "../../runtime/oci/seccomp.ts";
import { capabilityMask, capabilityNames } from "../../runtime/plan/capabilities.ts";
import { capabilitySets } from "../../runtime/plan/capability-sets.ts";
import { labelWrites } from "../../runtime/plan/labels.ts";
import { compileSeccomp } from "../../runtime/plan/seccomp/compile.ts";
import { CONTAINERS, describeWhere } from "../support/needs.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { lookAt, printed, runBundle } from "./bundle.ts";

const SETS = ["Inh", "Prm", "Eff", "Bnd", "Amb"] as const;

async function setsOf(capabilities: OciCapabilities, uid = 0): Promise<Record<string, string[]>> {
  const text = await printed("grep ^Cap /proc/self/status", { process: { capabilities, user: { uid, gid: uid } } });
  return Object.fromEntries(
    text.split("\n").map((line) => [line.slice(3, 6), capabilityNames(BigInt(`0x${line.split("\t")[1]}`))]),
  );
}

describeWhere(CONTAINERS, "capabilities", () => {
  test("are exactly the five sets of the configuration", async () => {
    const capabilities = {
      bounding: ["CAP_KILL", "CAP_CHOWN", "CAP_NET_RAW"],
      permitted: ["CAP_KILL", "CAP_CHOWN"],
      effective: ["CAP_KILL"],
      inheritable: ["CAP_KILL"],
      ambient: ["CAP_KILL"],
    };
    // Another user's program keeps over exec what is ambient, and root's what is within bounds.
    expect(await setsOf(capabilities, 1000)).toEqual({
      Inh: ["CAP_KILL"],
      Prm: ["CAP_KILL"],
      Eff: ["CAP_KILL"],
      Bnd: ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"],
      Amb: ["CAP_KILL"],
    });
  });

  test("are none where the configuration has none", async () => {
    expect(await setsOf({})).toEqual(Object.fromEntries(SETS.map((set) => [set, []])));
  });

  test("that nobody has heard of are left out, and said", async () => {
    const capabilities = {
      bounding: ["CAP_KILL", "CAP_FLY"],
      permitted: ["CAP_KILL", "CAP_FLY"],
      effective: ["CAP_KILL"],
    };
    const { notes, output } = await runBundle("grep CapBnd /proc/self/status", { process: { capabilities } });
    expect(notes).toEqual(['there is no capability "CAP_FLY": it is left out']);
    expect(BigInt(`0x${output.trim().split("\t")[1]}`)).toBe(capabilityMask(["CAP_KILL"]));
  });

  test("that the kernel would refuse are left out, and said", () => {
    const grantable = capabilityMask(["CAP_KILL", "CAP_CHOWN"]);
    const { bounding, effective, ambient, notes } = capabilitySets(
      {
        bounding: ["CAP_KILL", "CAP_SYS_ADMIN"],
        permitted: ["CAP_KILL"],
        effective: ["CAP_CHOWN"],
        ambient: ["CAP_KILL"],
      },
      grantable,
    );
    expect([bounding, effective, ambient]).toEqual([capabilityMask(["CAP_KILL"]), 0n, 0n]);
    expect(notes).toEqual([
      "CAP_SYS_ADMIN cannot be granted here: it is left out",
      "CAP_CHOWN is effective but not permitted: it is left out",
      "CAP_KILL is ambient but not both permitted and inheritable: it is left out",
    ]);
  });
});

describeWhere(CONTAINERS, "a filter", () => {
  const profile: SeccompProfile = {
    defaultAction: "SCMP_ACT_ALLOW",
    syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 95 }],
  };
  const script = "mkdir /x 2>&1; grep -E '^(Seccomp|NoNewPrivs):' /proc/self/status | tr -d '\\t'";

  test.each([true, false])("is in force with no_new_privs %s", async (noNewPrivileges) => {
    const context = { filter: compileSeccomp(profile) };
    const text = await printed(script, { process: { noNewPrivileges }, linux: { seccomp: profile }, context });
    expect(text).toContain("Operation not supported");
    expect(text).toContain(`NoNewPrivs:${noNewPrivileges ? 1 : 0}\nSeccomp:2`);
  });

  test("without no_new_privs is in force before rights are dropped, so another user has it too", async () => {
    const context = { filter: compileSeccomp(profile) };
    const process = { noNewPrivileges: false, user: { uid: 1000, gid: 1000 }, capabilities: {} };
    expect(await printed(script, { process, linux: { seccomp: profile }, context })).toContain("Seccomp:2");
  });

  test("with flags of the kernel's is accepted, and with others refused", async () => {
    const flagged = { ...profile, flags: ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"] };
    const context = { filter: compileSeccomp(profile) };
    expect(await printed("grep ^Seccomp: /proc/self/status", { linux: { seccomp: flagged }, context })).toMatch(/2$/);
    const wrong = { ...profile, flags: ["SECCOMP_FILTER_FLAG_FLY"] };
    await expect(runBundle("true", { linux: { seccomp: wrong }, context })).rejects.toThrow(/no flag/);
  });
});

function openDescriptors(pid: number): number[] {
  return readdirSync(`/proc/${pid}/fd`)
    .map(Number)
    .toSorted((a, b) => a - b);
}

describeWhere(CONTAINERS, "descriptors", () => {
  test("are 0 to 2 and no more, whatever we hold ourselves", async () => {
    const held = Array.from({ length: 30 }, () => openSync("/", "r"));
    try {
      expect(await lookAt(openDescriptors)).toEqual([0, 1, 2]);
    } finally {
      for (const fd of held) closeSync(fd);
    }
  });

  test.each([1, 7, 40])("handed over are 3 and those that follow: %i of them", async (count) => {
    const directory = temporaryDirectory();
    const descriptors = Array.from({ length: count }, (_, index) => {
      const file = join(directory, String(index));
      writeFileSync(file, `file ${index}\n`);
      return openSync(file, "r");
    });
    try {
      const given = { descriptors, context: { preserveFds: count, listenFds: count } };
      expect(await lookAt(openDescriptors, given)).toEqual(Array.from({ length: count + 3 }, (_, fd) => fd));
      const script = `for fd in $(seq 3 ${count + 2}); do cat /proc/$$/fd/$fd; done; env | grep LISTEN`;
      const text = await printed(script, given);
      const files = Array.from({ length: count }, (_, index) => `file ${index}`);
      expect(text.split("\n")).toEqual([...files, `LISTEN_FDS=${count}`, "LISTEN_PID=1"]);
    } finally {
      for (const fd of descriptors) closeSync(fd);
    }
  });
});

describeWhere(CONTAINERS, "signals", () => {
  test("mean what they mean by default, and none is blocked, whatever we ignore ourselves", async () => {
    const status = await lookAt((pid) => readFileSync(`/proc/${pid}/status`, "utf8"));
    expect(status).toMatch(/^SigBlk:\t0{16}\nSigIgn:\t0{16}$/m);
    // Node ignores SIGPIPE, and what it starts would too.
    expect(readFileSync("/proc/self/status", "utf8")).toMatch(/^SigIgn:\t[0-9a-f]*1000$/m);
  });
});

describeWhere(CONTAINERS, "a session key ring", () => {
  // The file is one of those that are hidden otherwise.
  const bare = { config: { mounts: [{ destination: "/proc", type: "proc", source: "proc" }] } };

  test("is the container's own, named after it, unless it is to keep the caller's", async () => {
    const own = await printed("cat /proc/keys", { ...bare, context: { id: "mine" } });
    expect(own).toMatch(/keyring\s+mine: empty/);
    const kept = await printed("cat /proc/keys", { ...bare, context: { id: "other", noNewKeyring: true } });
    expect(kept).not.toMatch(/keyring\s+other/);
  });
});

describeWhere(CONTAINERS, "labels", () => {
  const missing = { apparmor: false, selinux: false };
  const process = { user: { uid: 0, gid: 0 }, args: ["x"], cwd: "/" };

  test("name the module that the kernel lacks", () => {
    expect(() => labelWrites({ ...process, apparmorProfile: "web" }, () => missing)).toThrow(/has not AppArmor/);
    expect(() => labelWrites({ ...process, selinuxLabel: "u:r:t:s0" }, () => missing)).toThrow(/has not SELinux/);
    expect(labelWrites({ ...process, apparmorProfile: "unconfined" }, () => missing)).toEqual([]);
  });

  test("are written where the module reads them", () => {
    const both = { apparmor: true, selinux: true };
    const writes = labelWrites({ ...process, apparmorProfile: "web", selinuxLabel: "u:r:t:s0" }, () => both);
    expect(writes.map(({ path, value }) => [path, value])).toEqual([
      ["thread-self/attr/apparmor/exec", "exec web"],
      ["thread-self/attr/exec", "u:r:t:s0"],
    ]);
  });
});

describeWhere(CONTAINERS, "a program that is not there", () => {
  test("is known before the start", async () => {
    const fifo = join(temporaryDirectory(), "start");
    execFileSync("mkfifo", [fifo]);
    const attempt = async (args: string[]): Promise<unknown> =>
      await runBundle("", { process: { args }, context: { startFifo: fifo } }).catch(
        ({ syscall, code }: StepError) => `${syscall} ${code}`,
      );
    expect(await attempt(["no-such-program"])).toBe("resolveExecutable ENOENT");
    expect(await attempt(["/etc/hostname"])).toBe("resolveExecutable EACCES");
    expect(await attempt(["/etc"])).toBe("resolveExecutable EACCES");
  });
});
