/** Containers of an ordinary user: what the inside sees, whose its files are outside, and that nothing is left. */

import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdirSync, readdirSync, rmdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { detectCgroups } from "../../runtime/cgroup/layout.ts";
import { CONTAINERS, describeWhere, needsPrograms, unless } from "../support/needs.ts";
import { needsReadableCheckout, type OrdinaryUser, ordinaryUser, processesOf } from "../support/ordinary-user.ts";

const UID = 54_323;
const SUBORDINATE = { first: 700_000, count: 65_536 };
const NOTHING = { files: [], processes: [] };
const BASE = "ringside/base";

describeWhere([...CONTAINERS, needsPrograms("setpriv", "unshare"), needsReadableCheckout], "an ordinary user", () => {
  let user: OrdinaryUser;

  beforeAll(async () => {
    user = ordinaryUser(UID);
    expect(await user.ringside(["image", "build"])).toMatchObject({ code: 0 });
  });

  afterAll(() => {
    user.dispose();
  });

  afterEach(async () => {
    try {
      // A monitor ends after those who wait for its container.
      await expect.poll(() => ({ files: user.leftovers(), processes: processesOf(UID) })).toEqual(NOTHING);
    } finally {
      user.clear();
    }
  });

  /** Runs a container to its end. @returns what it printed, with what Ringside said */
  async function run(...args: readonly string[]): Promise<string> {
    const { stdout, stderr } = await user.ringside(["run", "--rm", ...args]);
    return stdout + stderr;
  }

  test("is root inside, with a root of its own and no interface but the loopback", async () => {
    const script =
      "id -u; tr -s ' ' < /proc/self/uid_map; touch /x && ls -A /sys/class/net; echo y > /dev/null; hostname";
    expect(await run("--hostname", "mine", BASE, "sh", "-c", script)).toBe(`0\n 0 ${UID} 1\nlo\nmine\n`);
  });

  test("owns outside what it writes inside, and inside what it owns outside", async () => {
    const shared = join(user.home, "shared");
    mkdirSync(shared);
    chownSync(shared, UID, UID);
    expect(await run("-v", `${shared}:/shared`, BASE, "sh", "-c", "touch /shared/file; stat -c %u /shared")).toBe(
      "0\n",
    );
    expect(statSync(join(shared, "file")).uid).toBe(UID);
  });

  test("may leave behind what it could not look into itself: it is removed all the same", async () => {
    expect(await run(BASE, "sh", "-c", "mkdir -p /a/b && touch /a/b/c && chmod 0 /a/b /a")).toBe("");
  });

  test("has users of its own already: more of them are asked for in vain, the machine's refused, both in words", async () => {
    const own = await user.ringside(["run", "--rm", "--userns", "auto", BASE, "id", "-u"]);
    expect({ stdout: own.stdout, code: own.code }).toEqual({ stdout: "0\n", code: 0 });
    expect(own.stderr).toMatch(/^ringside: note: it has one user and one group, root, who is you outside: for more, /);
    const { stderr, code } = await user.ringside(["run", "--rm", "--userns", "host", BASE, "true"]);
    expect(code).toBe(125);
    expect(stderr).toMatch(/--userns host is for root[^\n]*\n {2}fix: /);
  });

  test("says what was asked for and is not had, as root's does", async () => {
    const args = ["run", "--rm", "-v", "/dev:/dev", "--device", "/dev/null:/dev/other", BASE, "echo", "ran"];
    const { stdout, stderr, code } = await user.ringside(args);
    expect({ stdout, code }).toEqual({ stdout: "ran\n", code: 0 });
    expect(stderr).toContain("ringside: note: /dev is the host's own, so no node of linux.devices is made in it\n");
  });

  test("cannot be somebody for whom nobody stands, and is told what to do about it", async () => {
    const { stderr, code } = await user.ringside(["run", "--rm", "-u", "1000", BASE, "true"]);
    expect(code).toBe(125);
    expect(stderr).toContain("cannot have the user 1000");
    expect(stderr).toMatch(/fix: (useradd|usermod|apt-get)/);
  });

  test("keeps containers that live on: several, looked at, entered, stopped and removed", async () => {
    const ringside = async (...args: string[]): Promise<string> => {
      const { stdout, stderr, code } = await user.ringside(args);
      expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: "" });
      return stdout;
    };
    await ringside("run", "-d", "--name", "one", BASE, "sh", "-c", "echo printed; exec sleep 1000");
    await ringside("run", "-d", "-t", "--rm", "--name", "two", BASE, "sleep", "1000");
    const table = await ringside("ps");
    expect(table).toMatch(/\bone\b.*\brunning\b/);
    expect(table).toMatch(/\btwo\b.*\brunning\b/);
    expect(await ringside("exec", "one", "sh", "-c", "id -u; touch /x; cat /proc/1/comm")).toBe("0\nsleep\n");
    expect(await ringside("exec", "two", "sh", "-c", "readlink /proc/1/fd/0; ls /x 2>/dev/null || echo apart")).toBe(
      "/dev/pts/0\napart\n",
    );
    expect(await ringside("logs", "one")).toBe("printed\n");
    expect(await ringside("top", "one")).toContain("sleep 1000");
    await ringside("stop", "-t", "0", "one", "two");
    await ringside("rm", "one");
  });

  test("cannot pause without a group, and is told how to come by one", async () => {
    await user.ringside(["run", "-d", "--rm", "--name", "one", BASE, "sleep", "1000"]);
    const { code, stderr } = await user.ringside(["pause", "one"]);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/no control group.*\n.*fix: (sudo sh -c '.*chown|systemd-run --user)/);
    await user.ringside(["stop", "-t", "0", "one"]);
  });

  test("joins the network of another container of its own", async () => {
    await user.ringside(["run", "-d", "--rm", "--name", "first", BASE, "sleep", "1000"]);
    const inode = await user.ringside(["exec", "first", "readlink", "/proc/self/ns/net"]);
    expect(await run("--network", "container:first", BASE, "readlink", "/proc/self/ns/net")).toBe(inode.stdout);
    await user.ringside(["stop", "-t", "0", "first"]);
  });

  test("shares the host's network, names and processes where it wants to", async () => {
    const script = "ls /sys/class/net; test -d /proc/$$ && hostname";
    const seen = await run(
      "--network",
      "host",
      "--pid",
      "host",
      "--uts",
      "host",
      "--ipc",
      "host",
      BASE,
      "sh",
      "-c",
      script,
    );
    expect(seen.split("\n")).toEqual(expect.arrayContaining(readdirSync("/sys/class/net")));
    expect(seen).toContain(execFileSync("hostname", { encoding: "utf8" }));
  });

  test("is told of a limit which line gives it the group that it needs", async () => {
    const { stdout, stderr, code } = await user.ringside(["run", "--rm", "--memory", "64m", BASE, "echo", "ran"]);
    expect({ stdout, code }).toEqual({ stdout: "", code: 125 });
    expect(stderr).toContain("cannot enforce --memory");
    expect(stderr).toMatch(/fix: (sudo sh -c '.*chown|systemd-run --user|mount|mkdir)/);
  });

  const memory = detectCgroups().controllers.memory;
  const v1 = memory?.version === 1 && !memory.readOnly ? undefined : "no controller of cgroup v1";
  test("is limited once root has followed that line", unless(v1), async () => {
    const { stderr } = await user.ringside(["run", "--rm", "--memory", "64m", BASE, "true"]);
    const line = /fix: sudo (sh -c '.*')/.exec(stderr)?.[1] ?? "";
    const group = `${memory?.directory}/ringside-${UID}`;
    try {
      execFileSync("sh", ["-c", line]);
      expect(await run("--memory", "64m", BASE, "cat", "/sys/fs/cgroup/memory/memory.limit_in_bytes")).toBe(
        "67108864\n",
      );
      expect(readdirSync(group, { withFileTypes: true }).filter((entry) => entry.isDirectory())).toEqual([]);
    } finally {
      rmdirSync(group);
    }
  });

  test("loses its container with its command, however that ends", async () => {
    const script = "mkdir /a && touch /a/b && chmod 0 /a; echo ready; exec sleep 1000";
    const child = user.start(["run", "--rm", BASE, "sh", "-c", script]);
    const ended = once(child, "close");
    await once(child.stdout, "data");
    child.kill("SIGKILL");
    await ended;
    await expect.poll(() => readdirSync(join(user.home, ".local/share/ringside/layers"))).toEqual([]);
    await user.ringside(["ps"]);
  });

  describeWhere([needsPrograms("newuidmap", "newgidmap")], "to whom further ids are given", () => {
    test("has them in its containers, and all that they leave is removed", async () => {
      const more = { subordinate: SUBORDINATE };
      const script =
        "tr -s ' ' < /proc/self/uid_map; touch /x; mkdir -m 700 /y; chown 1000:5 /x /y; chown 65535 /y; ls -ln / | grep -c 65535";
      const { stdout, stderr } = await user.ringside(["run", "--rm", BASE, "sh", "-c", script], more);
      expect(stdout + stderr).toBe(` 0 ${UID} 1\n 1 ${SUBORDINATE.first} ${SUBORDINATE.count}\n1\n`);
    });

    test("may be any of them, and has the groups of it", async () => {
      const more = { subordinate: SUBORDINATE };
      const args = ["run", "--rm", "-u", "1000:7", "--group-add", "8", BASE, "sh", "-c", "id -u; id -G"];
      expect(await user.ringside(args, more)).toEqual({ stdout: "1000\n7 8\n", stderr: "", code: 0 });
    });

    test("has what a container that lives on has left removed by its monitor, and what has ended by rm", async () => {
      const more = { subordinate: SUBORDINATE };
      const script = "mkdir -m 700 /y; chown 1000 /y; su -s /bin/sh learner -c 'touch /y/z'; exit 3";
      for (const name of ["one", "two"]) {
        const flags = name === "one" ? ["--rm"] : [];
        await user.ringside(["run", "-d", ...flags, "--name", name, BASE, "sh", "-c", script], more);
        const { stdout } = await user.ringside(["wait", name], more);
        // A monitor may have been quicker than we.
        expect(name === "one" ? ["3\n", ""] : ["3\n"]).toContain(stdout);
      }
      expect(await user.ringside(["rm", "two"], more)).toMatchObject({ code: 0 });
      await expect.poll(() => user.leftovers()).toEqual([]);
    });
  });
});
