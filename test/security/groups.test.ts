/** Control groups and sockets: what of the host's a container could reach through them, and what a frozen one leaves. */
import { existsSync, readdirSync, readFileSync, readlinkSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { places } from "../../runtime/container/directories.ts";
import { processIdentity } from "../../runtime/container/process-identity.ts";
import { waitForContainer } from "../../runtime/container/wait.ts";
import { BUNDLES, makeBundle, runBundle, USUAL_MOUNTS } from "../support/bundle.ts";
import { detached, ownRoot, printed } from "../support/detached.ts";
import { untilEmpty } from "../support/leftovers.ts";
import { CONTAINERS, describeWhere } from "../support/needs.ts";
import { startHostile } from "./running.ts";

describeWhere(BUNDLES, "CVE-2023-25809: groups of others, without a cgroup namespace", () => {
  const group = { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup" };
  const parent = `security-${process.pid}`;
  const linux = {
    cgroupsPath: `/${parent}/leaf`,
    namespaces: [{ type: "pid" as const }, { type: "mount" as const }, { type: "uts" as const }],
  };

  test("are not shown: what is mounted is the own group", async () => {
    const script = "find /sys/fs/cgroup -name leaf; cat /proc/self/cgroup | grep -c leaf; ls /sys/fs/cgroup | head -1";
    const { output } = await runBundle(makeBundle(), { script, moreMounts: [group], linux });
    const [count = "", first = ""] = output.split("\n");
    expect(count).toMatch(/^[1-9]\d*$/);
    expect(first).not.toBe("");
  });

  test("are not written where the mount is read-only, nor are the own ones", async () => {
    const script = `for file in /sys/fs/cgroup/*/cgroup.procs /sys/fs/cgroup/*/*/cgroup.procs; do
      (echo $$ > $file) 2>/dev/null && echo "$file"; done; echo end`;
    const moreMounts = [{ ...group, options: ["ro"] }];
    const { output } = await runBundle(makeBundle(), { script, mounts: [...USUAL_MOUNTS, ...moreMounts], linux });
    expect(output).toBe("end\n");
  });
});

const FREEZERS: Readonly<Record<string, { frozen: string; thawed: string }>> = {
  "freezer.state": { frozen: "FROZEN", thawed: "THAWED" },
  "cgroup.freeze": { frozen: "1", thawed: "0" },
};

describeWhere(BUNDLES, "crun 1.29: a frozen container", () => {
  test("does not outlive its end", { timeout: 20_000 }, async () => {
    const { pid, cgroups, launcher } = await startHostile(makeBundle(), ["/bin/sleep", "600"], {
      linux: { cgroupsPath: `/security-frozen-${process.pid}/leaf` },
    });
    const startTicks = processIdentity(pid)?.startTicks;
    // A v1 freezer first: on v2 the kernel itself ends what is frozen.
    const files = Object.keys(FREEZERS).flatMap((name) => cgroups.map((group) => ({ group, name })));
    const freezer = files.find(({ group, name }) => existsSync(join(group, name)));
    if (freezer === undefined) throw new Error(`no freezer among ${cgroups.join(", ")}`);
    const file = join(freezer.group, freezer.name);
    const isThere = () => (processIdentity(pid)?.startTicks === startTicks ? [pid] : []);
    // Whatever the test says, nothing stays frozen.
    onTestFinished(async () => {
      if (existsSync(file)) writeFileSync(file, FREEZERS[freezer.name]?.thawed ?? "");
      await untilEmpty(isThere);
      for (const group of cgroups.filter((path) => existsSync(path))) rmdirSync(group);
    });
    writeFileSync(file, FREEZERS[freezer.name]?.frozen ?? "");
    await launcher.close();
    expect(isThere()).toEqual([]);
    expect(cgroups.filter((path) => existsSync(path))).toEqual([]);
  });
});

/** The names of a process's unix sockets, as the kernel lists them (proc_pid_net(5)). */
function socketNames(pid: number): string[] {
  const inodes = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap(
      (fd) => /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`))?.[1] ?? [],
    ),
  );
  const rows = readFileSync("/proc/net/unix", "utf8").trim().split("\n").slice(1);
  return rows.map((row) => row.split(/\s+/)).flatMap((row) => (inodes.has(row[6] ?? "") ? [row[7] ?? ""] : []));
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

describeWhere(CONTAINERS, "CVE-2020-15257: sockets of ours, seen from a container on the host's network", () => {
  test("are none that it could reach: they have names of files, in a directory for their owner alone", async () => {
    ownRoot();
    const { id, state } = await detached("sleep 600", { network: "host" });
    const names = socketNames(state().owner.pid);
    expect(names.filter((name) => name.startsWith("@"))).toEqual([]);
    const directory = join(places().states, id);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(join(directory, "attach")).mode & 0o777).toBe(0o600);
    expect(names.some((name) => name.endsWith("/attach"))).toBe(true);
  });

  test("are not there by name inside", async () => {
    const root = ownRoot();
    const { id } = await detached(`ls ${root} /run/ringside /var/lib/ringside 2>/dev/null; echo end`, {
      network: "host",
    });
    await waitForContainer(id);
    expect((await printed(id)).stdout).toBe("end\n");
  });
});
