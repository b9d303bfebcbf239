/** The guest's archive, read back by somebody else's programs and by the format's own rules. */
import { execFileSync } from "node:child_process";
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type CpioEntry, writeCpio } from "../../runtime/vm/cpio.ts";
import { imageEntries } from "../../runtime/vm/image-entries.ts";
import { chance } from "../support/chance.ts";
import { needsPrograms, testWhere } from "../support/needs.ts";
import { temporaryDirectory } from "../support/temporary.ts";

/** Unpacks with busybox, another implementation than ours and than the kernel's. */
function unpack(archive: Uint8Array): string {
  const directory = temporaryDirectory();
  execFileSync("busybox", ["cpio", "-i", "-d"], { cwd: directory, input: archive, stdio: ["pipe", "ignore", "pipe"] });
  return directory;
}

describe("a cpio archive", () => {
  testWhere([needsPrograms("busybox")], "gives busybox back the files, modes and links that went in", () => {
    const random = chance();
    const data = Buffer.from(Array.from({ length: random.integer(0, 5000) }, () => random.integer(0, 255)));
    const root = unpack(
      writeCpio([
        { kind: "directory", path: "etc", mode: 0o750 },
        { kind: "file", path: "etc/data", mode: 0o640, data },
        { kind: "file", path: "etc/empty", mode: 0o755, data: new Uint8Array() },
        { kind: "symlink", path: "link", target: "etc/data" },
      ]),
    );
    expect(readFileSync(join(root, "etc/data"))).toEqual(data);
    expect(lstatSync(join(root, "etc/data")).mode & 0o7777).toBe(0o640);
    expect(lstatSync(join(root, "etc")).mode & 0o7777).toBe(0o750);
    expect(lstatSync(join(root, "etc/empty")).size).toBe(0);
    expect(readlinkSync(join(root, "link"))).toBe("etc/data");
  });

  testWhere([needsPrograms("busybox")], "keeps names and data of every length on four-byte borders", () => {
    const entries = Array.from(
      { length: 9 },
      (_, length): CpioEntry => ({
        kind: "file",
        path: `n${"x".repeat(length)}`,
        mode: 0o644,
        data: Buffer.alloc(length, 65 + length),
      }),
    );
    const archive = writeCpio(entries);
    expect(archive.length % 4).toBe(0);
    const root = unpack(archive);
    for (const entry of entries) {
      if (entry.kind === "file") expect(readFileSync(join(root, entry.path))).toEqual(entry.data);
    }
  });

  test("is the same for the same tree", () => {
    const entries: CpioEntry[] = [{ kind: "file", path: "a", mode: 0o600, data: Buffer.from("b"), user: 3, group: 4 }];
    expect(writeCpio(entries)).toEqual(writeCpio(entries));
  });

  test("refuses a path with a zero byte", () => {
    expect(() => writeCpio([{ kind: "directory", path: "a\0b", mode: 0o755 }])).toThrow(/zero byte/);
  });
});

describe("the layers of an image", () => {
  test("are stacked: the upper file hides the lower one, directories are merged", () => {
    const [upper, lower] = [temporaryDirectory(), temporaryDirectory()];
    for (const layer of [upper, lower]) mkdirSync(join(layer, "d"));
    writeFileSync(join(upper, "d/both"), "upper");
    writeFileSync(join(lower, "d/both"), "lower");
    writeFileSync(join(lower, "d/only"), "below");
    symlinkSync("elsewhere", join(upper, "d/link"));
    const entries = imageEntries([upper, lower]);
    expect(entries.map(({ path }) => path)).toEqual(["d", "d/both", "d/link", "d/only"]);
    const both = entries.find(({ path }) => path === "d/both");
    expect(both?.kind === "file" && Buffer.from(both.data).toString()).toBe("upper");
  });

  test("hide what lies below a file of the same name", () => {
    const [upper, lower] = [temporaryDirectory(), temporaryDirectory()];
    writeFileSync(join(upper, "name"), "a file now");
    mkdirSync(join(lower, "name"));
    writeFileSync(join(lower, "name/inner"), "hidden");
    expect(imageEntries([upper, lower]).map(({ path }) => path)).toEqual(["name"]);
    expect(readdirSync(lower)).toEqual(["name"]);
  });
});
