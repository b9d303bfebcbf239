/** What the inside of a container sees: each promise is checked by a program in a real one. */
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { describe, expect, test } from "vitest";
import { parseReports } from "../../runtime/cgroup/reports.ts";
import { NAMESPACES } from "../../runtime/plan/namespaces.ts";
import { containerProblem, inside } from "../support/inside.ts";

const problem = containerProblem();

describe.skipIf(problem !== undefined)(
  `inside a container${problem === undefined ? "" : ` (skipped: ${problem})`}`,
  () => {
    test("its first process is number 1 and sees only its own", async () => {
      const { output } = await inside("echo $$; ls -d /proc/[0-9]* | wc -l; cat /proc/1/cmdline | tr '\\0' ' '");
      const [pid, count, command] = output.split("\n");
      expect(pid).toBe("1");
      expect(Number(count)).toBeLessThan(5);
      expect(command).toContain("sh -c");
    });

    test("every namespace is another one than the host's", async () => {
      const { output } = await inside("for n in pid mnt net uts ipc cgroup; do readlink /proc/self/ns/$n; done");
      const { user: _user, time: _time, ...usual } = NAMESPACES;
      const own = Object.values(usual).map(({ file }) => readlinkSync(`/proc/self/ns/${file}`));
      const seen = output.trim().split("\n");
      expect(seen).toHaveLength(own.length);
      for (const namespace of seen) expect(own).not.toContain(namespace);
    });

    test("--network host leaves it the host's interfaces, and only those", async () => {
      const { output } = await inside("readlink /proc/self/ns/net; readlink /proc/self/ns/uts", { network: "host" });
      const [net, uts] = output.trim().split("\n");
      expect(net).toBe(readlinkSync("/proc/self/ns/net"));
      expect(uts).not.toBe(readlinkSync("/proc/self/ns/uts"));
    });

    test("its network has a loopback that is up, and nothing else", async () => {
      const { output } = await inside("ls /sys/class/net; ping -c 1 -W 5 127.0.0.1 | grep -c '1 packets received'");
      expect(output).toBe("lo\n1\n");
    });

    test("its hostname is its own, in the kernel and in the files", async () => {
      const { output } = await inside("hostname; cat /etc/hostname; grep -c stage /etc/hosts", { hostname: "stage" });
      expect(output).toBe("stage\nstage\n1\n");
      expect(hostname()).not.toBe("stage");
    });

    test("its root is the image, and what it writes reaches neither image nor host", async () => {
      const { output } = await inside("echo new > /etc/os-release; cat /etc/os-release");
      expect(output).toBe("new\n");
      const { output: again } = await inside("cat /etc/os-release");
      expect(again).not.toContain("new\n");
    });

    test("with --read-only nothing can be written but what is memory", async () => {
      const { output } = await inside("touch /x 2>&1; touch /dev/shm/x && echo shm; touch /etc/x 2>&1", {
        readOnly: true,
      });
      expect(output.match(/Read-only file system/g)).toHaveLength(2);
      expect(output).toContain("shm");
    });

    test("the host's mounts are gone from its mount table", async () => {
      const { output } = await inside("cat /proc/self/mountinfo");
      const points = output
        .trim()
        .split("\n")
        .map((line) => line.split(" ")[4] ?? "");
      expect(points[0]).toBe("/");
      for (const point of points) expect(point).toMatch(/^\/($|proc|dev|sys|etc\/host)/);
    });

    test("hidden paths are empty and guarded paths cannot be written", async () => {
      const { output } = await inside(
        "wc -c < /proc/keys; ls /sys/firmware | wc -l; echo x > /proc/sys/kernel/hostname; echo 3 > /proc/irq/default_smp_affinity; echo done",
      );
      expect(output).toMatch(/^0\n0\n/);
      expect(output.match(/Read-only file system/g)).toHaveLength(2);
    });

    test("its devices are the harmless ones, and others cannot be opened even when made", async () => {
      const { output } = await inside(
        "cat /dev/null; head -c 2 /dev/zero | wc -c; mknod /tmp/disk b 8 0 && cat /tmp/disk; echo $?",
      );
      expect(output).toContain("2\n");
      expect(output).toMatch(/Operation not permitted/);
    });

    test("root inside has Docker's capabilities, no new privileges and a seccomp filter", async () => {
      const { output } = await inside(
        "grep -E 'CapPrm|CapEff|CapBnd|CapInh|CapAmb|NoNewPrivs|Seccomp:' /proc/self/status",
      );
      const status = Object.fromEntries(
        output
          .trim()
          .split("\n")
          .map((line) => line.split(":\t")),
      );
      expect(status).toEqual({
        CapInh: "0000000000000000",
        CapPrm: "00000000a80425fb",
        CapEff: "00000000a80425fb",
        CapBnd: "00000000a80425fb",
        CapAmb: "0000000000000000",
        NoNewPrivs: "1",
        Seccomp: "2",
      });
    });

    test("another user has no capabilities, and its groups come from the image", async () => {
      const { output } = await inside("id -u; id -g; grep CapEff /proc/self/status; echo $HOME", { user: "learner" });
      expect(output).toBe("1000\n1000\nCapEff:\t0000000000000000\n/home/learner\n");
    });

    test("mounting, new namespaces and the system's clock are refused", async () => {
      const { output } = await inside(
        "mount -t tmpfs x /tmp; unshare -n true; date -s 2014-06-09; hostname other; echo end",
      );
      expect(output.match(/not permitted|Operation not permitted|permission denied/gi)?.length).toBeGreaterThanOrEqual(
        4,
      );
    });

    test("it holds no descriptor but its standard ones", async () => {
      // No pipe, whose ends the shell would hold, and not the last command, which the shell becomes.
      const { output } = await inside("ls /proc/$$/fd; true");
      expect(output).toBe("0\n1\n2\n");
    });

    test("its working directory and its variables are the given ones", async () => {
      const { output } = await inside("pwd; echo $SEAT", { cwd: "/made/on/demand", env: ["SEAT=ringside"] });
      expect(output).toBe("/made/on/demand\nringside\n");
    });

    test("it sees its own control group as the root of all", async () => {
      const { output } = await inside("cut -d: -f3 /proc/self/cgroup | sort -u", {
        memoryBytes: 64 << 20,
        pidsLimit: 50,
        cpus: 0.5,
      });
      expect(output).toBe("/\n");
    });

    test("a program that takes more memory than it may is killed, and the exit says so", async () => {
      const { exit } = await inside("head -c 200m /dev/zero | tail", { memoryBytes: 16 << 20 });
      expect(parseReports(exit.reports).oomKilled).toBe(true);
    });

    test("a fork bomb stops at its limit, and the host's count is told", async () => {
      const { exit, output } = await inside("for i in 1 2 3 4 5 6 7 8; do sleep 5 & done; echo bred; kill $(jobs -p)", {
        pidsLimit: 4,
      });
      expect(output).toMatch(/can't fork|Resource temporarily unavailable/);
      expect(parseReports(exit.reports).pidsRefused).toBeGreaterThan(0);
    });

    test("its life is a timeline whose spans follow one another, from the plan to the last step that removes it", async () => {
      const { world, exit } = await inside("true");
      const { spans, instants } = world.timeline();
      for (const [index, span] of spans.entries()) {
        expect(span.end).toBeGreaterThan(span.start);
        if (index > 0) expect(span.start).toBe(spans[index - 1]?.end);
      }
      expect(spans.map(({ stage }) => stage)).toContain("mounts");
      const program = spans.findIndex(({ stage }) => stage === "program");
      expect(spans.slice(program + 1).some(({ name }) => /^remove/.test(name))).toBe(true);
      expect(instants.map(({ name }) => name)).toEqual(["first user instruction", "gone"]);
      expect(exit.status).toEqual({ kind: "exited", code: 0 });
    });

    test("the launcher's program cannot be overwritten from inside", async () => {
      const before = readFileSync("/proc/self/exe");
      const { output } = await inside("for p in /proc/[0-9]*/exe; do echo x > $p; done; readlink /proc/1/exe");
      expect(output).toContain("/bin/busybox");
      expect(readFileSync("/proc/self/exe").equals(before)).toBe(true);
    });
  },
);
