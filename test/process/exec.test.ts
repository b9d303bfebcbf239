/** A further process of a container: all namespaces of the first, and attributes of its own. */
import { closeSync, openSync, readFileSync, readlinkSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { Launcher, openPipe } from "../../native/kernel.ts";
import type { StepError } from "../../native/step-error.ts";
import { detectCgroups } from "../../runtime/cgroup/layout.ts";
import { engineExecPlan } from "../../runtime/container/oci/exec-plan.ts";
import type { EngineRecord } from "../../runtime/container/oci/record.ts";
import { processIdentity } from "../../runtime/container/process-identity.ts";
import type { OciProcess } from "../../runtime/oci/config.ts";
import { capabilityMask } from "../../runtime/plan/capabilities.ts";
import { NAMESPACES } from "../../runtime/plan/namespaces.ts";
import { compileSeccomp } from "../../runtime/plan/seccomp/compile.ts";
import { readAll } from "../support/inside.ts";
import { CONTAINERS, describeWhere } from "../support/needs.ts";
import { bundlePlan, type Changes, USUAL_NAMESPACES, usualConfig } from "./bundle.ts";

interface Running {
  readonly pid: number;
  readonly launcher: Launcher;
  /** What a script prints as a further process. */
  exec(script: string, process?: Partial<OciProcess>): Promise<string>;
}

function recordOf(cgroups: readonly string[]): EngineRecord {
  return {
    schema: "ringside.oci/1",
    ociVersion: "1.3.0",
    id: "exec-test",
    bundle: "/",
    rootfs: "/",
    createdAt: "",
    owner: "root",
    annotations: {},
    cgroups,
    cgroupParents: [],
    hooks: false,
    hasProgram: true,
    systemd: false,
  };
}

/** A container that waits until the test is over. */
async function running(changes: Changes = {}): Promise<Running> {
  const process = { ...changes.process, args: ["/bin/sleep", "600"] };
  const { plan, cgroups } = bundlePlan("", { ...changes, process });
  const launcher = await Launcher.open();
  onTestFinished(async () => {
    await launcher.close();
  });
  const nothing = openSync("/dev/null", "r+");
  const { pid } = await launcher.start(plan, [nothing, nothing, nothing]);
  closeSync(nothing);
  const config = usualConfig("", changes);
  const init = { pid, startTicks: processIdentity(pid)?.startTicks ?? 0 };
  const record = recordOf(cgroups);
  const filter = config.linux?.seccomp === undefined ? undefined : compileSeccomp(config.linux.seccomp);
  return {
    pid,
    launcher,
    async exec(script, more = {}) {
      const wanted: OciProcess = { ...config.process, args: ["/bin/sh", "-c", script], ...more };
      const context = { record, init, config, layout: detectCgroups(), filter, preserveFds: 0 };
      const pipe = openPipe();
      const output = readAll(pipe.readFd);
      const started = launcher.start(engineExecPlan(wanted, context), [pipe.readFd, pipe.writeFd, pipe.writeFd]);
      const { exited } = await started.finally(() => closeSync(pipe.writeFd));
      await exited;
      return (await output).trimEnd();
    },
  };
}

const ALL = [...USUAL_NAMESPACES, { type: "user" as const }, { type: "time" as const }];
const MAPS = {
  uidMappings: [{ containerID: 0, hostID: 100_000, size: 65_536 }],
  gidMappings: [{ containerID: 0, hostID: 100_000, size: 65_536 }],
};

describeWhere(CONTAINERS, "a further process", () => {
  test.each([
    ["the usual namespaces", { namespaces: USUAL_NAMESPACES }],
    ["all eight namespaces", { namespaces: ALL, ...MAPS, timeOffsets: { boottime: { secs: 77 } } }],
  ])("is in %s of the first, and in its groups", async (_, linux) => {
    const { pid, exec } = await running({ linux });
    const files = Object.values(NAMESPACES).map(({ file }) => file);
    const seen = await exec(`for n in ${files.join(" ")}; do readlink /proc/self/ns/$n; done; cat /proc/self/cgroup`);
    const [...lines] = seen.split("\n");
    expect(lines.slice(0, files.length)).toEqual(files.map((file) => readlinkSync(`/proc/${pid}/ns/${file}`)));
    // In a cgroup namespace of its own the container's group is the root.
    const groups = readFileSync(`/proc/${pid}/cgroup`, "utf8").trim().split("\n");
    const own = groups
      .filter((line) => line.includes("ringside"))
      .map((line) => `${line.slice(0, line.lastIndexOf(":"))}:/`);
    for (const line of own) expect(lines.slice(files.length)).toContain(line);
    expect(own.length).toBeGreaterThan(0);
  });

  test("is another user with limits and rights of its own", async () => {
    const { exec } = await running({ linux: { namespaces: ALL, ...MAPS } });
    const process: Partial<OciProcess> = {
      user: { uid: 1000, gid: 1001, additionalGids: [7], umask: 0o077 },
      rlimits: [{ type: "RLIMIT_NOFILE", soft: 33, hard: 44 }],
      capabilities: { bounding: ["CAP_KILL"], inheritable: [], permitted: ["CAP_KILL"] },
      oomScoreAdj: 300,
      noNewPrivileges: true,
      cwd: "/tmp",
    };
    const script =
      "id -u; id -G; umask; ulimit -n; ulimit -Hn; pwd; cat /proc/self/oom_score_adj; awk '/CapBnd|NoNewPrivs/ {print $2}' /proc/self/status";
    expect((await exec(script, process)).split("\n")).toEqual([
      "1000",
      "1001 7",
      "0077",
      "33",
      "44",
      "/tmp",
      "300",
      capabilityMask(["CAP_KILL"]).toString(16).padStart(16, "0"),
      "1",
    ]);
  });

  test("runs on the processors that it was given in the end", async () => {
    const { exec } = await running();
    const script = "awk '/Cpus_allowed_list/ {print $2}' /proc/self/status";
    const all = await exec(script);
    expect(await exec(script, { execCPUAffinity: { initial: "0", final: "0" } })).toBe("0");
    expect(await exec(script, { execCPUAffinity: { final: all } })).toBe(all);
  });

  test("is under the container's filter, and not in the caller's session", async () => {
    const seccomp = {
      defaultAction: "SCMP_ACT_ALLOW" as const,
      syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO" as const, errnoRet: 95 }],
    };
    const { exec } = await running({ linux: { seccomp, namespaces: USUAL_NAMESPACES } });
    const text = await exec("mkdir /x 2>&1; awk '{print $6}' /proc/self/stat");
    expect(text).toMatch(/Operation not supported\n\d+$/);
    expect(Number(text.split("\n").at(-1))).toBeGreaterThan(1);
  });

  test("that is not there, or may not be run, is known before anything else", async () => {
    const { exec } = await running();
    const attempt = async (args: string[]): Promise<unknown> =>
      await exec("", { args }).catch(({ syscall, code }: StepError) => `${syscall} ${code}`);
    expect(await attempt(["no-such-program"])).toBe("resolveExecutable ENOENT");
    expect(await attempt(["/etc/hosts"])).toBe("resolveExecutable EACCES");
  });

  test("cannot be put into a container whose number has become another's", async () => {
    const { pid, launcher } = await running();
    const config = usualConfig("true");
    const init = { pid, startTicks: 1 };
    const context = { record: recordOf([]), init, config, layout: detectCgroups(), filter: undefined, preserveFds: 0 };
    await expect(launcher.start(engineExecPlan(config.process, context), [0, 1, 2])).rejects.toMatchObject({
      syscall: "openPidfd",
      code: "ESRCH",
    });
  });
});
