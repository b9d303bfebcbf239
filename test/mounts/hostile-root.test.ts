/**
 * Roots that are made to send mounts, nodes, directories and words elsewhere. Each case is named after the hole in
 * another runtime that it would have been; a canary directory of the host must stay empty and must never be mounted on.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  watch,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { Launcher, StepError } from "../../native/kernel.ts";
import {
  BUNDLES,
  type Bundle,
  type BundleRun,
  makeBundle,
  runBundle,
  runBundleWith,
  USUAL_MOUNTS,
} from "../support/bundle.ts";
import { describeWhere, needsPrograms } from "../support/needs.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const HERE = import.meta.dirname;
const [PROC, DEV, PTS, SYS] = USUAL_MOUNTS as unknown as [never, never, never, never];

interface Canary {
  readonly path: string;
  /** What has happened in it, or been mounted on it. */
  readonly touched: () => string[];
}

/** A directory of the host that nothing may touch. */
function canary(): Canary {
  const path = temporaryDirectory();
  const events: string[] = [];
  const watcher = watch(path, { recursive: true }, (event, name) => events.push(`${event} ${name}`));
  onTestFinished(() => watcher.close());
  const mounted = () =>
    readFileSync("/proc/self/mountinfo", "utf8")
      .split("\n")
      .filter((line) => line.includes(path));
  return { path, touched: () => [...events, ...readdirSync(path), ...mounted()] };
}

/** Puts a link where the image has a directory. */
function replace(bundle: Bundle, name: string, target: string): void {
  rmSync(join(bundle.rootfs, name), { recursive: true, force: true });
  symlinkSync(target, join(bundle.rootfs, name));
}

async function refused(bundle: Bundle, run: Omit<BundleRun, "script">): Promise<string> {
  try {
    const { output } = await runBundle(bundle, { script: "echo it ran", ...run });
    return output;
  } catch (error) {
    if (error instanceof StepError) return `${error.code} ${error.failed?.op}`;
    throw error;
  }
}

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
    const before = readFileSync("/proc/sys/kernel/core_pattern", "utf8");
    const { output } = await runBundle(makeBundle(), {
      script: "umount /proc/sys/net/core/somaxconn; cat /proc/sys/net/core/somaxconn",
      moreMounts: [
        { destination: "/proc/sys/net/core/somaxconn", source: "/proc/sys/kernel/core_pattern", options: ["bind"] },
      ],
      linux: { sysctl },
    });
    expect(output).toBe("77\n");
    expect(readFileSync("/proc/sys/kernel/core_pattern", "utf8")).toBe(before);
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

  test.each(["/proc/self/root/tmp", "/proc/1/cwd", "/proc/self/fd/3", "/proc/thread-self/ns/mnt"])(
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
        const answer = await runBundleWith(launcher, bundle, run).catch((error: unknown) => error);
        answers.add(answer instanceof StepError ? `${answer.code} ${answer.failed?.op}` : "it ran");
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

/** Two names that are exchanged as fast as the machine can, until the test is over. */
async function exchange(first: string, second: string): Promise<void> {
  const program = join(temporaryDirectory(), "exchange");
  execFileSync("gcc", ["-O2", "-Wall", "-Werror", join(HERE, "exchange.c"), "-o", program]);
  const racer = spawn(program, [first, second], { stdio: ["pipe", "pipe", "inherit"] });
  const gone = once(racer, "exit");
  onTestFinished(async () => {
    racer.stdin.end();
    await gone;
  });
  await once(racer.stdout, "data");
}

const RACES = [...BUNDLES, needsPrograms("gcc")];
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
      const answer = await runBundleWith(launcher, bundle, {
        script: "true",
        process: { cwd: `/race/work/${round}` },
        moreMounts: [
          { destination: "/race/below", type: "tmpfs" },
          { destination: `/race/new/${round}`, type: "tmpfs" },
          { destination: `/race/../race/files/${round}`, source: "file", options: ["bind"] },
        ],
      }).catch((error: unknown) => error);
      const outcome = answer instanceof StepError ? `${answer.code} ${answer.failed?.op}` : "it ran";
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
      const answer = await runBundleWith(launcher, bundle, run).catch((error: unknown) => error);
      answers.add(answer instanceof StepError ? `${answer.code} ${answer.failed?.op}` : "it ran");
    }
    for (const answer of answers)
      expect(["it ran", "ELOOP mountAt", "ESTALE mountAt", "ENOENT mountAt", "ENOTDIR mountAt"]).toContain(answer);
    expect(readdirSync(join(bundle.rootfs, "tmp"))).toEqual([]);
  });
});
