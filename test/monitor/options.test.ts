/** Docker's options of run, as the inside of the container sees them. */
import { readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { stopContainer } from "../../runtime/container/stop.ts";
import { waitForContainer } from "../../runtime/container/wait.ts";
import { detached, ownRoot, untilPrinted } from "../support/detached.ts";
import { CONTAINERS, describeWhere } from "../support/needs.ts";
import { ringside } from "../support/ringside.ts";
import { temporaryDirectory } from "../support/temporary.ts";

async function inside(options: readonly string[], script: string): Promise<{ stdout: string; stderr: string }> {
  const { stdout, stderr } = await ringside(["run", "--rm", ...options, "ringside/base", "sh", "-c", script]);
  return { stdout, stderr };
}

describeWhere(CONTAINERS, "the inside", () => {
  test("sees files of the host where they are shown, and may write only where it may", async () => {
    ownRoot();
    const here = temporaryDirectory();
    writeFileSync(join(here, "file"), "shared\n");
    const { stdout, stderr } = await inside(
      [
        ...["-v", `${here}:/data`, "-v", `${here}:/mnt/deep/readonly:ro`],
        ...["--mount", `type=bind,src=${here}/file,dst=/etc/one,readonly`],
        ...["--tmpfs", "/scratch:size=1m,mode=700", "--shm-size", "2m"],
      ],
      `cat /data/file /mnt/deep/readonly/file /etc/one; echo written > /data/back
       echo no > /mnt/deep/readonly/no; echo no > /etc/one
       df -k /scratch /dev/shm | awk 'NR>1 {print $2}'; stat -c %a /scratch
       grep -c ' /data .* shared:' /proc/self/mountinfo`,
    );
    expect(stdout).toBe("shared\nshared\nshared\n1024\n2048\n700\n0\n");
    expect(stderr.match(/Read-only file system/g)).toHaveLength(2);
    expect(readFileSync(join(here, "back"), "utf8")).toBe("written\n");
  });

  test("has the rights and limits that were asked for, and no others", async () => {
    ownRoot();
    const { stdout } = await inside(
      [
        ...["--cap-drop", "ALL", "--cap-add", "NET_ADMIN", "--ulimit", "nofile=100:200", "--oom-score-adj", "500"],
        ...["--memory", "64m", "--memory-swap", "64m", "--cpuset-cpus", "0", "--cpu-shares", "512"],
        ...["--sysctl", "net.ipv4.ip_forward=1", "--group-add", "44"],
      ],
      `grep -E '^Cap(Prm|Eff|Bnd)' /proc/self/status | cut -f2 | sort -u; ulimit -n; ulimit -Hn
       cat /proc/self/oom_score_adj /proc/sys/net/ipv4/ip_forward
       grep Cpus_allowed_list /proc/self/status | cut -f2; id -G`,
    );
    expect(stdout).toBe("0000000000001000\n100\n200\n500\n1\n0\n0 44\n");
  });

  test("has no filter and may gain privileges only when that is said", async () => {
    ownRoot();
    const status = "grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status | cut -f2 | tr '\\n' ' '";
    expect((await inside([], status)).stdout).toBe("1 2 ");
    const open = ["--security-opt", "seccomp=unconfined", "--security-opt", "no-new-privileges=false"];
    expect((await inside(open, status)).stdout).toBe("0 0 ");
  });

  test("may open a device that was given, only as it was given", async () => {
    ownRoot();
    const { stdout, stderr } = await inside(
      // The kernel's messages are in no namespace: the capability to read them is asked for besides.
      ["--device", "/dev/kmsg:/dev/messages:r", "--cap-add", "SYSLOG"],
      "stat -c %F,%t,%T /dev/messages; exec 3< /dev/messages && echo opened; echo x > /dev/messages",
    );
    expect(stdout).toBe("character special file,1,b\nopened\n");
    expect(stderr).toMatch(/Operation not permitted|Permission denied/);
  });

  test("has the names, addresses, words and program that were given", async () => {
    ownRoot();
    const env = join(temporaryDirectory(), "env");
    writeFileSync(env, "# comment\nSEAT=front\nROW=1\n");
    const { stdout } = await inside(
      [
        ...["--env-file", env, "-e", "ROW=2", "--add-host", "stage:192.0.2.7", "--domainname", "theatre"],
        ...["--dns", "192.0.2.53", "--dns-search", "example.org"],
      ],
      "echo $SEAT $ROW; grep stage /etc/hosts; cat /etc/resolv.conf /proc/sys/kernel/domainname",
    );
    expect(stdout).toBe("front 2\n192.0.2.7\tstage\nnameserver 192.0.2.53\nsearch example.org\ntheatre\n");
    const other = await ringside(["run", "--rm", "--entrypoint", "echo", "ringside/base", "hi", "there"]);
    expect(other.stdout).toBe("hi there\n");
  });

  test("with --init has a PID 1 that takes orphans' exits, hands signals on, and ends as the program does", async () => {
    ownRoot();
    const orphans =
      "sh -c 'sleep 0.05 &'; sleep 0.3; ps -o pid,comm,stat | grep -c ' Z'; tr '\\0' ' ' < /proc/1/cmdline; exit 5";
    const run = await ringside(["run", "--rm", "--init", "ringside/base", "sh", "-c", orphans]);
    expect(run.stdout).toMatch(/^0\n\/sbin\/ringside-reaper sh -c /);
    expect(run.code).toBe(5);
    expect((await ringside(["run", "--rm", "--init", "ringside/base", "sh", "-c", "kill -9 $$"])).code).toBe(137);
    expect((await ringside(["run", "--rm", "--init", "ringside/base", "nosuch"])).code).toBe(127);
    const { id, state } = await detached("trap 'exit 3' TERM; echo ready; while :; do sleep 0.02; done", {
      reaper: true,
    });
    await untilPrinted(id, "ready");
    await stopContainer(id);
    expect(state().exit?.status).toEqual({ kind: "exited", code: 3 });
  });

  test("with --privileged is kept from nothing, and without it from all of that", async () => {
    ownRoot();
    const script = `mount -t tmpfs none /mnt 2>/dev/null && echo mounted
      grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status | cut -f2
      (: > /proc/sys/kernel/domainname) 2>/dev/null && echo writable; dd if=/dev/kmsg bs=8k count=1 >/dev/null 2>&1 && echo devices`;
    expect((await inside(["--privileged"], script)).stdout).toBe("mounted\n0\n0\nwritable\ndevices\n");
    expect((await inside([], script)).stdout).toBe("1\n2\n");
  });

  test("of a further process has no more rights than the first, and its user, directory and limits", async () => {
    ownRoot();
    const { id } = await detached("sleep 600", {
      user: "1000",
      cwd: "/tmp",
      capabilities: [],
      seccomp: null,
      rlimits: [{ type: "RLIMIT_NOFILE", soft: 77, hard: 77 }],
    });
    const script = "id -u; pwd; ulimit -n; grep -E '^(CapBnd|Seccomp):' /proc/self/status | cut -f2";
    expect((await ringside(["exec", id, "sh", "-c", script])).stdout).toBe("1000\n/tmp\n77\n0000000000000000\n0\n");
    const asRoot = await ringside([
      "exec",
      "-u",
      "0",
      id,
      "sh",
      "-c",
      "id -u; grep CapEff /proc/self/status | cut -f2",
    ]);
    expect(asRoot.stdout).toBe("0\n0000000000000000\n");
  });

  test("shares the namespaces that it is told to share", async () => {
    ownRoot();
    const links = "for n in pid uts ipc net; do readlink /proc/self/ns/$n; done";
    const hosts = await ringside([
      "run",
      "--rm",
      "--pid",
      "host",
      "--uts",
      "host",
      "--ipc",
      "host",
      "ringside/base",
      "sh",
      "-c",
      links,
    ]);
    const apart = await inside([], links);
    const { id } = await detached("sleep 600", { name: "neighbour" });
    const joined = await inside(
      ["--network", "container:neighbour", "--pid", "container:neighbour"],
      `${links}; ls /proc | grep -c '^[0-9]'`,
    );
    const there = await ringside(["exec", id, "sh", "-c", links]);
    const ours = ["pid", "uts", "ipc", "net"].map((name) => readlinkSync(`/proc/self/ns/${name}`));
    expect(hosts.stdout.split("\n").slice(0, 3)).toEqual(ours.slice(0, 3));
    for (const link of apart.stdout.trim().split("\n")) expect(ours).not.toContain(link);
    const [pid, , , net] = there.stdout.split("\n");
    const [joinedPid, , , joinedNet, processes] = joined.stdout.split("\n");
    expect([joinedPid, joinedNet]).toEqual([pid, net]);
    expect(Number(processes)).toBeGreaterThan(1);
    expect((await inside(["--pid", "container:nosuch"], "true")).stderr).toContain("there is no container nosuch");
  });

  test.each([
    [["--sysctl", "kernel.core_pattern=x"], "it would change the host"],
    [["--network", "host", "--sysctl", "net.core.somaxconn=1"], "it would change the host"],
    [["--uts", "host", "--hostname", "x"], "UTS namespace"],
    [["-v", "/tmp:/a", "--tmpfs", "/a"], "two mounts"],
    [["--ipc", "shareable"], "is not a choice"],
    [["--stop-signal", "NOSUCH"], "no signal"],
    [["--dns-search", "a b"], "is not a domain"],
    [["--label", "=x"], "not a name and a value"],
    [["--log-opt", "max-size=1m"], "without -d"],
  ])("is not made with %j: %s", async (options, why) => {
    ownRoot();
    const before = readFileSync("/proc/sys/kernel/core_pattern", "utf8");
    const { stderr } = await inside(options, "true");
    expect(stderr).toContain(why);
    expect(stderr).toContain("fix:");
    expect(readFileSync("/proc/sys/kernel/core_pattern", "utf8")).toBe(before);
  });

  test("of a detached container has a terminal too", async () => {
    ownRoot();
    const run = await ringside(["run", "-d", "-t", "ringside/base", "sh", "-c", "test -t 0 && test -t 1 && stty size"]);
    const id = run.stdout.trim();
    expect(await waitForContainer(id)).toBe(0);
    expect((await ringside(["logs", id])).stdout).toBe("24 80\r\n");
  });
});
