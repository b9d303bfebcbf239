/** The default image: what lies in it, when it is another one, and that many may make it at once. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type BaseImageOptions, buildBaseImage } from "../../runtime/image/base.ts";
import { findStaticBusybox, isStatic } from "../../runtime/image/busybox.ts";
import { cacheDirectory } from "../../runtime/image/cache.ts";
import { BASE_IMAGE, findImage, listImages, recordPath } from "../../runtime/image/image.ts";
import { needsLinux, testWhere, unless } from "../support/needs.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { makeElf } from "./make-elf.ts";

const busybox = findStaticBusybox();

/** A stand-in that answers like busybox: what matters here is where its applets go, not what they do. */
function fakeBusybox(applets: readonly string[]): string {
  const path = join(temporaryDirectory(), "busybox");
  writeFileSync(path, `#!/bin/sh\nprintf '%s\\n' ${applets.join(" ")}\n`, { mode: 0o755 });
  return path;
}

function build(options: BaseImageOptions = {}) {
  const cache = temporaryDirectory();
  const image = buildBaseImage({
    cache,
    busybox: fakeBusybox(["bin/sh", "usr/bin/id"]),
    programs: "/nonexistent",
    ...options,
  });
  return { cache, image, root: image.lowerDirectories[0] ?? "" };
}

describe("the default image", () => {
  test("has mount points, users and a sticky /tmp", () => {
    const { root } = build();
    for (const directory of ["proc", "sys", "dev", "root", "home/learner", "etc", "run", "var/tmp"]) {
      expect(statSync(join(root, directory)).isDirectory(), directory).toBe(true);
    }
    expect(statSync(join(root, "tmp")).mode & 0o7777).toBe(0o1777);
    expect(readFileSync(join(root, "etc/passwd"), "utf8")).toMatch(
      /^root:x:0:0:.*\nlearner:x:1000:1000:.*\nnobody:x:65534:/,
    );
    expect(readFileSync(join(root, "etc/os-release"), "utf8")).toContain('NAME="Ringside base"');
  });

  test("has a link for each applet, and none for package managers of other systems", () => {
    const { root } = build({
      busybox: fakeBusybox(["bin/sh", "usr/sbin/chroot", "bin/rpm", "usr/bin/dpkg", "../evil"]),
    });
    expect(lstatSync(join(root, "bin/sh")).isSymbolicLink()).toBe(true);
    expect(lstatSync(join(root, "usr/sbin/chroot")).isSymbolicLink()).toBe(true);
    expect(readdirSync(join(root, "bin")).sort()).toEqual(["busybox", "sh"]);
  });

  test("holds our own programs, and another id once one of them changes", () => {
    const programs = temporaryDirectory();
    writeFileSync(join(programs, "ringside-probe"), "one", { mode: 0o755 });
    const first = build({ programs });
    expect(readFileSync(join(first.root, "bin/ringside-probe"), "utf8")).toBe("one");
    writeFileSync(join(programs, "ringside-probe"), "two");
    expect(build({ programs }).image.id).not.toBe(first.image.id);
  });

  test("has one id for one content, wherever and whenever it is made", () => {
    const name = fakeBusybox(["bin/sh"]);
    expect(build({ busybox: name }).image.id).toBe(build({ busybox: name }).image.id);
  });

  test("is found by its name, with what a container starts by default", () => {
    const { cache, image } = build();
    expect(findImage(BASE_IMAGE, cache)).toEqual(image);
    expect(image.config.cmd).toEqual(["sh"]);
    expect(listImages(cache).map(({ name }) => name)).toEqual([BASE_IMAGE]);
  });

  test("is made anew where its tree has been deleted", () => {
    const { cache, root } = build();
    rmSync(root, { recursive: true });
    expect(findImage(BASE_IMAGE, cache)).toBeUndefined();
    buildBaseImage({ cache, busybox: fakeBusybox(["bin/sh"]), programs: "/nonexistent" });
    expect(findImage(BASE_IMAGE, cache)).toBeDefined();
  });

  test("stays as it was where making it again fails", () => {
    const { cache, image } = build();
    const broken = fakeBusybox([]);
    expect(() => buildBaseImage({ cache, busybox: broken, programs: "/nonexistent" })).toThrow(/applets/);
    expect(findImage(BASE_IMAGE, cache)).toEqual(image);
    expect(readdirSync(join(cache, "trees"))).toHaveLength(1);
  });

  test("is made once by many builders at the same time, and nothing half-written stays", async () => {
    const cache = temporaryDirectory();
    const name = fakeBusybox(["bin/sh", "bin/ls", "usr/bin/id"]);
    const module = new URL("../../runtime/image/base.ts", import.meta.url).href;
    const script = `import { buildBaseImage } from ${JSON.stringify(module)};
      const options = ${JSON.stringify({ cache, busybox: name, programs: "/nonexistent" })};
      process.stdout.write(buildBaseImage(options).id);`;
    const builders = Array.from({ length: 4 }, async () => {
      const child = spawn(process.execPath, ["--no-warnings", "--input-type=module", "-e", script]);
      const output: Buffer[] = [];
      child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
      const [code] = await once(child, "close");
      return { code, id: Buffer.concat(output).toString() };
    });
    const results = await Promise.all(builders);
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(new Set(results.map(({ id }) => id)).size).toBe(1);
    expect(readdirSync(join(cache, "trees"))).toHaveLength(1);
    expect(readdirSync(join(cache, "images"))).toEqual(["ringside%2Fbase.json"]);
  });

  testWhere([needsLinux], "is made from the host's own programs where there is no busybox", () => {
    const { cache, root, image } = build({ busybox: "none" });
    expect(image.builtFrom).toMatch(/host/);
    expect(statSync(join(root, "proc")).isDirectory()).toBe(true);
    expect(listImages(cache)).toHaveLength(1);
  });
});

describe("the programs of an image run with nothing but the image around them", () => {
  // chroot(2) is enough to see whether loader and libraries are complete, and needs root.
  test
    .skipIf(process.getuid?.() !== 0)
    .each([["the host's own", "none"], ...(busybox === undefined ? [] : [["busybox's", busybox] as const])] as const)(
    "%s",
    (_, source) => {
      const { root } = build({ busybox: source });
      const script = "cat /etc/os-release; ls /; id -u";
      const output = execFileSync("chroot", [root, "/bin/sh", "-c", script], {
        encoding: "utf8",
        env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
      });
      expect(output).toContain("Ringside base");
      expect(output.trim().split("\n").at(-1)).toBe("0");
    },
  );
});

describe("a static busybox", () => {
  test("is told from a dynamic one by its missing interpreter", () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, "static"), makeElf());
    writeFileSync(join(directory, "dynamic"), makeElf({ interpreter: "/lib/ld.so" }));
    expect(isStatic(join(directory, "static"))).toBe(true);
    expect(isStatic(join(directory, "dynamic"))).toBe(false);
    expect(isStatic(join(directory, "missing"))).toBe(false);
  });

  const noBusybox = busybox === undefined ? "there is no static busybox" : undefined;
  test("gives the tools that a first look at a container needs", unless(noBusybox), () => {
    const { root } = build({ busybox: busybox ?? "" });
    for (const tool of ["bin/sh", "bin/ls", "bin/ps", "bin/hostname", "usr/bin/id", "bin/mount"]) {
      expect(lstatSync(join(root, tool)).isSymbolicLink(), tool).toBe(true);
    }
  });
});

describe("names and places", () => {
  test("no name of an image leads out of the cache", () => {
    for (const name of ["../../etc/passwd", "/etc/passwd", "..", "a/../b"]) {
      expect(recordPath(name, "/cache")).toMatch(/^\/cache\/images\/[^/]+\.json$/);
      expect(findImage(name, "/nonexistent")).toBeUndefined();
    }
  });

  test("a record that is no image's record counts as no image", () => {
    const cache = temporaryDirectory();
    mkdirSync(join(cache, "images"));
    mkdirSync(join(cache, "trees/0123456789abcdef"), { recursive: true });
    for (const text of ["", "{", "null", '{"schema":"ringside.image/1","tree":"../../etc"}']) {
      writeFileSync(recordPath(BASE_IMAGE, cache), text);
      expect(findImage(BASE_IMAGE, cache)).toBeUndefined();
    }
  });

  test("the cache lies where the environment says, and a relative XDG_CACHE_HOME is ignored", () => {
    expect(cacheDirectory({ RINGSIDE_CACHE: "/a", XDG_CACHE_HOME: "/b" })).toBe("/a");
    expect(cacheDirectory({ XDG_CACHE_HOME: "/b" })).toBe("/b/ringside");
    expect(cacheDirectory({ XDG_CACHE_HOME: "b", HOME: "/home/u" })).toBe("/home/u/.cache/ringside");
  });

  const isRoot = process.getuid?.() === 0 ? "root may write anywhere" : undefined;
  test("a cache that cannot be written gives the file system's own error", unless(isRoot), () => {
    const cache = temporaryDirectory();
    chmodSync(cache, 0o555);
    expect(() => build({ cache })).toThrow(/EACCES/);
  });
});
