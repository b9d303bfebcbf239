/** --userns: root's containers with users of their own, who are nobody outside. */
import { readFileSync, statSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { autoUsers } from "../../runtime/container/auto-users.ts";
import { detached, ownRoot, untilPrinted } from "../support/detached.ts";
import { CONTAINERS, describeWhere, type Need, testWhere } from "../support/needs.ts";
import { ringside } from "../support/ringside.ts";

const IDS = 65_536;
const BASE = "ringside/base";

/** Overlays of trees that are attached nowhere (clone_private_mount): Linux 6.15. */
function hasMappedOverlays(): boolean {
  const [major = 0, minor = 0] = release().split(".").map(Number);
  return major > 6 || (major === 6 && minor >= 15);
}

const needsMappedOverlays: Need = () =>
  hasMappedOverlays() ? undefined : `Linux ${release()} takes no overlay of mapped trees, 6.15 does`;
const needsNone: Need = () => (hasMappedOverlays() ? "this kernel takes overlays of mapped trees" : undefined);

describeWhere([...CONTAINERS, needsMappedOverlays], "a container of root's with users of its own", () => {
  test("sees files as their owners have them, changes them, and may be anybody inside", async () => {
    ownRoot();
    const script = `stat -c '%u:%g' / /bin /bin/busybox
      echo new:x:5:5::/:/bin/sh >> /etc/passwd && touch /x && chown 7:8 /x && stat -c '%u:%g' /x /etc/passwd
      mkdir -p /a/b && mv /a /c && rm -r /c && rm /bin/ls && ! test -e /bin/ls && id -u`;
    const { stdout, stderr, code } = await ringside(["run", "--rm", "--userns", "auto", BASE, "sh", "-c", script]);
    expect(stdout.split("\n")).toEqual(["0:0", "0:0", "0:0", "7:8", "0:0", "0", ""]);
    expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
    const other = await ringside(["run", "--rm", "--userns", "auto", "-u", "1000:65534", BASE, "id", "-u"]);
    expect(other).toEqual({ stdout: "1000\n", stderr: "", code: 0 });
  });

  test("is nobody outside, and no other container's; what it writes lies on the disk unchanged", async () => {
    const root = ownRoot();
    const users = [];
    for (const name of ["one", "two"]) {
      const { id, pid } = await detached("touch /written; echo ready; exec sleep 600", { name, userNamespace: "auto" });
      await untilPrinted(id, "ready");
      const [, uid] = /^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
      expect(readFileSync(`/proc/${pid}/uid_map`, "utf8").trim().split(/ +/)).toEqual(["0", uid, String(IDS)]);
      users.push(Number(uid));
      expect(statSync(join(root, "layers", id, "upper/written")).uid).toBe(0);
    }
    const [one = 0, two = 0] = users;
    expect(Math.abs(one - two)).toBeGreaterThanOrEqual(IDS);
    expect(Math.min(one, two)).toBeGreaterThan(IDS);
  });

  test("is entered as its own root, or as whom one likes, and by no one with more rights", async () => {
    ownRoot();
    const { id, pid } = await detached("touch /written; echo ready; exec sleep 600", { userNamespace: "auto" });
    await untilPrinted(id, "ready");
    const script = "id -u; stat -c %u /written; touch /further && stat -c %u /further; cat /proc/self/uid_map";
    const { stdout } = await ringside(["exec", id, "sh", "-c", script]);
    expect(stdout).toBe(`0\n0\n0\n${readFileSync(`/proc/${pid}/uid_map`, "utf8")}`);
    expect((await ringside(["exec", "-u", "1000:1000", id, "id", "-u"])).stdout).toBe("1000\n");
  });

  test("keeps its limits, its read-only root and what it shares with the host", async () => {
    ownRoot();
    const script = "touch /x 2>/dev/null || echo refused; ls /sys/class/net | grep -c . ; ulimit -n";
    const options = [
      "--userns",
      "auto",
      "--memory",
      "64m",
      "--read-only",
      "--network",
      "host",
      "--ulimit",
      "nofile=99",
    ];
    const { stdout, code } = await ringside(["run", "--rm", ...options, BASE, "sh", "-c", script]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^refused\n\d+\n99\n$/);
  });
});

testWhere(
  [...CONTAINERS, needsNone],
  "users of a container's own are refused in words where files cannot follow",
  async () => {
    ownRoot();
    const { stderr, code } = await ringside(["run", "--rm", "--userns", "auto", BASE, "true"]);
    expect(code).toBe(125);
    expect(stderr).toMatch(/fix: .*leave out --userns auto/);
  },
);

testWhere(CONTAINERS, "--userns host gives root's container the machine's users, as without it", async () => {
  ownRoot();
  const map = ["cat", "/proc/self/uid_map"];
  const { stdout } = await ringside(["run", "--rm", "--userns", "host", BASE, ...map]);
  expect(stdout).toBe((await ringside(["run", "--rm", BASE, ...map])).stdout);
});

test("--userns knows no other words", async () => {
  const { stderr, code } = await ringside(["explain", "--userns", "mine", BASE, "true"]);
  expect(code).toBe(125);
  expect(stderr).toMatch(/there is no --userns "mine"\n {2}fix: use --userns host .*--userns auto/);
});

describe("the ids of a container with users of its own", () => {
  const passwd = "";
  const none: ReadonlySet<number> = new Set();

  test("are those that are set aside for containers, a range for each", () => {
    const lists = {
      passwd,
      subuid: "me:100000:65536\ncontainers:200000:131072\n",
      subgid: "containers:300000:131072\n",
    };
    const first = autoUsers("000000000000", lists, none);
    expect(first.uidMappings).toEqual([{ containerID: 0, hostID: 200_000, size: IDS }]);
    expect(first.gidMappings).toEqual([{ containerID: 0, hostID: 300_000, size: IDS }]);
    const second = autoUsers("000000000000", lists, new Set([200_000]));
    expect(second.uidMappings).toEqual([{ containerID: 0, hostID: 265_536, size: IDS }]);
    expect(() => autoUsers("000000000000", lists, new Set([200_000, 265_536]))).toThrow(/are in use/);
  });

  test("are nobody else's where nothing is set aside", () => {
    const lists = { passwd, subuid: "", subgid: "" };
    const { uidMappings } = autoUsers("000000000000", lists, none);
    const [{ hostID = 0 } = {}] = uidMappings;
    const elsewhere = { ...lists, subuid: `somebody:${hostID - 1}:2\n` };
    expect(autoUsers("000000000000", elsewhere, none).uidMappings[0]?.hostID).toBe(hostID + IDS);
    expect(autoUsers("000000000001", lists, none).uidMappings[0]?.hostID).toBe(hostID + IDS);
  });
});
