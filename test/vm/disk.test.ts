/**
 * An image's root file system as a disk: what is in it, read back by somebody else's programs, is what overlayfs would
 * show of the layers, whatever they hold, and nothing else on the host is touched.
 */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Image } from "../../runtime/image/image.ts";
import { rootDisk } from "../../runtime/vm/disk.ts";
import { layeredFiles } from "../../runtime/vm/layers.ts";
import { chooseRoot } from "../../runtime/vm/root.ts";
import { chance } from "../support/chance.ts";
import { describeWhere, needsNative, needsPrograms, needsRoot, testWhere } from "../support/needs.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const CONFIG = { env: [], entrypoint: [], cmd: [], workingDir: "/", user: "" };

function image(...lowerDirectories: string[]): Image {
  return {
    name: "test/disk",
    id: `sha256:${lowerDirectories.join()}`,
    lowerDirectories,
    config: CONFIG,
    builtFrom: "",
  };
}

/** `mode owner size path -> target`, as unsquashfs lists them. */
function squashfsList(disk: string): string[] {
  const lines = execFileSync("unsquashfs", ["-lln", disk], { encoding: "utf8" }).split("\n");
  return lines.flatMap((line) => {
    const [, mode, owner, size, path] = /^(\S{10}) (\S+) +(\d+) \S+ \S+ squashfs-root(.*)$/.exec(line) ?? [];
    if (mode === undefined || path === "") return [];
    return [`${mode} ${owner}${mode.startsWith("-") ? ` ${size}` : ""} ${path}`];
  });
}

function mark(path: string, name: string): void {
  execFileSync("python3", ["-c", "import os, sys; os.setxattr(*sys.argv[1:], b'y')", path, name]);
}

const DISKS = [
  needsNative,
  needsPrograms("mksquashfs", "unsquashfs", "python3"),
  needsRoot("gives files to other owners"),
];

describeWhere(DISKS, "a disk of an image's layers", () => {
  test("has what lies on top, with owners, modes and links, and nothing that was removed", async () => {
    const [upper, lower] = [temporaryDirectory(), temporaryDirectory()];
    for (const layer of [upper, lower]) {
      for (const name of ["merged", "opaque", "turned"]) mkdirSync(join(layer, name));
    }
    for (const name of ["merged/low", "opaque/low", "turned/low", "gone"]) writeFileSync(join(lower, name), "low");
    writeFileSync(join(upper, "merged/up"), "upper");
    writeFileSync(join(upper, "opaque/up"), "upper");
    execFileSync("mknod", [join(upper, "gone"), "c", "0", "0"]);
    mark(join(upper, "opaque"), "trusted.overlay.opaque");
    mark(join(upper, "turned"), "user.overlay.opaque");
    symlinkSync("/etc/passwd", join(upper, "link"));
    lchownSync(join(upper, "link"), 7, 8);
    lchownSync(join(upper, "merged/up"), 1234, 70000);
    chmodSync(join(upper, "merged/up"), 0o4751);
    chmodSync(join(upper, "merged"), 0o1777);
    chmodSync(join(upper, "opaque"), 0o050);
    const disk = await rootDisk(image(upper, lower), "squashfs", temporaryDirectory());
    expect(squashfsList(disk)).toEqual([
      "lrwxrwxrwx 7/8 /link -> /etc/passwd",
      "drwxrwxrwt 0/0 /merged",
      "-rw-r--r-- 0/0 3 /merged/low",
      "-rwsr-x--x 1234/70000 5 /merged/up",
      "d---r-x--- 0/0 /opaque",
      "-rw-r--r-- 0/0 5 /opaque/up",
      "drwxr-xr-x 0/0 /turned",
    ]);
  });

  test("takes names and links that aim elsewhere for what they are, and leaves devices and pipes out", async () => {
    const [layer, victim] = [temporaryDirectory(), temporaryDirectory()];
    writeFileSync(join(victim, "kept"), "as it was");
    const names = ["-all-root", "--help", "a\nb", "ü $(touch x) ; '\"", "..x", "*"];
    for (const name of names) writeFileSync(join(layer, name), name);
    symlinkSync(victim, join(layer, "out"));
    symlinkSync("/proc/self/root", join(layer, "root"));
    mkdirSync(join(layer, "dir"));
    symlinkSync(`../../../../..${victim}/kept`, join(layer, "dir/up"));
    execFileSync("mkfifo", [join(layer, "pipe")]);
    execFileSync("mknod", [join(layer, "disk"), "b", "8", "0"]);
    const cache = temporaryDirectory();
    const disk = await rootDisk(image(layer), "squashfs", cache);
    const unpacked = join(temporaryDirectory(), "tree");
    execFileSync("unsquashfs", ["-no-progress", "-quiet", "-d", unpacked, disk], { stdio: "ignore" });
    expect(readdirSync(unpacked).sort()).toEqual([...names, "dir", "out", "root"].sort());
    for (const name of names) expect(readFileSync(join(unpacked, name), "utf8")).toBe(name);
    expect(readFileSync(join(victim, "kept"), "utf8")).toBe("as it was");
    expect(readdirSync(join(cache, "guest"))).toEqual([disk.split("/").at(-1)]);
  });

  test("is the same for the same tree, is made once, and goes when the image is another one", async () => {
    const layer = temporaryDirectory();
    writeFileSync(join(layer, "file"), "x");
    const [cache, other] = [temporaryDirectory(), temporaryDirectory()];
    const first = await rootDisk(image(layer), "squashfs", cache);
    const made = lstatSync(first).ino;
    expect(lstatSync(await rootDisk(image(layer), "squashfs", cache)).ino).toBe(made);
    expect(readFileSync(await rootDisk(image(layer), "squashfs", other))).toEqual(readFileSync(first));
    const changed = await rootDisk({ ...image(layer), id: "sha256:other" }, "squashfs", cache);
    expect(readdirSync(join(cache, "guest"))).toEqual([changed.split("/").at(-1)]);
  });

  testWhere(
    [needsPrograms("mkfs.erofs", "fsck.erofs")],
    "is one that erofs' own check finds nothing wrong with",
    async () => {
      const layer = temporaryDirectory();
      mkdirSync(join(layer, "etc"));
      writeFileSync(join(layer, "etc/hostname"), "h");
      const disk = await rootDisk(image(layer), "erofs", temporaryDirectory());
      const unpacked = join(temporaryDirectory(), "tree");
      execFileSync("fsck.erofs", [`--extract=${unpacked}`, disk], { stdio: "ignore" });
      expect(readFileSync(join(unpacked, "etc/hostname"), "utf8")).toBe("h");
    },
  );

  test("is not made where the tool is missing, and the error says what to install", async () => {
    await expect(
      rootDisk(image(temporaryDirectory()), "squashfs", temporaryDirectory(), () => undefined),
    ).rejects.toMatchObject({
      message: expect.stringContaining("mksquashfs is not in $PATH"),
      fix: expect.stringContaining("squashfs-tools"),
    });
  });
});

describeWhere([needsNative, needsRoot("mounts an overlay"), needsPrograms("mount", "python3")], "layers", () => {
  test("are stacked as the kernel stacks them, for random trees", () => {
    const random = chance();
    const kinds = ["file", "directory", "whiteout", "opaque", "link", "none"] as const;
    for (let round = 0; round < 5; round++) {
      const layers = Array.from({ length: 3 }, () => temporaryDirectory());
      for (const layer of layers) fill(layer, 2);
      const point = temporaryDirectory();
      execFileSync("mount", ["-t", "overlay", "-o", `lowerdir=${layers.join(":")}`, "overlay", point]);
      try {
        expect([...layeredFiles(layers)].map(({ path }) => path)).toEqual(listing(point));
      } finally {
        execFileSync("umount", [point]);
      }
    }
    function fill(directory: string, depth: number): void {
      for (const name of ["a", "b", "c"]) {
        const path = join(directory, name);
        const kind = kinds[random.integer(0, kinds.length - 1)];
        if (kind === "file") writeFileSync(path, "");
        else if (kind === "link") symlinkSync("a", path);
        else if (kind === "whiteout") execFileSync("mknod", [path, "c", "0", "0"]);
        else if (kind === "directory" || kind === "opaque") {
          mkdirSync(path);
          if (kind === "opaque") mark(path, "trusted.overlay.opaque");
          if (depth > 0) fill(path, depth - 1);
        }
      }
    }
  });
});

testWhere([needsNative, needsPrograms("mkfs.erofs")], "an image that is too big for memory is a disk unasked", () => {
  const [small, big, cache] = [temporaryDirectory(), temporaryDirectory(), temporaryDirectory()];
  writeFileSync(join(small, "file"), "x");
  writeFileSync(join(big, "file"), "");
  truncateSync(join(big, "file"), 65 * 1024 ** 2);
  for (const _ of ["counted", "recalled"]) {
    expect(chooseRoot(image(small), undefined, cache)).toBe("initramfs");
    expect(chooseRoot({ ...image(big), name: "test/big" }, undefined, cache)).toBe("erofs");
  }
  expect(chooseRoot({ ...image(big), name: "test/big" }, "initramfs", cache)).toBe("initramfs");
});

/**
 * Every path of a tree, parents before their children, in the order of their names. A directory that only one layer has
 * the kernel reads as it lies there, so it may name what has been removed; that is still not there when it is asked for.
 */
function listing(root: string, below = ""): string[] {
  return readdirSync(join(root, below), { withFileTypes: true })
    .filter(({ name }) => lstatSync(join(root, below, name), { throwIfNoEntry: false }) !== undefined)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      return entry.isDirectory() ? [path, ...listing(root, path)] : [path];
    });
}
