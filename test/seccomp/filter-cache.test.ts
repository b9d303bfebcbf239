/** The cache of compiled filters believes only what is ours, whole and in its place. */
import { createHash } from "node:crypto";
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fnv1a } from "../../native/fnv1a.ts";
import type { SeccompProfile } from "../../runtime/oci/seccomp.ts";
import { DEFAULT_CAPABILITIES } from "../../runtime/plan/capabilities.ts";
import { compileSeccomp } from "../../runtime/plan/seccomp/compile.ts";
import { defaultSeccomp } from "../../runtime/plan/seccomp/default-profile.ts";
import { COMPILER_VERSION, FilterCache } from "../../runtime/plan/seccomp/filter-cache.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const profile: SeccompProfile = {
  defaultAction: "SCMP_ACT_ERRNO",
  syscalls: [{ names: ["read"], action: "SCMP_ACT_ALLOW" }],
};
const permissive: SeccompProfile = { defaultAction: "SCMP_ACT_ALLOW" };
const expected = compileSeccomp(profile, { arch: "x64" });

/** A cache that has the profile's filter on disk, and its file. */
function filled(): { cache: string; file: string } {
  const cache = temporaryDirectory();
  new FilterCache(cache, "x64").filter(profile);
  const [name] = readdirSync(join(cache, "seccomp"));
  return { cache, file: join(cache, "seccomp", name ?? "") };
}

/** What a new process would get. */
function read(cache: string, wanted: SeccompProfile = profile): Uint8Array {
  return new FilterCache(cache, "x64").filter(wanted);
}

describe("the cache of filters", () => {
  test("gives what the compiler gives, and leaves one file that only we can read", () => {
    const { cache, file } = filled();
    expect(read(cache)).toEqual(Buffer.from(expected));
    expect(readdirSync(join(cache, "seccomp"))).toHaveLength(1);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("really reads the file: a filter that is whole and says that it is this profile's is taken as it is", () => {
    const { cache, file } = filled();
    const other = compileSeccomp(permissive, { arch: "x64" });
    const content = readFileSync(file);
    const keyBytes = 4 + content.readUInt32LE(0);
    const hash = Buffer.alloc(4);
    hash.writeUInt32LE(fnv1a(other));
    writeFileSync(file, Buffer.concat([content.subarray(0, keyBytes), other, hash]));
    expect(read(cache)).toEqual(Buffer.from(other));
  });

  test("another profile, another machine: another file", () => {
    const { cache } = filled();
    read(cache, permissive);
    new FilterCache(cache, "arm64").filter(profile);
    expect(readdirSync(join(cache, "seccomp"))).toHaveLength(3);
  });

  test.each<[string, (file: string) => void]>([
    ["is cut short", (file) => writeFileSync(file, readFileSync(file).subarray(0, -8))],
    [
      "has a bit flipped",
      (file) =>
        writeFileSync(
          file,
          readFileSync(file).map((byte, at, { length }) => (at === length - 5 ? byte ^ 1 : byte)),
        ),
    ],
    [
      "has a bit of its key flipped",
      (file) =>
        writeFileSync(
          file,
          readFileSync(file).map((byte, at) => (at === 40 ? byte ^ 1 : byte)),
        ),
    ],
    ["is empty", (file) => writeFileSync(file, "")],
    ["is larger than any filter", (file) => writeFileSync(file, Buffer.alloc(64 * 1024))],
    ["can be written by others", (file) => chmodSync(file, 0o602)],
    ["can be written by the group", (file) => chmodSync(file, 0o620)],
    ["is a directory", replaceByDirectory],
    ["is a link", replaceByLink],
  ])("a file that %s is not believed", (_, spoil) => {
    const { cache, file } = filled();
    spoil(file);
    expect(read(cache)).toEqual(expected);
  });

  test("one of our own filters put in another's place is not believed", () => {
    const { cache, file } = filled();
    read(cache, permissive);
    const other = readdirSync(join(cache, "seccomp"))
      .map((name) => join(cache, "seccomp", name))
      .find((path) => path !== file);
    rmSync(file);
    linkSync(other ?? "", file);
    expect(read(cache)).toEqual(expected);
  });

  test("a spoilt file is replaced by a good one", () => {
    const { cache, file } = filled();
    const good = readFileSync(file);
    writeFileSync(file, "spoilt");
    read(cache);
    expect(readFileSync(file)).toEqual(good);
  });

  test("where nothing can be written the profile is compiled, and nothing is left behind", () => {
    const blocked = join(temporaryDirectory(), "file");
    writeFileSync(blocked, "");
    expect(read(blocked)).toEqual(expected);
    expect(read("/proc/nowhere")).toEqual(expected);
  });

  test("filters are kept in memory: the file is not needed a second time", () => {
    const cache = temporaryDirectory();
    const filters = new FilterCache(cache, "x64");
    const first = filters.filter(profile);
    rmSync(join(cache, "seccomp"), { recursive: true });
    expect(filters.filter(profile)).toBe(first);
  });

  test("the compiler's version changes with its output", () => {
    const socket: SeccompProfile = {
      defaultAction: "SCMP_ACT_ERRNO",
      architectures: ["SCMP_ARCH_X86"],
      syscalls: [
        { names: ["socket", "ipc"], action: "SCMP_ACT_ALLOW", args: [{ index: 1, value: 1, op: "SCMP_CMP_EQ" }] },
      ],
    };
    const hash = createHash("sha256");
    for (const sample of [defaultSeccomp(DEFAULT_CAPABILITIES, "x64"), socket, permissive]) {
      hash.update(compileSeccomp(sample, { arch: "x64" }));
    }
    // A new hash here means that old caches hold other instructions: raise COMPILER_VERSION and put both here.
    expect([COMPILER_VERSION, hash.digest("hex").slice(0, 16)]).toEqual([4, "31fc83f4de309a9f"]);
  });
});

function replaceByDirectory(file: string): void {
  rmSync(file);
  mkdirSync(file);
}

function replaceByLink(file: string): void {
  linkSync(file, `${file}.real`);
  rmSync(file);
  symlinkSync(`${file}.real`, file);
}
