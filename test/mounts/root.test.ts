/** A root from a directory, as in a bundle: what the inside sees of it, and that the outside stays as it was. */
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PROPAGATIONS } from "../../runtime/oci/config.ts";
import { BUNDLES, makeBundle, runBundle, USUAL_MOUNTS } from "../support/bundle.ts";
import { hostMounts, mountOnHost, setPropagationOnHost } from "../support/host-mounts.ts";
import { mountAt, parseMounts } from "../support/mountinfo.ts";
import { describeWhere, type Need } from "../support/needs.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const SHOW_MOUNTS = "cat /proc/self/mountinfo";

describeWhere(BUNDLES, "a root that is a directory", () => {
  test("is all that the inside sees, with its own mounts and no others", async () => {
    const bundle = makeBundle();
    const { output } = await runBundle(bundle, { script: `${SHOW_MOUNTS}; ls /; ls /..` });
    const points = parseMounts(output).map(({ point }) => point);
    expect(points).toEqual(["/", ...USUAL_MOUNTS.map(({ destination }) => destination)]);
    const names = readdirSync(bundle.rootfs);
    expect(output.split("\n").slice(points.length, -1)).toEqual([...names, ...names]);
  });

  test("leaves the host's table of mounts as it was, also when a step fails", async () => {
    const bundle = makeBundle();
    const before = hostMounts(bundle.path);
    await runBundle(bundle, { script: "mount -t tmpfs tmpfs /tmp && touch /tmp/inside" });
    const moreMounts = [{ destination: "/x", type: "tmpfs", options: ["no-such-option"] }];
    await expect(runBundle(bundle, { script: "true", moreMounts })).rejects.toThrow(/no-such-option/);
    expect(hostMounts(bundle.path)).toEqual(before);
    expect(readdirSync(join(bundle.rootfs, "tmp"))).toEqual([]);
  });

  test("is written to in place", async () => {
    const bundle = makeBundle();
    await runBundle(bundle, { script: "echo from inside > /tmp/file" });
    expect(readFileSync(join(bundle.rootfs, "tmp/file"), "utf8")).toBe("from inside\n");
  });

  test("cannot be written to when it is read-only, but what is mounted below it can", async () => {
    const bundle = makeBundle();
    const script = `${SHOW_MOUNTS}; touch /file; touch /dev/shm-like; echo $?`;
    const { output } = await runBundle(bundle, { script, readonlyRoot: true });
    expect(mountAt(output, "/").options).toContain("ro");
    expect(output).toContain("touch: /file: Read-only file system\n0\n");
  });

  test("shows what the host has mounted below it, as a part of the tree", async () => {
    const bundle = makeBundle();
    const below = join(bundle.rootfs, "tmp");
    mountOnHost(["-t", "tmpfs", "first"], below);
    const { output } = await runBundle(bundle, { script: SHOW_MOUNTS });
    expect(mountAt(output, "/tmp").source).toBe("first");
  });

  test("may be reached through a symbolic link, which is followed once, by the launcher", async () => {
    const bundle = makeBundle();
    const link = join(bundle.path, "link");
    symlinkSync("rootfs", link);
    const { output } = await runBundle({ ...bundle, rootfs: link }, { script: "ls /" });
    expect(output.split("\n")).toContain("bin");
  });

  test("that is not there, or is a file, is refused", async () => {
    const bundle = makeBundle();
    const file = join(bundle.path, "file");
    writeFileSync(file, "");
    await expect(runBundle({ ...bundle, rootfs: join(bundle.path, "nothing") }, { script: "true" })).rejects.toThrow(
      /ENOENT.*cloneTree/,
    );
    await expect(runBundle({ ...bundle, rootfs: file }, { script: "true" })).rejects.toThrow(/ENOTDIR/);
  });

  test("gets the working directory that it has not, inside of itself", async () => {
    const bundle = makeBundle();
    const { output } = await runBundle(bundle, { script: "pwd", process: { cwd: "/new/working/directory" } });
    expect(output).toBe("/new/working/directory\n");
    expect(existsSync(join(bundle.rootfs, "new/working/directory"))).toBe(true);
  });
});

describeWhere(BUNDLES, "a root that is entered without pivot_root", () => {
  test("is all that the inside sees, upwards and in its mounts", async () => {
    const script = `${SHOW_MOUNTS}; cd ../../..; pwd; ls; mkdir /tmp/a; chroot /tmp/a 2>/dev/null; cd /tmp/../../..; pwd`;
    const bundle = makeBundle();
    const { output } = await runBundle(bundle, { script, context: { noPivot: true } });
    expect(parseMounts(output).map(({ point }) => point)).toEqual([
      "/",
      ...USUAL_MOUNTS.map((mount) => mount.destination),
    ]);
    expect(output.split("\n")).toEqual(expect.arrayContaining(["/", ...readdirSync(bundle.rootfs)]));
    expect(output).not.toContain("etc/passwd");
  });

  test("has its paths hidden and protected all the same", async () => {
    const { output } = await runBundle(makeBundle(), {
      script: "cat /proc/keys; ls /proc/sys | head -1; touch /proc/sys/kernel/core_pattern || echo refused",
      linux: { maskedPaths: ["/proc/keys"], readonlyPaths: ["/proc/sys"] },
      context: { noPivot: true },
    });
    expect(output).toMatch(/^[a-z]+\ntouch: .*\nrefused\n$/);
  });
});

/** Mounts on mounts that are attached nowhere. */
const needsDetachedMounts: Need = () => {
  const [major = 0, minor = 0] = release().split(".").map(Number);
  return major > 6 || (major === 6 && minor >= 15) ? undefined : "Linux before 6.15";
};

describeWhere([...BUNDLES, needsDetachedMounts], "a container without a mount namespace of its own", () => {
  test("has its root and its mounts, and the host sees none of them", async () => {
    const bundle = makeBundle();
    const before = hostMounts(bundle.path);
    mkdirSync(join(bundle.rootfs, "data"));
    const { output } = await runBundle(bundle, {
      script: "ls /; touch /data/inside; ls /data; echo $$; cat /proc/keys; touch /sys/x || echo refused",
      linux: { namespaces: [{ type: "pid" }, { type: "uts" }], maskedPaths: ["/proc/keys"] },
      moreMounts: [{ destination: "/data", type: "tmpfs" }],
    });
    expect(output.split("\n")).toEqual([
      ...readdirSync(bundle.rootfs),
      "inside",
      "1",
      "touch: /sys/x: Read-only file system",
      "refused",
      "",
    ]);
    expect(readdirSync(join(bundle.rootfs, "data"))).toEqual([]);
    expect(hostMounts(bundle.path)).toEqual(before);
  });
});

describeWhere(BUNDLES, "rootfsPropagation", () => {
  test.each([
    ["private", []],
    ["rprivate", []],
    ["slave", []],
    ["shared", ["shared"]],
    ["rshared", ["shared"]],
    ["unbindable", ["unbindable"]],
  ] as const)("%s makes the root %j inside", async (rootfsPropagation, propagation) => {
    const { output } = await runBundle(makeBundle(), { script: SHOW_MOUNTS, linux: { rootfsPropagation } });
    expect(mountAt(output, "/").propagation).toEqual(propagation);
  });

  test.each(PROPAGATIONS)(
    "%s shows no mount of the container on the host, though the host's are shared",
    async (rootfsPropagation) => {
      const path = temporaryDirectory();
      mountOnHost(["-t", "tmpfs", "shared"], path);
      setPropagationOnHost("shared", path);
      const bundle = makeBundle(path);
      const before = hostMounts(path);
      const { output } = await runBundle(bundle, {
        script: `mount -t tmpfs tmpfs /tmp; ${SHOW_MOUNTS}`,
        linux: { rootfsPropagation },
      });
      expect(mountAt(output, "/tmp").type).toBe("tmpfs");
      expect(hostMounts(path)).toEqual(before);
    },
  );
});
