/**
 * Roots that are made to send mounts, nodes and words elsewhere. Each case is named after the hole in another runtime
 * that it would have been; a canary directory of the host must stay empty and must never be mounted on.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { BUNDLES, makeBundle, runBundle, USUAL_MOUNTS } from "../support/bundle.ts";
import { describeWhere } from "../support/needs.ts";
import { canary, refused, replace } from "./canary.ts";

const [PROC, DEV, PTS, SYS] = USUAL_MOUNTS;

describeWhere(BUNDLES, "CVE-2019-19921, CVE-2023-27561, CVE-2025-62596: a link where /proc or /sys belongs", () => {
  test.each([
    ["proc", "tmp"],
    ["proc", "/tmp"],
    ["proc", "../../.."],
    ["proc", "sys"],
    ["sys", "proc"],
    ["sys", "/dev"],
  ])("/%s -> %s is refused before anything is mounted there", async (name, target) => {
    const bundle = makeBundle();
    replace(bundle, name, target);
    expect(await refused(bundle, {})).toBe("ELOOP mountAt");
    expect(readlinkSync(join(bundle.rootfs, name))).toBe(target);
  });

  test("an absolute link to the host leads nowhere", async () => {
    const bundle = makeBundle();
    const { path, touched } = canary();
    replace(bundle, "proc", path);
    expect(await refused(bundle, {})).toBe("ELOOP mountAt");
    expect(touched()).toEqual([]);
  });

  test("a file where /proc belongs is refused", async () => {
    const bundle = makeBundle();
    rmSync(join(bundle.rootfs, "proc"), { recursive: true });
    writeFileSync(join(bundle.rootfs, "proc"), "");
    expect(await refused(bundle, {})).toBe("ENOTDIR mountAt");
  });

  test("a bind mount over /proc meets the same", async () => {
    const bundle = makeBundle();
    replace(bundle, "proc", "tmp");
    const mounts = [{ destination: "/proc", source: "/proc", options: ["rbind"] }];
    expect(await refused(bundle, { mounts })).toBe("ELOOP mountAt");
  });
});

describeWhere(BUNDLES, "CVE-2026-41579, CVE-2026-47766: a link where /dev belongs", () => {
  test.each([
    ["with a mount at /dev", USUAL_MOUNTS],
    ["without a mount at /dev", [PROC, SYS]],
  ])("no node is made outside, %s", async (_, mounts) => {
    const { path, touched } = canary();
    for (const target of [path, `../../../../../../..${path}`, "../../host"]) {
      const bundle = makeBundle();
      mkdirSync(join(bundle.path, "host"));
      replace(bundle, "dev", target);
      const { output } = await runBundle(bundle, { script: "test -c /dev/null && echo inside", mounts });
      expect(output).toBe("inside\n");
      expect(readdirSync(join(bundle.path, "host"))).toEqual([]);
    }
    expect(touched()).toEqual([]);
  });

  test("a node that is something else already is refused, and left as it is", async () => {
    const bundle = makeBundle();
    writeFileSync(join(bundle.rootfs, "dev/zero"), "mine");
    expect(await refused(bundle, { mounts: [PROC] })).toBe("EEXIST makeNode");
    expect(readFileSync(join(bundle.rootfs, "dev/zero"), "utf8")).toBe("mine");
  });

  test("a node that is the same device already is used, with the right owner and mode", async () => {
    const bundle = makeBundle();
    execFileSync("mknod", ["-m", "600", join(bundle.rootfs, "dev/null"), "c", "1", "3"]);
    const { output } = await runBundle(bundle, { script: "stat -c '%a %u %t %T' /dev/null", mounts: [PROC] });
    expect(output).toBe("666 0 1 3\n");
  });
});

describeWhere(BUNDLES, "CVE-2025-31133, CVE-2025-62161: something else than the null device at /dev/null", () => {
  const CORE_PATTERN = "/proc/sys/kernel/core_pattern";

  test("a link in an image's own /dev is refused, and what it points to is not touched", async () => {
    const before = readFileSync(CORE_PATTERN, "utf8");
    const bundle = makeBundle();
    symlinkSync(CORE_PATTERN, join(bundle.rootfs, "dev/null"));
    expect(await refused(bundle, { mounts: [PROC], linux: { maskedPaths: ["/proc/keys"] } })).toBe("EEXIST makeNode");
    expect(readFileSync(CORE_PATTERN, "utf8")).toBe(before);
  });

  test("in a /dev that is bound from elsewhere, hidden files are hidden below the host's null device", async () => {
    const bundle = makeBundle();
    const dev = join(bundle.path, "dev");
    mkdirSync(dev);
    symlinkSync(CORE_PATTERN, join(dev, "null"));
    const { output } = await runBundle(bundle, {
      script: "stat -c '%F %t:%T' /proc/keys; cat /proc/keys; echo end",
      mounts: [PROC, { destination: "/dev", source: dev, options: ["bind"] }],
      linux: { maskedPaths: ["/proc/keys"] },
    });
    expect(output).toBe("character special file 1:3\nend\n");
  });
});

describeWhere(BUNDLES, "CVE-2025-52565: something else at /dev/console or /dev/pts", () => {
  test("a link at /dev/console is refused, and its target not mounted on", async () => {
    const bundle = makeBundle();
    writeFileSync(join(bundle.rootfs, "etc/secret"), "");
    symlinkSync("/etc/secret", join(bundle.rootfs, "dev/console"));
    expect(await refused(bundle, { mounts: [PROC], process: { terminal: true } })).toBe("EEXIST openTerminal");
  });

  test("a ptmx that is not one of a devpts is refused", async () => {
    const bundle = makeBundle();
    const pts = join(bundle.path, "pts");
    mkdirSync(pts);
    writeFileSync(join(pts, "ptmx"), "");
    const mounts = [PROC, DEV, { destination: "/dev/pts", source: pts, options: ["bind"] }];
    expect(await refused(bundle, { mounts, process: { terminal: true } })).toBe("ENOTTY openTerminal");
  });

  test("a ptmx of another devpts, by a node that an image brings, is refused", async () => {
    const bundle = makeBundle();
    const pts = join(bundle.path, "pts");
    mkdirSync(join(pts, "pts"), { recursive: true });
    execFileSync("mknod", [join(pts, "ptmx"), "c", "5", "2"]);
    const mounts = [
      PROC,
      DEV,
      { destination: "/dev/pts", source: pts, options: ["bind"] },
      { destination: "/dev/pts/pts", type: "devpts", options: ["newinstance", "ptmxmode=0666"] },
    ];
    expect(await refused(bundle, { mounts, process: { terminal: true } })).toBe("ENOTTY openTerminal");
  });

  test("a link instead of ptmx is refused", async () => {
    const bundle = makeBundle();
    const pts = join(bundle.path, "pts");
    mkdirSync(pts);
    symlinkSync("/dev/zero", join(pts, "ptmx"));
    const mounts = [PROC, DEV, { destination: "/dev/pts", source: pts, options: ["bind"] }];
    expect(await refused(bundle, { mounts, process: { terminal: true } })).toBe("ELOOP openTerminal");
  });
});

describeWhere(BUNDLES, "CVE-2019-16884, CVE-2025-52881: mounts over the files of /proc that a start writes", () => {
  const sysctl = { "net.core.somaxconn": "77" };

  test("a kernel setting is made although a tmpfs covers /proc/sys/net", async () => {
    const { output } = await runBundle(makeBundle(), {
      script: "ls /proc/sys/net; umount /proc/sys/net; cat /proc/sys/net/core/somaxconn",
      moreMounts: [{ destination: "/proc/sys/net", type: "tmpfs" }],
      linux: { sysctl },
    });
    expect(output).toBe("77\n");
  });

  test("a kernel setting is not written into another file of /proc that is bound over its own", async () => {
    const bystander = spawn("sleep", ["600"]);
    onTestFinished(() => void bystander.kill("SIGKILL"));
    const source = `/proc/${bystander.pid}/oom_score_adj`;
    const before = readFileSync(source, "utf8");
    const { output } = await runBundle(makeBundle(), {
      script: "umount /proc/sys/net/core/somaxconn; cat /proc/sys/net/core/somaxconn",
      moreMounts: [{ destination: "/proc/sys/net/core/somaxconn", source, options: ["bind"] }],
      linux: { sysctl },
    });
    expect(output).toBe("77\n");
    expect(readFileSync(source, "utf8")).toBe(before);
  });

  test("a kernel setting is made although the whole of /proc is a tmpfs", async () => {
    const { output } = await runBundle(makeBundle(), {
      script: "mount -t proc proc /tmp; cat /tmp/sys/net/core/somaxconn",
      mounts: [{ destination: "/proc", type: "tmpfs" }, DEV, PTS],
      linux: { sysctl },
    });
    expect(output).toBe("77\n");
  });
});
