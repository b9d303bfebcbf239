/** Kernel settings of a container: its own, never the host's (CVE-2022-0811). */
import { describe, expect, test } from "vitest";
import { sysctlWrites } from "../../runtime/plan/private-proc.ts";
import { problemOf, withLinux } from "./configurations.ts";

describe("kernel settings", () => {
  const sysctl = (name: string, value: string, ...types: string[]) =>
    problemOf(withLinux(...types)({ sysctl: { [name]: value } })).message;

  test.each([
    ["kernel.msgmax", "ipc"],
    ["kernel.msgmnb", "ipc"],
    ["kernel.msgmni", "ipc"],
    ["kernel.sem", "ipc"],
    ["kernel.shmall", "ipc"],
    ["kernel.shmmax", "ipc"],
    ["kernel.shmmni", "ipc"],
    ["kernel.shm_rmid_forced", "ipc"],
    ["fs.mqueue.msg_max", "ipc"],
    ["net.ipv4.ip_forward", "network"],
    ["net/ipv4/conf/eno2.100/rp_filter", "network"],
    ["net.ipv4.conf.eno2/100.rp_filter", "network"],
    ["kernel.domainname", "uts"],
  ])("%s belongs to the %s namespace", (name, type) => {
    expect(sysctl(name, "1", type)).toBe("none");
    expect(sysctl(name, "1", type === "uts" ? "ipc" : "uts")).toContain(`shares the host's ${type} namespace`);
  });

  test.each([
    "kernel.core_pattern",
    "kernel.shm_next_id",
    "kernel.hostname",
    "vm.swappiness",
    "fs.file-max",
    "kernel.msgmaxx",
    "net",
    "kernel",
    "",
    "net.//.kernel.core_pattern",
    "net/../kernel/core_pattern",
    "net.ipv4...ip_forward",
    "/net/ipv4/ip_forward",
    ".net.ipv4",
    "net.ipv4.",
    "net.ipv4.ip forward",
    "net.ipv4.ip_forward=1+kernel.core_pattern",
    "net.ipv4.x\nkernel.core_pattern",
    "kernel/./shmmax",
  ])("%j is refused, whichever namespaces there are (CVE-2022-0811)", (name) => {
    expect(sysctl(name, "1", "ipc", "network", "uts", "user", "mount")).toContain("config.json: linux.sysctl");
  });

  test.each(["32768+kernel.core_pattern=|/evil", "1\n2", "1\u0000"])("the value %j is refused", (value) => {
    expect(sysctl("kernel.shmmax", value, "ipc")).toContain("config.json: linux.sysctl");
  });

  const linuxOnly = test.skipIf(process.platform !== "linux");
  linuxOnly("a namespace that is joined does not count if it is the host's, under whatever name", () => {
    const writes = (path: string | undefined) =>
      sysctlWrites({
        namespaces: [path === undefined ? { type: "network" } : { type: "network", path }],
        sysctl: { "net.ipv4.ip_forward": "1" },
      });
    for (const path of ["/proc/self/ns/net", `/proc/${process.pid}/task/${process.pid}/ns/net`]) {
      expect(() => writes(path)).toThrow(/shares the host's network namespace/);
    }
    expect(writes(undefined)).toHaveLength(1);
    expect(writes("/run/netns/nowhere")).toHaveLength(1);
  });

  test("values of several numbers pass", () => {
    expect(sysctl("net.ipv4.ping_group_range", "0\t2147483647", "network")).toBe("none");
    expect(sysctl("kernel.sem", "32000 1024000000 500 32000", "ipc")).toBe("none");
  });
});
