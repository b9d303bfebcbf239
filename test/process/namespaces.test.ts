/** Namespaces new and joined, in every order that the kernel forces, as the inside sees them. */
import { readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { Launcher, type StartedProcess } from "../../native/kernel.ts";
import { NO_SLOT } from "../../native/plan/operations.ts";
import type { StepError } from "../../native/step-error.ts";
import { NAMESPACE_TYPES, type NamespaceType, type OciNamespace } from "../../runtime/oci/config.ts";
import { executeStep } from "../../runtime/plan/execute.ts";
import { NAMESPACES, namespaceFlags } from "../../runtime/plan/namespaces.ts";
import { CONTAINERS, describeWhere, unless } from "../support/needs.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { printed, runBundle, USUAL_NAMESPACES } from "./bundle.ts";

const IDS = 65_536;
const MAPS = {
  uidMappings: [{ containerID: 0, hostID: 100_000, size: IDS }],
  gidMappings: [{ containerID: 0, hostID: 200_000, size: IDS }],
};
const SHOW = "for n in pid mnt net uts ipc cgroup user time; do echo $n $(readlink /proc/self/ns/$n); done";

function fileOf(type: NamespaceType): string {
  return NAMESPACES[type].file;
}

/** What SHOW printed, by the namespace's file. */
function shown(text: string): Record<string, string> {
  return Object.fromEntries(text.split("\n").map((line) => line.split(" ")));
}

const withNew = (...types: readonly NamespaceType[]): OciNamespace[] => [
  ...USUAL_NAMESPACES,
  ...types.map((type) => ({ type })),
];

/** A process in namespaces of its own, that waits until it is killed. */
async function holder(types: readonly NamespaceType[]): Promise<StartedProcess> {
  const launcher = await Launcher.open();
  onTestFinished(async () => {
    await launcher.close();
  });
  const words = { stage: "test", why: "for a test" };
  return await launcher.start([
    { ...words, phase: "host", op: "clone", flags: namespaceFlags(types), cgroup: NO_SLOT },
    executeStep(["/bin/sleep", "600"], []),
  ]);
}

describeWhere(CONTAINERS, "a container's namespaces", () => {
  test("may be all eight, new", async () => {
    const seen = shown(await printed(SHOW, { linux: { namespaces: withNew("user", "time"), ...MAPS } }));
    for (const type of NAMESPACE_TYPES) {
      expect([type, seen[fileOf(type)]]).toEqual([type, expect.stringMatching(/^\w+:\[\d+\]$/)]);
      expect(seen[fileOf(type)]).not.toBe(readlinkSync(`/proc/self/ns/${fileOf(type)}`));
    }
  });

  test("left out are the host's", async () => {
    const namespaces = USUAL_NAMESPACES.filter(({ type }) => type !== "ipc" && type !== "network");
    const seen = shown(await printed(SHOW, { linux: { namespaces } }));
    expect(seen.ipc).toBe(readlinkSync("/proc/self/ns/ipc"));
    expect(seen.net).toBe(readlinkSync("/proc/self/ns/net"));
    expect(seen.uts).not.toBe(readlinkSync("/proc/self/ns/uts"));
  });

  test("its first process is number 1, also when it had to be born twice", async () => {
    const script = "echo $$; ls -d /proc/[0-9]* | wc -l";
    const [pid, count] = (await printed(script, { linux: { namespaces: withNew("time") } })).split("\n");
    expect(pid).toBe("1");
    expect(Number(count)).toBeLessThan(5);
  });

  test.each(["network", "ipc", "uts", "pid", "cgroup", "time"] as const)(
    "%s can be another process's",
    async (type) => {
      const { pid } = await holder([type]);
      const path = `/proc/${pid}/ns/${fileOf(type)}`;
      const namespaces = [...USUAL_NAMESPACES.filter((one) => one.type !== type), { type, path }];
      const hostname = type === "uts" ? {} : { hostname: "inside" };
      // Until it execs, a process's own time namespace is its parent's: what counts is what its children get.
      const theirs = readlinkSync(type === "time" ? `/proc/${pid}/ns/time_for_children` : path);
      const seen = shown(await printed(SHOW, { linux: { namespaces }, config: hostname }));
      expect(seen[fileOf(type)]).toBe(theirs);
      expect(theirs).not.toBe(readlinkSync(`/proc/self/ns/${fileOf(type)}`));
    },
  );

  test("several can be another's, its user namespace among them", async () => {
    const launcher = await Launcher.open();
    onTestFinished(async () => {
      await launcher.close();
    });
    const words = { stage: "test", why: "for a test" };
    const owner = await launcher.start([
      {
        ...words,
        phase: "host",
        op: "clone",
        flags: namespaceFlags(["user", "network", "ipc", "pid"]),
        cgroup: NO_SLOT,
      },
      {
        ...words,
        phase: "host",
        op: "writeIdMaps",
        uidMap: `0 100000 ${IDS}\n`,
        gidMap: `0 200000 ${IDS}\n`,
        denySetgroups: 0,
      },
      { ...words, phase: "child", op: "becomeRoot", uid: 0, gid: 0 },
      executeStep(["/bin/sleep", "600"], []),
    ]);
    const path = (type: NamespaceType): string => `/proc/${owner.pid}/ns/${fileOf(type)}`;
    const joined = (["user", "network", "ipc", "pid"] as const).map((type) => ({ type, path: path(type) }));
    const fresh = USUAL_NAMESPACES.filter(({ type }) => !joined.some((one) => one.type === type));
    const seen = shown(await printed(SHOW, { linux: { namespaces: [...fresh, ...joined] } }));
    for (const { type } of joined) expect([type, seen[fileOf(type)]]).toEqual([type, readlinkSync(path(type))]);
    expect(seen.mnt).not.toBe(readlinkSync(path("mount")));
  });

  test("a new user namespace can go with another's network", async () => {
    const { pid } = await holder(["network"]);
    const path = `/proc/${pid}/ns/net`;
    const namespaces = [
      ...withNew("user").filter(({ type }) => type !== "network"),
      { type: "network" as const, path },
    ];
    const seen = shown(await printed(`${SHOW}; echo uid $(id -u)`, { linux: { namespaces, ...MAPS } }));
    expect(seen.net).toBe(readlinkSync(path));
    expect(seen.user).not.toBe(readlinkSync("/proc/self/ns/user"));
    expect(seen.uid).toBe("0");
  });

  test("what is joined has to be a namespace, and of that type", async () => {
    const path = join(temporaryDirectory(), "..");
    const others = USUAL_NAMESPACES.filter(({ type }) => type !== "network");
    const refusal = async (path: string): Promise<unknown> =>
      await runBundle("true", { linux: { namespaces: [...others, { type: "network", path }] } }).catch(
        ({ syscall, code }: StepError) => `${syscall} ${code}`,
      );
    expect(await refusal(path)).toBe("openNamespace ENOTTY");
    expect(await refusal("/proc/self/ns/uts")).toBe("openNamespace EINVAL");
    expect(await refusal("/no/such/namespace")).toBe("openNamespace ENOENT");
  });
});

describeWhere(CONTAINERS, "a user namespace", () => {
  const namespaces = withNew("user");

  test("has the maps of the configuration, and its root is nobody special outside", async () => {
    const maps = "cat /proc/self/uid_map /proc/self/gid_map | tr -s ' '; id -u; id -g";
    expect(await printed(maps, { linux: { namespaces, ...MAPS } })).toBe(` 0 100000 ${IDS}\n 0 200000 ${IDS}\n0\n0`);
  });

  test("what its root makes belongs on the host to the user that stands for it", async () => {
    const directory = temporaryDirectory();
    await runBundle("sleep 0", { linux: { namespaces, ...MAPS } });
    const { exit } = await runBundle("touch /dev/shm/x && stat -c '%u %g' /dev/shm/x | grep -qx '0 0'", {
      linux: { namespaces, ...MAPS },
    });
    expect(exit.status).toEqual({ kind: "exited", code: 0 });
    expect(statSync(directory).uid).toBe(0);
  });

  test("its program can be another user, in further groups, with every limit that was asked for", async () => {
    const process = {
      user: { uid: 1000, gid: 1000, additionalGids: [5, 6] },
      rlimits: [{ type: "RLIMIT_NOFILE", soft: 77, hard: 99 }],
      oomScoreAdj: 200,
    };
    const script = "id -u; id -G; ulimit -n; ulimit -Hn; cat /proc/self/oom_score_adj";
    expect(await printed(script, { process, linux: { namespaces, ...MAPS } })).toBe("1000\n1000 5 6\n77\n99\n200");
  });

  test("has its terminals, devices and message queues", async () => {
    const script = "test -c /dev/null && echo null > /dev/null && ls -ld /dev/mqueue /dev/pts | awk '{print $3}'";
    expect(await printed(script, { linux: { namespaces, ...MAPS } })).toMatch(/^(root|0)\n(root|0)$/);
  });

  test("without maps is refused", async () => {
    await expect(runBundle("true", { linux: { namespaces } })).rejects.toThrow(/no uidMappings/);
  });
});

describe("a time namespace", unless(CONTAINERS), () => {
  const timeOffsets = { monotonic: { secs: 1_000_000 }, boottime: { secs: 2_000_000, nanosecs: 5 } };

  test("shows clocks with the offsets of the configuration", async () => {
    const linux = { namespaces: withNew("time"), timeOffsets };
    const text = await printed("cat /proc/self/timens_offsets | tr -s ' \\t' ' '; cut -d. -f1 /proc/uptime", { linux });
    const [monotonic, boottime, uptime] = text.split("\n");
    expect(monotonic?.trim()).toBe("monotonic 1000000 0");
    expect(boottime?.trim()).toBe("boottime 2000000 5");
    expect(Number(uptime)).toBeGreaterThan(2_000_000);
  });

  test("goes with a user namespace", async () => {
    const linux = { namespaces: withNew("user", "time"), timeOffsets, ...MAPS };
    expect(Number(await printed("cut -d. -f1 /proc/uptime", { linux }))).toBeGreaterThan(2_000_000);
  });

  test("is needed for offsets", async () => {
    await expect(runBundle("true", { linux: { namespaces: USUAL_NAMESPACES, timeOffsets } })).rejects.toThrow(
      /no time namespace/,
    );
  });
});
