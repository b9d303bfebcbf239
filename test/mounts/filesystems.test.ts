/** New file systems inside a container: their options, their beginnings, their changes, and what is refused. */
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { OciMount } from "../../runtime/oci/config.ts";
import { BUNDLES, makeBundle, runBundle, USUAL_MOUNTS } from "../support/bundle.ts";
import { mountAt, type SeenMount } from "../support/mountinfo.ts";
import { describeWhere } from "../support/needs.ts";

const SHOW_MOUNTS = "cat /proc/self/mountinfo";

async function seen(mount: Partial<OciMount>): Promise<SeenMount> {
  const moreMounts = [{ destination: "/x", type: "tmpfs", source: "test", ...mount }];
  const { output } = await runBundle(makeBundle(), { script: SHOW_MOUNTS, moreMounts });
  return mountAt(output, mount.destination ?? "/x");
}

describeWhere(BUNDLES, "a new file system", () => {
  test("has the options of the mount and those of the file system each where it belongs", async () => {
    const { options, superblock, source } = await seen({
      options: ["nosuid", "nodev", "noexec", "noatime", "nodiratime", "nosymfollow", "size=1m,mode=700", "nr_inodes=9"],
    });
    expect(options).toEqual(
      expect.arrayContaining(["nosuid", "nodev", "noexec", "noatime", "nodiratime", "nosymfollow"]),
    );
    expect(superblock).toEqual(expect.arrayContaining(["size=1024k", "mode=700", "nr_inodes=9"]));
    expect(source).toBe("test");
  });

  test.each([
    ["sync", "sync"],
    ["dirsync", "dirsync"],
    ["lazytime", "lazytime"],
  ])("with %s is so as a whole", async (option, shown) => {
    expect((await seen({ options: [option] })).superblock).toContain(shown);
  });

  test("that is read-only cannot be written to, but other mounts have their places in it", async () => {
    const { output } = await runBundle(makeBundle(), {
      script: "touch /x/file; touch /x/deep/file && ls /x; ls /x/deep",
      moreMounts: [
        { destination: "/x", type: "tmpfs", options: ["ro"] },
        { destination: "/x/deep", type: "tmpfs" },
      ],
    });
    expect(output).toBe("touch: /x/file: Read-only file system\ndeep\nfile\n");
  });

  test("takes options that say what is so anyway", async () => {
    const usual = [
      "defaults",
      "rw",
      "suid",
      "dev",
      "exec",
      "async",
      "nolazytime",
      "nomand",
      "silent",
      "loud",
      "iversion",
      "noiversion",
    ];
    const { options, superblock } = await seen({ options: [...usual, "atime", "diratime", "norelatime", "symfollow"] });
    expect(options).toEqual(["rw", "relatime"]);
    expect(superblock[0]).toBe("rw");
  });

  test("takes the recursive names too, though there is nothing below it", async () => {
    const { options } = await seen({ options: ["rro", "rnosuid", "rnoatime"] });
    expect(options).toEqual(expect.arrayContaining(["ro", "nosuid", "noatime"]));
  });

  test.each([
    ["shared", ["shared"]],
    ["rshared", ["shared"]],
    ["slave", []],
    ["unbindable", ["unbindable"]],
    ["private", []],
  ])("with %s has the propagation %j", async (option, propagation) => {
    expect((await seen({ options: [option] })).propagation).toEqual(propagation);
  });

  test("that does not know an option is refused with the kernel's own words", async () => {
    await expect(seen({ options: ["sise=1m"] })).rejects.toThrow(/tmpfs: Unknown parameter 'sise'/);
    await expect(seen({ options: ["size=many"] })).rejects.toThrow(/Bad value for 'size'/);
  });

  test("of a type that the kernel does not know is refused", async () => {
    await expect(seen({ type: "nosuchfs" })).rejects.toThrow(/ENODEV.*newFilesystem/);
  });

  test("lies over another at the same place, in the order of the list", async () => {
    const mounts = ["first", "second"].map((source) => ({ destination: "/x", type: "tmpfs", source }));
    const { output } = await runBundle(makeBundle(), {
      script: `${SHOW_MOUNTS}; umount /x; touch /x/a; ls /x`,
      moreMounts: mounts,
    });
    expect(mountAt(output, "/x").source).toBe("second");
    expect(output.endsWith("a\n")).toBe(true);
  });

  test("that names directories of the host finds them there", async () => {
    const bundle = makeBundle();
    for (const name of ["lower", "upper", "work"]) mkdirSync(join(bundle.path, name));
    writeFileSync(join(bundle.path, "lower/file"), "below\n");
    const options = ["lower", "upper", "work"].map((name) => `${name}dir=${join(bundle.path, name)}`);
    const { output } = await runBundle(bundle, {
      script: "cat /x/file; echo above > /x/file",
      moreMounts: [{ destination: "/x", type: "overlay", source: "overlay", options }],
    });
    expect(output).toBe("below\n");
    expect(readFileSync(join(bundle.path, "upper/file"), "utf8")).toBe("above\n");
  });

  test("of message queues is that of the container's own IPC namespace", async () => {
    const { output } = await runBundle(makeBundle(), {
      script: "ls -A /dev/mqueue; touch /dev/mqueue/q; ls -A /dev/mqueue",
      moreMounts: [
        { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"] },
      ],
    });
    expect(output).toBe("q\n");
  });

  test("with a security label needs a kernel that has labels", async () => {
    const run = runBundle(makeBundle(), {
      script: "true",
      linux: { mountLabel: "system_u:object_r:container_file_t:s0" },
    });
    await expect(run).rejects.toThrow(/mountLabel needs SELinux/);
  });
});

describeWhere(BUNDLES, "tmpcopyup", () => {
  test("begins with the image's files: contents, owners, modes, times, links and nodes", async () => {
    const bundle = makeBundle();
    const etc = join(bundle.rootfs, "etc");
    mkdirSync(join(etc, "deep/er"), { recursive: true });
    writeFileSync(join(etc, "deep/er/file"), "x".repeat(100_000));
    chownSync(join(etc, "deep/er/file"), 12, 13);
    chmodSync(join(etc, "deep/er/file"), 0o4750);
    utimesSync(join(etc, "deep/er/file"), 1_000_000, 1_000_000);
    chmodSync(join(etc, "deep"), 0o711);
    symlinkSync("deep/er/file", join(etc, "link"));
    const { output } = await runBundle(bundle, {
      script:
        "cd /etc; stat -c '%n %F %u %g %a %s %Y' deep/er/file; stat -c %a deep; readlink link; echo new > deep/er/file; echo $?",
      moreMounts: [{ destination: "/etc", type: "tmpfs", options: ["tmpcopyup", "size=1m"] }],
    });
    expect(output).toBe("deep/er/file regular file 12 13 4750 100000 1000000\n711\ndeep/er/file\n0\n");
    expect(readdirSync(etc).toSorted()).toEqual(["deep", "link"]);
  });

  test("of more than fits is refused", async () => {
    const bundle = makeBundle();
    writeFileSync(join(bundle.rootfs, "etc/file"), "x".repeat(100_000));
    const run = runBundle(bundle, {
      script: "true",
      moreMounts: [{ destination: "/etc", type: "tmpfs", options: ["tmpcopyup", "size=8k"] }],
    });
    await expect(run).rejects.toThrow(/ENOSPC.*copyUp/);
  });

  test("can be read-only afterwards, begins empty where the image has nothing, and does not follow links out", async () => {
    const bundle = makeBundle();
    writeFileSync(join(bundle.path, "secret"), "of the host");
    symlinkSync("../../secret", join(bundle.rootfs, "tmp/way-out"));
    const { output } = await runBundle(bundle, {
      script: "ls /tmp /new; touch /tmp/x; cat /tmp/way-out",
      moreMounts: [
        { destination: "/tmp", type: "tmpfs", options: ["tmpcopyup", "ro"] },
        { destination: "/new", type: "tmpfs", options: ["tmpcopyup"] },
      ],
    });
    expect(output).toContain("/tmp:\nway-out\n");
    expect(output).toContain("touch: /tmp/x: Read-only file system");
    expect(output).not.toContain("of the host");
  });
});

describeWhere(BUNDLES, "remount", () => {
  async function changed(mount: OciMount, script = SHOW_MOUNTS): Promise<string> {
    return (await runBundle(makeBundle(), { script, moreMounts: [mount] })).output;
  }

  test("changes what it names and leaves the rest", async () => {
    const output = await changed({ destination: "/dev/pts", options: ["remount", "bind", "ro"] });
    expect(mountAt(output, "/dev/pts").options).toEqual(expect.arrayContaining(["ro", "nosuid", "noexec"]));
  });

  test("changes the file system itself, unless it is a bind", async () => {
    const output = await changed({ destination: "/dev", type: "tmpfs", options: ["remount", "size=1m"] });
    expect(mountAt(output, "/dev").superblock).toContain("size=1024k");
    await expect(changed({ destination: "/dev", options: ["remount", "bind", "size=1m"] })).rejects.toThrow(/size=1m/);
  });

  test("makes /dev read-only when its devices are there", async () => {
    for (const options of [
      ["remount", "ro"],
      ["remount", "bind", "ro"],
    ]) {
      const output = await changed(
        { destination: "/dev", options },
        `touch /dev/x; test -c /dev/null && ${SHOW_MOUNTS}`,
      );
      expect(output).toContain("touch: /dev/x: Read-only file system");
      expect(mountAt(output, "/dev").options).toContain("ro");
    }
  });

  test.each([
    ["/", ["remount", "ro"]],
    ["/sys", ["remount", "ro"]],
    ["/volume", ["remount", "ro"]],
  ])("of %s with %j never makes a file system of the host's read-only", async (destination, options) => {
    const bundle = makeBundle();
    const host = () =>
      ["/", "/sys"].map((point) => mountAt(readFileSync("/proc/self/mountinfo", "utf8"), point).superblock);
    const before = host();
    const source = join(bundle.path, "volume");
    mkdirSync(source);
    const { output } = await runBundle(bundle, {
      script: SHOW_MOUNTS,
      linux: { namespaces: [{ type: "pid" }, { type: "mount" }, { type: "uts" }] },
      moreMounts: [
        { destination: "/volume/", source, options: ["bind"] },
        { destination, options },
      ],
    });
    expect(mountAt(output, destination).options).toContain("ro");
    expect(host()).toEqual(before);
    writeFileSync(join(source, "file"), "");
  });

  test("of a file system that others use too is refused when it would change all of it", async () => {
    for (const option of ["sync", "size=1m", "hidepid=2"])
      await expect(changed({ destination: "/proc", options: ["remount", option] })).rejects.toThrow(/others use too/);
  });

  test("of the root works", async () => {
    const output = await changed({ destination: "/", options: ["remount", "bind", "nosuid", "nodev"] });
    expect(mountAt(output, "/").options).toEqual(expect.arrayContaining(["nosuid", "nodev"]));
  });

  test("of what is not mounted says so", async () => {
    await expect(changed({ destination: "/bin", options: ["remount", "bind", "ro"] })).rejects.toThrow(
      /EINVAL.*remountIn/,
    );
  });
});

describeWhere(BUNDLES, "a read-only /dev", () => {
  test("has its devices, its links, its console and its mounts all the same", async () => {
    const [proc, dev, ...others] = USUAL_MOUNTS;
    if (proc === undefined || dev === undefined) throw new Error("the usual mounts have /proc and /dev first");
    const mounts = [proc, { ...dev, options: [...(dev.options ?? []), "ro"] }, ...others];
    const { output } = await runBundle(makeBundle(), {
      script: "touch /dev/x; test -c /dev/null && readlink /dev/fd; test -c /dev/ptmx && echo ptmx",
      mounts,
    });
    expect(output).toBe("touch: /dev/x: Read-only file system\n/proc/self/fd\nptmx\n");
  });
});
