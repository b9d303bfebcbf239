/**
 * The same bundle through crun, runc and ours: what the inside sees, and what is left outside, must agree. Where it does
 * not, the difference is a row of the table below with its reason; a difference without a row fails, and so does a row
 * without a difference.
 */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { detectCgroups } from "../../runtime/cgroup/layout.ts";
import type { OciConfig } from "../../runtime/oci/config.ts";
import { defaultSeccomp } from "../../runtime/plan/seccomp/default-profile.ts";
import { groupsNaming, needsSystemPrograms } from "../support/engines.ts";
import { untilEmpty } from "../support/leftovers.ts";
import { CONTAINERS, describeWhere } from "../support/needs.ts";
import { acceptCrun, Bench, plainConfig, type RuntimeName } from "../support/oci-runtime.ts";

const SETUP_LIMIT_MS = 60_000;
const PEERS = ["crun", "runc"] as const;
type Peer = (typeof PEERS)[number];

/** One thing that is looked at: what prints it inside, and what of the output is the machine's and not the runtime's. */
interface Look {
  readonly what: string;
  readonly script: string;
  readonly config?: (config: OciConfig) => OciConfig;
  /** Takes out what differs from start to start. */
  readonly plain?: (output: string) => string;
}

const sorted = (text: string): string => text.split("\n").toSorted().join("\n");

const withProcess =
  (process: Partial<NonNullable<OciConfig["process"]>>) =>
  (config: OciConfig): OciConfig => ({
    ...config,
    process: { ...(config.process ?? { args: [], cwd: "/", user: { uid: 0, gid: 0 } }), ...process },
  });

const withLinux =
  (linux: Partial<NonNullable<OciConfig["linux"]>>) =>
  (config: OciConfig): OciConfig => ({ ...config, linux: { ...config.linux, ...linux } });

const LIMITS = {
  devices: [{ allow: false, access: "rwm" }],
  memory: { limit: 67_108_864 },
  pids: { limit: 33 },
  cpu: { quota: 50_000, period: 100_000, shares: 512 },
};

const SOME = ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"];

const MOUNTS = `awk '{ for (i = 7; $i != "-"; i++); print $5, $6, $(i + 1) }' /proc/self/mountinfo`;
const MASKS = /^\/(proc\/(acpi|kcore|keys|latency_stats|timer_list|sched_debug|scsi)|sys\/firmware) .*\n?/gm;

const LOOKS: readonly Look[] = [
  {
    what: "identity and rights",
    script:
      "grep -E '^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp|Umask|SigBlk|SigIgn|Cpus_allowed_list|Mems_allowed_list)' /proc/self/status",
  },
  {
    what: "signals of the first process",
    script: "grep -E '^(SigQ|SigBlk|SigIgn)' /proc/1/status",
    plain: (text) => text.replace(/SigQ.*\n/, ""),
  },
  {
    what: "rights of another user",
    script: "grep -E '^(Uid|Gid|Groups|Cap|NoNewPrivs|Umask)' /proc/self/status",
    config: withProcess({
      user: { uid: 1000, gid: 44, umask: 0o077, additionalGids: [5, 77] },
      capabilities: { bounding: SOME, permitted: SOME, effective: SOME, inheritable: SOME, ambient: SOME },
    }),
  },
  {
    what: "seccomp with the default profile",
    script: "grep -E '^(Seccomp|NoNewPrivs)' /proc/self/status",
    config: withLinux({ seccomp: defaultSeccomp([]) }),
  },
  {
    what: "limits of the process",
    script: "cat /proc/self/limits",
    plain: (text) => text.replace(/^Max (processes|pending signals).*\n/gm, ""),
  },
  { what: "out of memory score", script: "cat /proc/self/oom_score_adj", config: withProcess({ oomScoreAdj: 500 }) },
  {
    what: "environment, arguments, directory",
    script: 'env; pwd; echo "$0" "$@"',
    config: withProcess({ cwd: "/var", env: ["PATH=/bin:/usr/bin:/sbin", "A=b c", "EMPTY=", "HOME=/root"] }),
    plain: sorted,
  },
  {
    what: "open descriptors",
    script: "ls /proc/self/fd; for i in 0 1 2; do readlink /proc/1/fd/$i | cut -d: -f1; done",
  },
  {
    what: "hostname",
    script: "hostname; cat /proc/sys/kernel/domainname",
    config: (config) => ({ ...config, hostname: "seat", domainname: "ring" }),
  },
  { what: "process numbers", script: "echo $$; cd /proc; echo [0-9]*" },
  { what: "session and terminal", script: "cut -d' ' -f4-8 /proc/1/stat", plain: (text) => text.trim() },
  {
    what: "mount points, flags and types",
    script: MOUNTS,
    plain: (text) => sorted(text.replace(/^\/sys\/fs\/cgroup.*\n?/gm, "").replace(MASKS, "")),
  },
  { what: "what covers masked paths", script: MOUNTS, plain: (text) => sorted(text.match(MASKS)?.join("") ?? "") },
  { what: "mounts of control groups", script: `${MOUNTS} | grep ^/sys/fs/cgroup`, plain: sorted },
  {
    what: "propagation of mounts",
    script: `awk '{ for (i = 7; $i != "-"; i++) print $5, $i }' /proc/self/mountinfo | sed 's/:[0-9]*$//'; echo end`,
    plain: sorted,
  },
  {
    what: "devices",
    script: "ls -ln /dev | awk '{ print $1, $3, $4, $5, $6, $NF }'",
    plain: (text) => sorted(text.replace(/^total.*\n/, "").replace(/\d+ (\S+)$/gm, "$1")),
  },
  {
    what: "masked paths",
    script:
      "for f in /proc/kcore /proc/keys /proc/timer_list; do head -c 10 $f | wc -c; done; ls -A /sys/firmware /proc/scsi /proc/acpi 2>&1",
  },
  {
    what: "read-only paths",
    script:
      "for f in /proc/sys/kernel/hostname /proc/sysrq-trigger /proc/irq/x /x; do (echo x > $f) 2>&1 | sed 's/.*: //'; done",
  },
  { what: "the root", script: "stat -c '%a %u %g' / /tmp /proc; (echo x > /x) 2>&1 | sed 's/.*: //'; ls /" },
  {
    what: "a writable root",
    script: "echo x > /x && cat /x && rm /x",
    config: (config) => ({ ...config, root: { path: "rootfs", readonly: false } }),
  },
  { what: "interfaces", script: "ls /sys/class/net; cat /sys/class/net/lo/flags; grep -c . /proc/net/route" },
  {
    what: "limits of the groups",
    script:
      "cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes pids/pids.max cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us cpu/cpu.shares memory.max pids.max cpu.max 2>/dev/null",
    config: withLinux({ resources: LIMITS }),
  },
  {
    what: "the view of the groups",
    script: "cut -d: -f2,3 /proc/self/cgroup",
    config: withLinux({ resources: LIMITS }),
    plain: sorted,
  },
  { what: "device permissions", script: "cat /sys/fs/cgroup/devices/devices.list 2>/dev/null", plain: sorted },
  {
    what: "devices that may not be used",
    script:
      "rm -f /sda; mknod /sda b 8 0 && (head -c 1 /sda) 2>&1 | sed 's/.*: //'; rm /sda; head -c 1 /dev/zero | wc -c; head -c 1 /dev/kmsg 2>&1 | sed 's/.*: //'",
    config: (config) => ({
      ...withProcess({ capabilities: { bounding: ["CAP_MKNOD"], permitted: ["CAP_MKNOD"], effective: ["CAP_MKNOD"] } })(
        config,
      ),
      root: { path: "rootfs" },
    }),
  },
  {
    what: "kernel settings",
    script: "cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/msgmax",
    config: withLinux({ sysctl: { "net.ipv4.ip_unprivileged_port_start": "7", "kernel.msgmax": "4096" } }),
  },
  {
    what: "a user namespace",
    script:
      "cat /proc/self/uid_map /proc/self/gid_map; id -u; id -g; grep -E '^Cap' /proc/self/status; stat -c '%u' /proc/self",
    config: (config) => ({
      ...config,
      mounts: (config.mounts ?? []).filter(({ type }) => type !== "cgroup"),
      linux: {
        ...config.linux,
        namespaces: [...(config.linux?.namespaces ?? []), { type: "user" }],
        uidMappings: [{ containerID: 0, hostID: 0, size: 1000 }],
        gidMappings: [{ containerID: 0, hostID: 0, size: 1000 }],
      },
    }),
  },
  {
    what: "a shared network and a shared hostname",
    script: "readlink /proc/self/ns/net; readlink /proc/self/ns/uts; hostname",
    config: ({ hostname: _, ...config }) => ({
      ...withLinux({ namespaces: [{ type: "pid" }, { type: "mount" }, { type: "ipc" }] })(config),
      mounts: (config.mounts ?? []).filter(({ type }) => type !== "cgroup"),
    }),
  },
  {
    what: "priorities",
    script: "cut -d' ' -f18-19,40-41 /proc/self/stat; cat /proc/self/personality 2>/dev/null || true",
  },
  {
    what: "a tmpfs with sizes, a bind mount with flags",
    script: 'awk \'$5 ~ "^/m" { for (i = 7; $i != "-"; i++); print $5, $6, $(i + 1), $(i + 3) }\' /proc/self/mountinfo',
    config: (config) => ({
      ...config,
      root: { path: "rootfs" },
      mounts: [
        ...(config.mounts ?? []),
        { destination: "/m1", type: "tmpfs", source: "tmpfs", options: ["size=1m", "mode=700", "noexec"] },
        { destination: "/m2", type: "bind", source: "/usr", options: ["rbind", "ro", "nosuid", "noexec"] },
      ],
    }),
    plain: sorted,
  },
];

const hasGroupsOfV1 = (): boolean => detectCgroups().mode !== "v2";
const isRootShared = (): boolean => / \/ \/ .* shared:/.test(readFileSync("/proc/self/mountinfo", "utf8"));

interface Difference {
  readonly what: string;
  readonly peers: readonly Peer[];
  readonly why: string;
  /** On which machines; on all without it. */
  readonly where?: () => boolean;
}

/** What is known to differ, and why. */
const KNOWN: readonly Difference[] = [
  {
    what: "open descriptors",
    peers: ["runc"],
    why: "runc copies the streams through pipes of its own; crun and ours hand them over",
  },
  { what: "hostname", peers: ["runc"], why: "runc 1.1.5 is older than domainname" },
  {
    what: "devices",
    peers: ["runc"],
    why: "runc makes the link /dev/core only where the host has /proc/kcore; crun and ours always",
    where: () => !existsSync("/proc/kcore"),
  },
  {
    what: "device permissions",
    peers: ["runc"],
    why: "runc allows /dev/net/tun (10:200) to everybody, and /dev/console only with a terminal",
    where: hasGroupsOfV1,
  },
  {
    what: "what covers masked paths",
    peers: ["crun", "runc"],
    why: "ours covers files with the container's own /dev/null, whose type is tmpfs, and mounts the empty directory nosuid, nodev and noexec",
  },
  {
    what: "propagation of mounts",
    peers: ["runc"],
    why: "runc leaves the root a slave of the host's where that is shared; crun and ours make it private",
    where: isRootShared,
  },
  {
    what: "mounts of control groups",
    peers: ["crun", "runc"],
    why: "ours shows the v2 tree of a hybrid machine too, and makes the tmpfs that holds all of them read-only as asked for",
    where: hasGroupsOfV1,
  },
];

describeWhere(
  [...CONTAINERS, needsSystemPrograms("crun", "runc", "tar")],
  "the same bundle through crun, runc and ours",
  () => {
    let bench: Bench;
    let bundle: string;
    let crunProblem: string | undefined;
    let releaseCrun: () => Promise<void> = async () => {};
    let count = 0;

    beforeAll(async () => {
      bench = new Bench();
      bundle = await bench.bundle("bundle", plainConfig(["true"]));
      // What a mount would make stays in the bundle, and would be seen by the next.
      for (const name of ["m1", "m2"]) mkdirSync(join(bundle, "rootfs", name));
      const accepted = await acceptCrun(bench.directory);
      crunProblem = accepted.problem;
      releaseCrun = accepted.release;
    }, SETUP_LIMIT_MS);

    afterAll(async () => {
      await bench[Symbol.asyncDispose]();
      await releaseCrun();
    }, SETUP_LIMIT_MS);

    async function seen(
      name: RuntimeName,
      { script, config = (same) => same, plain = (text) => text }: Look,
    ): Promise<string> {
      const id = bench.owns(name, `differ-${name}-${count++}`);
      bench.configure(bundle, config(plainConfig(["sh", "-c", script])));
      const { stdout, stderr, code } = await bench.call(name, ["run", "--bundle", bundle, id]);
      return plain(`${stdout}${stderr}`).trim() + (code === 0 ? "" : `\n(exit ${code})`);
    }

    const ours = new Map<string, Promise<string>>();
    function seenByUs(look: Look): Promise<string> {
      const known = ours.get(look.what);
      if (known !== undefined) return known;
      const fresh = seen("ringside", look);
      ours.set(look.what, fresh);
      return fresh;
    }

    for (const peer of PEERS) {
      test.for(LOOKS)(`ours and ${peer} agree on $what`, async (look, { skip }) => {
        if (peer === "crun" && crunProblem !== undefined) skip(crunProblem);
        const known = KNOWN.find(
          ({ what, peers, where }) => what === look.what && peers.includes(peer) && where?.() !== false,
        );
        const output = await seenByUs(look);
        const theirs = await seen(peer, look);
        expect(output).not.toBe("");
        if (known === undefined) expect(output).toBe(theirs);
        else expect(output, `${known.why}: no longer so`).not.toBe(theirs);
      });
    }

    test("agrees on what is left outside: nothing", async () => {
      for (const name of ["ringside", ...PEERS] as const) {
        const id = bench.owns(name, `left-${name}`);
        bench.configure(bundle, plainConfig(["sh", "-c", "sleep 100 & exit 3"]));
        const { code } = await bench.call(name, ["run", "--bundle", bundle, id]);
        if (name === "crun" && crunProblem !== undefined) continue;
        expect(code).toBe(3);
        expect(await untilEmpty(() => groupsNaming(id))).toEqual([]);
        expect(existsSync(`${bench.root(name)}/${id}`)).toBe(false);
      }
    });
  },
);
