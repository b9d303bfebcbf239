/** Interfaces that move into a container (config-linux.md, Network Devices), in a network namespace made for the test. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { networkSteps } from "../../runtime/plan/network.ts";
import { CONTAINERS, describeWhere, type Need, needsPrograms } from "../support/needs.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const INSIDE = join(import.meta.dirname, "with-devices.ts");
const MAKE = [
  "ip link add v0 type veth peer name v1",
  "ip addr add 10.9.8.7/24 dev v0",
  "ip addr add 10.9.8.8/32 dev v0 scope link",
  "ip -6 addr add fd00::7/64 dev v0",
  "ip link set v0 mtu 1400",
  "ip link set v0 address 02:00:00:00:00:07",
  "ip link set v0 up",
  "ip link set v1 up",
].join(" && ");

/** Runs `script` in a container that gets `devices`, then `after` outside of it. */
function withDevices(devices: object, script: string, after = "true"): string {
  const argument = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
  const inside = [process.execPath, INSIDE, temporaryDirectory(), JSON.stringify(devices), script]
    .map(argument)
    .join(" ");
  const { stdout, stderr } = spawnSync("unshare", ["--net", "sh", "-c", `${MAKE} && ${inside}; ${after}`], {
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  return stdout;
}

/** busybox's ip(8) makes half a pair, and a kernel may have none. */
const needsPairs: Need = () => {
  const probe = "ip link add v0 type veth peer name v1 && ip link show v1";
  return spawnSync("unshare", ["--net", "sh", "-c", probe]).status === 0 ? undefined : "ip(8) makes no veth pairs here";
};

describeWhere([...CONTAINERS, needsPrograms("ip", "unshare"), needsPairs], "an interface of the host", () => {
  test("moves in under its new name, up, with its settings and its global addresses", () => {
    const text = withDevices({ v0: { name: "eth5" } }, "ip addr show eth5");
    expect(text).toMatch(/eth5.*<[^>]*\bUP\b[^>]*>/);
    expect(text).toContain("mtu 1400");
    expect(text).toContain("02:00:00:00:00:07");
    expect(text).toContain("inet 10.9.8.7/24");
    expect(text).toContain("inet6 fd00::7/64");
    expect(text).not.toContain("10.9.8.8");
  });

  test("keeps its name where no other is given, and reaches its peer", () => {
    expect(withDevices({ v0: {} }, "ls /sys/class/net; cat /sys/class/net/v0/carrier")).toBe("lo\nv0\n1\n");
  });

  test("that is not there is named, and nothing has moved", () => {
    const text = withDevices({ nowhere: {} }, "true", "ip -o link show v0 | grep -c v0");
    expect(text).toMatch(/^refused: .*moveNetDevice, failed with ENODEV/);
    expect(text).toMatch(/\n1\n$/);
  });

  test("cannot take a name that the container has already", () => {
    expect(withDevices({ v0: { name: "lo" } }, "true")).toMatch(/moveNetDevice, failed with EEXIST/);
  });
});

test("an interface needs a network namespace to move to, and a name that can be one", () => {
  expect(() => networkSteps({ netDevices: { eth0: {} } })).toThrow(/host's network namespace/);
  const namespaces = [{ type: "network" as const }];
  for (const name of ["", ".", "a/b", "much-too-long-a-name", "a b", "a:1", "%d"]) {
    expect(() => networkSteps({ namespaces, netDevices: { eth0: { name } } })).toThrow(/interface's name/);
  }
});
