/**
 * Paths that mean to lead out of the root: destinations of mounts and working directories, through links, descriptors
 * and names that are exchanged meanwhile. A canary directory of the host must stay empty and never be mounted on.
 */
import { lstatSync, mkdirSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Launcher } from "../../native/kernel.ts";
import { StepError } from "../../native/step-error.ts";
import { BUNDLES, makeBundle, runBundle, runBundleWith, USUAL_MOUNTS } from "../support/bundle.ts";
import { needsCompiler } from "../support/compiled.ts";
import { describeWhere } from "../support/needs.ts";
import { canary, exchange, outcomeOf, refused } from "./canary.ts";

const PROC = USUAL_MOUNTS[0] ?? { destination: "/proc" };

describeWhere(BUNDLES, "a destination that means to lead out", () => {
  test.each(["/../../../../tmp/x", "../../x", "/tmp/../../../x", "/a/./../../b"])(
    "%s stays inside",
    async (destination) => {
      const bundle = makeBundle();
      const { output } = await runBundle(bundle, {
        script: "grep -c ' - tmpfs canary ' /proc/self/mountinfo",
        moreMounts: [{ destination, type: "tmpfs", source: "canary" }],
      });
      expect(output).toBe("1\n");
      expect(readdirSync(bundle.path)).toEqual(["rootfs"]);
    },
  );

  test.each(["/proc/self/root/tmp", "/proc/1/cwd", "/proc/self/fd/0", "/proc/thread-self/ns/mnt"])(
    "through the magic link %s is refused",
    async (destination) => {
      const moreMounts = [{ destination: `${destination}/x`, type: "tmpfs" }];
      expect(await refused(makeBundle(), { moreMounts })).toBe("ELOOP mountAt");
    },
  );

  test.each([".", "/", "../..", "tmp/.."])(
    "through a link to the root (%s) is refused: it would not be seen",
    async (target) => {
      const bundle = makeBundle();
      symlinkSync(target, join(bundle.rootfs, "data"));
      expect(await refused(bundle, { moreMounts: [{ destination: "/data", type: "tmpfs" }] })).toBe("EBUSY mountAt");
    },
  );

  test("through links in every part of it ends inside", async () => {
    const bundle = makeBundle();
    const { path, touched } = canary();
    mkdirSync(join(bundle.rootfs, "links"));
    symlinkSync(path, join(bundle.rootfs, "links/absolute"));
    symlinkSync(`../../../../../..${path}`, join(bundle.rootfs, "links/relative"));
    symlinkSync("links/absolute/../..", join(bundle.rootfs, "up"));
    const moreMounts = ["/links/absolute/a", "/links/relative/b", "/up/c", "/links/absolute"].map((destination) => ({
      destination,
      type: "tmpfs",
    }));
    const { output } = await runBundle(bundle, { script: `ls ${path}`, moreMounts });
    expect(output).not.toContain("No such");
    expect(touched()).toEqual([]);
  });
});

describeWhere(BUNDLES, "CVE-2026-55686, CVE-2024-21626: a working directory that means to lead out", () => {
  test("through a link is made inside", async () => {
    const bundle = makeBundle();
    const { path, touched } = canary();
    symlinkSync(path, join(bundle.rootfs, "link"));
    const { output } = await runBundle(bundle, { script: "pwd", process: { cwd: "/link/x" } });
    expect(output).toBe(`${path}/x\n`);
    expect(touched()).toEqual([]);
    expect(lstatSync(join(bundle.rootfs, path, "x")).isDirectory()).toBe(true);
  });

  test("through a descriptor of the launcher is refused, whatever its number", async () => {
    await using launcher = await Launcher.open();
    const bundle = makeBundle();
    const answers = new Set<string>();
    for (let fd = 3; fd < 24; fd++) {
      for (const cwd of [`/proc/self/fd/${fd}`, `/proc/self/fd/${fd}/../../..`]) {
        const run = { script: "cat /etc/hostname", process: { cwd } };
        answers.add(await outcomeOf(runBundleWith(launcher, bundle, run)));
      }
    }
    // ENOENT where it has no such descriptor.
    expect([...answers].toSorted()).toEqual(["ELOOP makeDirectoryIn", "ENOENT makeDirectoryIn"]);
  });
});

/** Where links may lead; `HOST` stands for the canary. */
const TARGETS = [
  "/a",
  "/a/b",
  "../b",
  "../../../..",
  "b/../c",
  ".",
  "/",
  "/x/y",
  "/c/c/c",
  "HOST",
  "../../../../../../..HOST",
  "/proc/1",
];
const NAMES = ["a", "b", "c"];
const names = fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 4 });
const entry = fc.record({ at: names, target: fc.option(fc.constantFrom(...TARGETS)) });

/** Makes directories and links; what does not fit, since a link or a file is in the way, is left out. */
function plant(rootfs: string, entries: readonly { at: string[]; target: string | null }[], host: string): void {
  for (const { at, target } of entries) {
    // Only the tree itself is planted: no path here may lead through a link.
    const through = at.slice(0, -1).map((_, index) => join(rootfs, ...at.slice(0, index + 1)));
    if (through.some((path) => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink())) continue;
    const path = join(rootfs, ...at);
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) continue;
    mkdirSync(join(path, ".."), { recursive: true });
    if (target === null) mkdirSync(path);
    else symlinkSync(target.replace("HOST", host), path);
  }
}

/** Where a path leads inside a root (path_resolution(7)); what is missing leads nowhere else. */
function resolveInside(rootfs: string, path: string): string {
  const done: string[] = [];
  const left = path.split("/");
  for (let links = 0; left.length > 0 && links < 40; ) {
    const name = left.shift() ?? "";
    if (name === "..") done.pop();
    if (name === "" || name === "." || name === "..") continue;
    const here = join(rootfs, ...done, name);
    if (lstatSync(here, { throwIfNoEntry: false })?.isSymbolicLink() !== true) {
      done.push(name);
      continue;
    }
    links++;
    const target = readlinkSync(here);
    if (target.startsWith("/")) done.length = 0;
    left.unshift(...target.split("/"));
  }
  return `/${done.join("/")}`;
}

describeWhere(BUNDLES, "any tree of directories and links", () => {
  test("a mount anywhere in it is inside, where its path leads, or refused; the host sees nothing", async () => {
    const { path: host, touched } = canary();
    await using launcher = await Launcher.open();
    const bundle = makeBundle();
    const trees: string[] = [];
    const property = fc.asyncProperty(fc.array(entry, { maxLength: 8 }), names, async (entries, at) => {
      for (const name of NAMES) rmSync(join(bundle.rootfs, name), { recursive: true, force: true });
      plant(bundle.rootfs, entries, host);
      const destination = `/${at.join("/")}`;
      const point = resolveInside(bundle.rootfs, destination);
      const answer = await runBundleWith(launcher, bundle, {
        script: "grep ' - tmpfs tried ' /proc/self/mountinfo | cut -d' ' -f5",
        mounts: [PROC, { destination, type: "tmpfs", source: "tried" }],
        linux: { namespaces: [{ type: "pid" }, { type: "mount" }, { type: "uts" }] },
      }).catch((error: unknown) => error);
      if (answer instanceof StepError) expect(["ELOOP", "ENOTDIR", "ENOENT", "EEXIST", "EBUSY"]).toContain(answer.code);
      else expect(answer).toMatchObject({ output: `${point}\n` });
      trees.push(answer instanceof StepError ? answer.code : "mounted");
      expect(touched()).toEqual([]);
    });
    await fc.assert(property, { numRuns: 60 });
    expect(trees.filter((outcome) => outcome === "mounted").length).toBeGreaterThan(0);
  });
});

const RACES = [...BUNDLES, needsCompiler];
const ROUNDS = 150;

describeWhere(RACES, "CVE-2021-30465, CVE-2024-45310: names that are exchanged while the container is made", () => {
  test("no mount, no directory and no file lands on the host", async () => {
    const bundle = makeBundle();
    const { path, touched } = canary();
    writeFileSync(join(bundle.path, "file"), "");
    mkdirSync(join(bundle.rootfs, "race/below"), { recursive: true });
    symlinkSync(`../../../../../../../..${path}`, join(bundle.rootfs, "other"));
    await exchange(join(bundle.rootfs, "race"), join(bundle.rootfs, "other"));
    await using launcher = await Launcher.open();
    const outcomes = new Map<string, number>();
    for (let round = 0; round < ROUNDS; round++) {
      const attempt = runBundleWith(launcher, bundle, {
        script: "true",
        process: { cwd: `/race/work/${round}` },
        moreMounts: [
          { destination: "/race/below", type: "tmpfs" },
          { destination: `/race/new/${round}`, type: "tmpfs" },
          { destination: `/race/../race/files/${round}`, source: "file", options: ["bind"] },
        ],
      });
      const outcome = await outcomeOf(attempt);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    expect(touched()).toEqual([]);
    expect(outcomes.get("it ran") ?? 0, JSON.stringify([...outcomes])).toBeGreaterThan(0);
  });

  test("/proc is the container's own or the container is refused", async () => {
    const bundle = makeBundle();
    mkdirSync(join(bundle.rootfs, "real"));
    symlinkSync("tmp", join(bundle.rootfs, "fake"));
    rmSync(join(bundle.rootfs, "proc"), { recursive: true });
    mkdirSync(join(bundle.rootfs, "proc"));
    await exchange(join(bundle.rootfs, "proc"), join(bundle.rootfs, "fake"));
    await using launcher = await Launcher.open();
    const answers = new Set<string>();
    for (let round = 0; round < ROUNDS; round++) {
      const run = { script: "cat /proc/self/stat >/dev/null 2>&1 && echo own || echo $?", mounts: [PROC] };
      answers.add(await outcomeOf(runBundleWith(launcher, bundle, run)));
    }
    for (const answer of answers)
      expect(["it ran", "ELOOP mountAt", "ESTALE mountAt", "ENOENT mountAt", "ENOTDIR mountAt"]).toContain(answer);
    expect(readdirSync(join(bundle.rootfs, "tmp"))).toEqual([]);
  });
});
