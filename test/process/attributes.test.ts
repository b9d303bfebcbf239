/** What a process has beside its rights, as the process itself sees it. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { StepError } from "../../native/step-error.ts";
import { explainFailure } from "../../runtime/container/failure.ts";
import type { OciProcess } from "../../runtime/oci/config.ts";
import { DEFAULT_MOUNTS, mountEntry } from "../../runtime/oci/defaults.ts";
import { CAPABILITIES } from "../../runtime/plan/capabilities.ts";
import { grantableCapabilities } from "../../runtime/plan/capability-sets.ts";
import { CONTAINERS, describeWhere } from "../support/needs.ts";
import { printed, runBundle } from "./bundle.ts";

const SCHEDULING = "awk '/^policy|^prio/ { print $1, $3 }' /proc/self/sched";
/** Fields of /proc/PID/stat, counted as proc_pid_stat(5) does. */
const field = (number: number): string => `awk '{ print $${number} }' /proc/self/stat`;

describeWhere(CONTAINERS, "a container's process", () => {
  test("is the user, in the groups, that the configuration names", async () => {
    const user = { uid: 1234, gid: 2345, additionalGids: [7, 8, 4_000_000_000] };
    const text = await printed("grep -E '^(Uid|Gid|Groups):' /proc/self/status | tr -s '\\t ' ' '", {
      process: { user },
    });
    expect(text.split("\n").map((line) => line.trim())).toEqual([
      "Uid: 1234 1234 1234 1234",
      "Gid: 2345 2345 2345 2345",
      "Groups: 7 8 4000000000",
    ]);
  });

  test("can be in as many groups as the kernel allows", async () => {
    const additionalGids = Array.from({ length: 65_536 }, (_, index) => index + 10);
    const user = { uid: 1, gid: 1, additionalGids };
    const text = await printed("sed -n 's/^Groups://p' /proc/self/status | wc -w", { process: { user } });
    expect(text.trim()).toBe("65536");
  });

  test("makes files with the umask that it was given, or 022", async () => {
    const script = "umask; touch /tmp/file; stat -c %a /tmp/file";
    expect(await printed(script)).toBe("0022\n644");
    const user = { uid: 0, gid: 0, umask: 0o037 };
    expect(await printed(script, { process: { user } })).toBe("0037\n640");
  });

  test("has every resource limit that the configuration names, soft and hard", async () => {
    const rlimits = [
      { type: "RLIMIT_NOFILE", soft: 100, hard: 200 },
      { type: "RLIMIT_CORE", soft: 0, hard: 0 },
      { type: "RLIMIT_STACK", soft: 4_194_304, hard: 18_446_744_073_709_551_615n },
      { type: "RLIMIT_MEMLOCK", soft: 65_536, hard: 131_072 },
    ];
    const text = await printed(
      "grep -E '^Max (open files|core file size|stack size|locked memory)' /proc/self/limits",
      {
        process: { rlimits },
      },
    );
    const seen = text.split("\n").map((line) => line.split(/ {2,}/).slice(0, 3));
    expect(seen).toEqual([
      ["Max stack size", "4194304", "unlimited"],
      ["Max core file size", "0", "0"],
      ["Max open files", "100", "200"],
      ["Max locked memory", "65536", "131072"],
    ]);
  });

  test("is not started with a limit beyond what the kernel can give: the error says what it can", async () => {
    const most = Number(readFileSync("/proc/sys/fs/nr_open", "utf8"));
    const rlimits = [{ type: "RLIMIT_NOFILE", soft: 100, hard: most + 1 }];
    const failure = await runBundle("true", { process: { rlimits } }).catch((error: unknown) =>
      explainFailure(error, { program: "" }),
    );
    expect(failure).toMatchObject({
      message: expect.stringContaining("setLimit"),
      fix: expect.stringMatching(`RLIMIT_NOFILE of 100 .soft. and ${most + 1} .hard.*fs.nr_open is ${most}`),
    });
  });

  test("is ended sooner than others when memory runs out, as asked", async () => {
    expect(await printed("cat /proc/self/oom_score_adj", { process: { oomScoreAdj: 321 } })).toBe("321");
  });

  test("is ended later than others only where the right to that is there, and says what is missing", async () => {
    const result = await runBundle("cat /proc/self/oom_score_adj", { process: { oomScoreAdj: -55 } }).catch(
      (error: unknown) => explainFailure(error, { program: "cat" }),
    );
    const mayLower = (grantableCapabilities() >> BigInt(CAPABILITIES.CAP_SYS_RESOURCE)) & 1n;
    if (mayLower) expect(result).toMatchObject({ output: "-55\n" });
    else expect(result).toMatchObject({ fix: expect.stringContaining("CAP_SYS_RESOURCE") });
  });

  test.each<[string, OciProcess["scheduler"] & object, string]>([
    ["SCHED_BATCH with a nice value", { policy: "SCHED_BATCH", nice: 7 }, "policy 3\nprio 127"],
    ["SCHED_IDLE", { policy: "SCHED_IDLE" }, "policy 5\nprio 120"],
    ["SCHED_OTHER", { policy: "SCHED_OTHER", nice: -3 }, "policy 0\nprio 117"],
    [
      "SCHED_FIFO, which its children lose",
      { policy: "SCHED_FIFO", priority: 9, flags: ["SCHED_FLAG_RESET_ON_FORK"] },
      "policy 1\nprio 90",
    ],
    ["SCHED_RR", { policy: "SCHED_RR", priority: 4 }, "policy 2\nprio 95"],
  ])("is scheduled by %s", async (name, scheduler, expected) => {
    const result = await runBundle("", {
      process: { scheduler, args: ["/bin/sh", "-c", `exec ${SCHEDULING}`] },
    }).catch((error: StepError) => error);
    // Real-time policies need a share of the group's time on kernels that divide it (RT_GROUP_SCHED).
    if (result instanceof Error) {
      expect([name.slice(0, 8), result.code]).toEqual([expect.stringMatching(/FIFO|RR/), "EPERM"]);
      return;
    }
    expect(result.output.trimEnd()).toBe(expected);
  });

  test("has a deadline where the configuration gives one", async () => {
    const scheduler = { policy: "SCHED_DEADLINE", runtime: 1_000_000, deadline: 10_000_000, period: 10_000_000 };
    const linux = { resources: {} };
    const args = ["/bin/sh", "-c", `exec ${field(41)}`];
    const result = await runBundle("", { process: { scheduler, args }, linux }).catch((error: StepError) => error);
    // EBUSY: the machine has no time left to promise; EPERM: a cpuset does not let it run everywhere.
    if (result instanceof Error) expect(result).toMatchObject({ syscall: "setScheduler", code: /EBUSY|EPERM/ });
    else expect(result.output.trim()).toBe("6");
  });

  test("has the I/O priority that it was given", async () => {
    const ioPriority = { class: "IOPRIO_CLASS_BE", priority: 6 };
    expect(await printed("ionice -p $$", { process: { ioPriority } })).toBe("best-effort: prio 6");
    expect(await printed("ionice -p $$", { process: { ioPriority: { class: "IOPRIO_CLASS_IDLE" } } })).toBe("idle");
  });

  test("believes to run on a 32-bit machine when it is told so", async () => {
    expect(await printed("uname -m", { linux: { personality: { domain: "LINUX32" } } })).toMatch(/^i[3-6]86$|^armv/);
    expect(await printed("uname -m", { linux: { personality: { domain: "LINUX" } } })).not.toMatch(/^i[3-6]86$/);
  });

  test("takes its memory from the nodes that it was given", async () => {
    const memoryPolicy = { mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_STATIC_NODES"] };
    const text = await printed("head -1 /proc/self/numa_maps | cut -d' ' -f2", { linux: { memoryPolicy } });
    expect(text).toMatch(/^bind(=static)?:0$/);
  });

  test("knows its domain, and the host's stays what it was", async () => {
    const before = readFileSync("/proc/sys/kernel/domainname", "utf8");
    expect(await printed("cat /proc/sys/kernel/domainname", { config: { domainname: "example.net" } })).toBe(
      "example.net",
    );
    expect(readFileSync("/proc/sys/kernel/domainname", "utf8")).toBe(before);
  });

  test("may gain rights again only without no_new_privs", async () => {
    const script = "grep NoNewPrivs /proc/self/status | tr -d '\\t'";
    expect(await printed(script)).toBe("NoNewPrivs:1");
    expect(await printed(script, { process: { noNewPrivileges: false } })).toBe("NoNewPrivs:0");
  });

  test("works where the configuration says, also where its user may not enter", async () => {
    expect(await printed("pwd", { process: { cwd: "/usr/bin" } })).toBe("/usr/bin");
    const closed = { destination: "/closed", type: "tmpfs", source: "tmpfs", options: ["mode=700"] };
    const process = { cwd: "/closed/", user: { uid: 77, gid: 77 }, capabilities: {} };
    const config = { mounts: [...DEFAULT_MOUNTS.map(mountEntry), closed] };
    expect(await printed("pwd; ls . 2>&1 | grep -o 'Permission denied'", { process, config })).toBe(
      "/closed\nPermission denied",
    );
  });
});
