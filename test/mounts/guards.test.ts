/** Hidden and read-only paths, and kernel settings: runtime-spec, config-linux.md, Masked Paths, Sysctl. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { BUNDLES, makeBundle, runBundle, USUAL_MOUNTS } from "../support/bundle.ts";
import { mountAt, parseMounts } from "../support/mountinfo.ts";
import { describeWhere } from "../support/needs.ts";

const [PROC] = USUAL_MOUNTS;
const ONLY_PROC = USUAL_MOUNTS.filter((mount) => mount === PROC);

describeWhere(BUNDLES, "maskedPaths", () => {
  test.each([
    ["with a /dev of its own", USUAL_MOUNTS],
    ["with the root's /dev", ONLY_PROC],
    ["with the host's /dev", [...ONLY_PROC, { destination: "/dev", source: "/dev", options: ["rbind", "rslave"] }]],
  ])("hide files and directories, %s", async (_, mounts) => {
    const bundle = makeBundle();
    writeFileSync(join(bundle.rootfs, "etc/secret"), "secret");
    mkdirSync(join(bundle.rootfs, "etc/secrets/deep"), { recursive: true });
    const { output } = await runBundle(bundle, {
      script:
        "cat /etc/secret /proc/keys; ls -A /etc/secrets /proc/fs; touch /etc/secrets/x; echo x > /etc/secret; cat /etc/secret",
      mounts,
      linux: { maskedPaths: ["/etc/secret", "/etc/secrets", "/proc/keys", "/proc/fs"] },
    });
    expect(output).toBe("/etc/secrets:\n\n/proc/fs:\ntouch: /etc/secrets/x: Read-only file system\n");
    expect(readFileSync(join(bundle.rootfs, "etc/secret"), "utf8")).toBe("secret");
  });

  test("that are not there are left out, and links are followed inside the root", async () => {
    const bundle = makeBundle();
    writeFileSync(join(bundle.rootfs, "etc/secret"), "secret");
    symlinkSync("/../../../etc/secret", join(bundle.rootfs, "etc/link"));
    const { output } = await runBundle(bundle, {
      script: "cat /etc/secret; echo end",
      linux: { maskedPaths: ["/no/such/path", "/etc/secret/below", "/etc/link"] },
    });
    expect(output).toBe("end\n");
  });

  test("share one file system, however many they are", async () => {
    const bundle = makeBundle();
    const paths = Array.from({ length: 20 }, (_, index) => `/etc/${index}`);
    for (const path of paths) mkdirSync(join(bundle.rootfs, path));
    const { output } = await runBundle(bundle, {
      script: "stat -c %d /etc/0 /etc/7 /etc/19",
      linux: { maskedPaths: paths },
    });
    const devices = new Set(output.trim().split("\n"));
    expect(devices.size).toBe(1);
  });
});

describeWhere(BUNDLES, "readonlyPaths", () => {
  test("can be read and not written, nor what is mounted below them", async () => {
    const { output } = await runBundle(makeBundle(), {
      script:
        "cat /etc/x/file; touch /etc/file; touch /etc/x/new; echo 1 > /proc/sys/net/core/somaxconn; cat /proc/self/mountinfo",
      moreMounts: [{ destination: "/etc/x", type: "tmpfs" }],
      linux: { readonlyPaths: ["/etc", "/proc/sys", "/no/such/path", "/etc/file/below"] },
    });
    expect(output).toContain("touch: /etc/file: Read-only file system\ntouch: /etc/x/new: Read-only file system");
    expect(output).toMatch(/somaxconn: Read-only file system/);
    expect(mountAt(output, "/etc/x").options).toContain("ro");
    expect(mountAt(output, "/proc").options).toContain("rw");
  });

  test("stay so for root with every capability until it mounts anew", async () => {
    const { output } = await runBundle(makeBundle(), {
      script: "mount -o remount,bind,rw /etc; touch /etc/file && echo written; cat /proc/self/mountinfo",
      linux: { readonlyPaths: ["/etc"] },
      process: { capabilities: {} },
    });
    expect(output).not.toContain("written");
    expect(parseMounts(output).filter(({ point }) => point === "/etc")).toHaveLength(1);
  });
});

describeWhere(BUNDLES, "linux.sysctl", () => {
  test("sets the container's own and not the host's", async () => {
    const host = () => [
      readFileSync("/proc/sys/net/core/somaxconn", "utf8"),
      readFileSync("/proc/sys/kernel/msgmax", "utf8"),
    ];
    const before = host();
    const { output } = await runBundle(makeBundle(), {
      script: "cat /proc/sys/net/core/somaxconn /proc/sys/kernel/msgmax",
      linux: { sysctl: { "net.core.somaxconn": "77", "kernel/msgmax": "9999" }, readonlyPaths: ["/proc/sys"] },
    });
    expect(output).toBe("77\n9999\n");
    expect(host()).toEqual(before);
  });

  test.each(["net.core.no_such_setting", "net.core/../kernel.hostname", "kernel.msgmax\n/x", "../../etc/x", ""])(
    "%j is refused",
    async (name) => {
      await expect(runBundle(makeBundle(), { script: "true", linux: { sysctl: { [name]: "1" } } })).rejects.toThrow();
    },
  );

  test("with a value that the kernel refuses fails the start", async () => {
    const run = runBundle(makeBundle(), { script: "true", linux: { sysctl: { "kernel.msgmax": "many" } } });
    await expect(run).rejects.toThrow(/EINVAL.*writeProc/);
  });
});
