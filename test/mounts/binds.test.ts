/** Bind mounts: what is shown of the host, where, and with which rights; and that nothing of the inside gets out. */
import { chownSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { OciMount } from "../../runtime/oci/config.ts";
import { BUNDLES, type Bundle, makeBundle, runBundle } from "../support/bundle.ts";
import { mountOnHost, setPropagationOnHost } from "../support/host-mounts.ts";
import { mountAt } from "../support/mountinfo.ts";
import { describeWhere } from "../support/needs.ts";

const SHOW_MOUNTS = "cat /proc/self/mountinfo";

/** A directory beside the root with a file in it, and a directory on which the host has mounted something. */
function volume(bundle: Bundle): string {
  const path = join(bundle.path, "volume");
  mkdirSync(join(path, "below"), { recursive: true });
  writeFileSync(join(path, "file"), "of the host\n");
  return path;
}

async function bound(options: readonly string[], script: string, more: Partial<OciMount> = {}): Promise<string> {
  const bundle = makeBundle();
  const source = volume(bundle);
  mountOnHost(["-t", "tmpfs", "-o", "strictatime", "nested"], join(source, "below"));
  const mount = { destination: "/volume", source, options, ...more };
  return (await runBundle(bundle, { script, moreMounts: [mount] })).output;
}

describeWhere(BUNDLES, "a bind mount", () => {
  test("shows a directory of the host, where files go both ways", async () => {
    const bundle = makeBundle();
    const source = volume(bundle);
    const { output } = await runBundle(bundle, {
      script: "cat /volume/file; echo inside > /volume/new",
      moreMounts: [{ destination: "/volume", source, options: ["bind"] }],
    });
    expect(output).toBe("of the host\n");
    expect(readFileSync(join(source, "new"), "utf8")).toBe("inside\n");
  });

  test("takes a source that is relative to the bundle, and a destination without its slash", async () => {
    const bundle = makeBundle();
    volume(bundle);
    const { output } = await runBundle(bundle, {
      script: "cat /deep/er/file",
      moreMounts: [{ destination: "deep/er", type: "bind", source: "volume", options: [] }],
    });
    expect(output).toBe("of the host\n");
  });

  test("of a file makes the file that it is shown at, and the directories on the way", async () => {
    const bundle = makeBundle();
    volume(bundle);
    const { output } = await runBundle(bundle, {
      script: "cat /new/place/name",
      moreMounts: [{ destination: "/new/place/name", source: "volume/file", options: ["bind"] }],
    });
    expect(output).toBe("of the host\n");
    expect(statSync(join(bundle.rootfs, "new/place/name")).size).toBe(0);
  });

  test("of a file or a directory over the other kind is refused", async () => {
    const bundle = makeBundle();
    volume(bundle);
    const over = (destination: string, source: string) =>
      runBundle(bundle, { script: "true", moreMounts: [{ destination, source, options: ["bind"] }] });
    await expect(over("/tmp", "volume/file")).rejects.toThrow(/EISDIR|ENOTDIR/);
    await expect(over("/bin/busybox", "volume")).rejects.toThrow(/ENOTDIR/);
    await expect(over("/bin/busybox/below", "volume")).rejects.toThrow(/ENOTDIR/);
  });

  test("at a link goes to the link's target inside the root, also when the target has to be made", async () => {
    const bundle = makeBundle();
    volume(bundle);
    symlinkSync("/run/resolver/stub.conf", join(bundle.rootfs, "etc/resolv.conf"));
    symlinkSync("../../../../../../tmp", join(bundle.rootfs, "etc/up"));
    const { output } = await runBundle(bundle, {
      script: "cat /run/resolver/stub.conf /tmp/file; readlink /etc/resolv.conf",
      moreMounts: [
        { destination: "/etc/resolv.conf", source: "volume/file", options: ["bind"] },
        { destination: "/etc/up/file", source: "volume/file", options: ["bind"] },
      ],
    });
    expect(output).toBe("of the host\nof the host\n/run/resolver/stub.conf\n");
  });

  test("at a link that leads to itself is refused", async () => {
    const bundle = makeBundle();
    volume(bundle);
    symlinkSync("loop", join(bundle.rootfs, "loop"));
    const run = runBundle(bundle, {
      script: "true",
      moreMounts: [{ destination: "/loop/x", source: "volume", options: ["bind"] }],
    });
    await expect(run).rejects.toThrow(/ELOOP/);
  });

  test("whose source is not there is refused before anything is made inside", async () => {
    const bundle = makeBundle();
    const before = readdirSync(bundle.rootfs);
    const run = runBundle(bundle, {
      script: "true",
      moreMounts: [{ destination: "/volume", source: "nothing", options: ["bind"] }],
    });
    await expect(run).rejects.toThrow(/ENOENT.*cloneTree/);
    expect(readdirSync(bundle.rootfs)).toEqual(before);
  });

  test("without a source, over the root, or with an option of a file system is refused in words", async () => {
    const mounted = (mount: OciMount) => runBundle(makeBundle(), { script: "true", moreMounts: [mount] });
    await expect(mounted({ destination: "/x", options: ["bind"] })).rejects.toThrow(/needs a source/);
    await expect(mounted({ destination: "/", source: "/tmp", options: ["bind"] })).rejects.toThrow(/is there already/);
    await expect(mounted({ destination: "/x", source: "/tmp", options: ["bind", "size=1m"] })).rejects.toThrow(
      /size=1m/,
    );
    await expect(mounted({ destination: "/x", source: "/tmp", options: ["bind", "sync"] })).rejects.toThrow(/"sync"/);
  });
});

describeWhere(BUNDLES, "the options of a bind mount", () => {
  test("bind leaves out what is mounted below, rbind does not", async () => {
    expect(await bound(["bind"], SHOW_MOUNTS)).not.toContain("/volume/below");
    expect(mountAt(await bound(["rbind"], SHOW_MOUNTS), "/volume/below").source).toBe("nested");
  });

  test.each(["ro", "nosuid", "nodev", "noexec", "noatime", "nodiratime", "nosymfollow"])(
    "%s is the mount's own: r%s is that of all below it too",
    async (option) => {
      const own = await bound(["rbind", option], SHOW_MOUNTS);
      expect(mountAt(own, "/volume").options).toContain(option);
      expect(mountAt(own, "/volume/below").options).not.toContain(option);
      const all = await bound(["rbind", `r${option}`], SHOW_MOUNTS);
      expect(mountAt(all, "/volume").options).toContain(option);
      expect(mountAt(all, "/volume/below").options).toContain(option);
    },
  );

  test("relatime and strictatime replace each other, alone and recursively", async () => {
    const strict = await bound(["rbind", "rstrictatime"], SHOW_MOUNTS);
    expect(mountAt(strict, "/volume").options).not.toContain("relatime");
    const relative = await bound(["rbind", "rrelatime"], SHOW_MOUNTS);
    expect(mountAt(relative, "/volume/below").options).toContain("relatime");
  });

  test("rro lets nothing be written anywhere, ro only not at the top", async () => {
    const script = "touch /volume/x; touch /volume/below/x; ls /volume/below";
    expect(await bound(["rbind", "ro"], script)).toBe("touch: /volume/x: Read-only file system\nx\n");
    expect(await bound(["rbind", "rro"], script)).toBe(
      "touch: /volume/x: Read-only file system\ntouch: /volume/below/x: Read-only file system\n",
    );
  });

  test("rro and rw leave the top writable and all below it not", async () => {
    const output = await bound(["rbind", "rro", "rw"], SHOW_MOUNTS);
    expect(mountAt(output, "/volume").options).toContain("rw");
    expect(mountAt(output, "/volume/below").options).toContain("ro");
  });

  test("noexec keeps a program from being run, nodev a device from being opened", async () => {
    const script = "cp /bin/busybox /volume/b; /volume/b true; echo $?; mknod /volume/n c 1 3; cat /volume/n; echo $?";
    const output = await bound(
      ["bind", "noexec", "nodev"],
      script.replace("cp", "dd if=/bin/busybox of=/volume/b 2>/dev/null; chmod +x /volume/b; true"),
    );
    expect(output).toMatch(/Permission denied\n126\n.*Permission denied\n1\n/s);
  });
});

describeWhere(BUNDLES, "mounts of a bind mount", () => {
  /** A shared mount of the host, as systemd makes all of them, with a directory to mount on. */
  function shared(bundle: Bundle): string {
    const path = join(bundle.path, "shared");
    mkdirSync(path);
    mountOnHost(["-t", "tmpfs", "shared"], path);
    setPropagationOnHost("shared", path);
    mkdirSync(join(path, "point"));
    return path;
  }
  const mountInside = `mount -t tmpfs inside /volume/point; ${SHOW_MOUNTS}`;
  const pointsOnHost = () => readFileSync("/proc/self/mountinfo", "utf8");

  test("stay inside, though the host's is shared, unless it is asked for", async () => {
    const bundle = makeBundle();
    const source = shared(bundle);
    for (const options of [["rbind"], ["rbind", "rprivate"], ["rbind", "rslave"], ["rbind", "private", "shared"]]) {
      const { output } = await runBundle(bundle, {
        script: mountInside,
        moreMounts: [{ destination: "/volume", source, options }],
      });
      expect(mountAt(output, "/volume/point").source, options.join()).toBe("inside");
      expect(pointsOnHost(), options.join()).not.toContain(join(source, "point"));
    }
  });

  test.each([
    ["private", undefined, ["rbind"], []],
    ["a slave of the host's", "rslave", ["rbind"], ["master"]],
    ["a slave of the host's", "shared", ["rbind", "rslave"], ["master"]],
    ["shared with the host's", "rshared", ["rbind"], ["shared"]],
    ["unbindable", undefined, ["rbind", "runbindable"], ["unbindable"]],
    ["shared anew", "rslave", ["rbind", "slave", "shared"], ["shared", "master"]],
  ] as const)("are %s with rootfsPropagation %s and %j", async (_, rootfsPropagation, options, propagation) => {
    const bundle = makeBundle();
    const { output } = await runBundle(bundle, {
      script: SHOW_MOUNTS,
      linux: rootfsPropagation === undefined ? {} : { rootfsPropagation },
      moreMounts: [{ destination: "/volume", source: shared(bundle), options }],
    });
    expect(mountAt(output, "/volume").propagation).toEqual(propagation);
  });
});

describeWhere(BUNDLES, "an id-mapped mount", () => {
  const mappings = {
    uidMappings: [{ containerID: 0, hostID: 1000, size: 10 }],
    gidMappings: [{ containerID: 0, hostID: 2000, size: 10 }],
  };

  test("shows files as those of other users, and writes them as the disk has them", async () => {
    const bundle = makeBundle();
    const source = volume(bundle);
    chownSync(join(source, "file"), 5, 6);
    chownSync(source, 5, 6);
    const { output } = await runBundle(bundle, {
      script: "stat -c '%u %g' /volume/file; touch /volume/new",
      process: { user: { uid: 1005, gid: 2006 } },
      moreMounts: [{ destination: "/volume", source, options: ["bind", "idmap"], ...mappings }],
    });
    expect(output).toBe("1005 2006\n");
    const { uid, gid } = statSync(join(source, "new"));
    expect([uid, gid]).toEqual([5, 6]);
  });

  test("maps what is mounted below it with ridmap only", async () => {
    const script = "stat -c %u /volume /volume/below";
    expect(await bound(["rbind", "idmap"], script, mappings)).toBe("1000\n0\n");
    expect(await bound(["rbind", "ridmap"], script, mappings)).toBe("1000\n1000\n");
  });

  test("without mappings takes those of the container's users, and is refused where it has none", async () => {
    const mount = { destination: "/volume", source: "volume", options: ["bind", "idmap"] };
    const bundle = makeBundle();
    volume(bundle);
    await expect(runBundle(bundle, { script: "true", moreMounts: [mount] })).rejects.toThrow(/needs mappings/);
    await expect(
      runBundle(bundle, { script: "true", moreMounts: [{ ...mount, type: "tmpfs", options: ["idmap"] }] }),
    ).rejects.toThrow(/only what is bound/);
  });
});
