/** overlayfs and the model of it, asked the same: when is a file copied up, how much of it, and when not again. */
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import type { Operation, Workload } from "../../../simulator/workload/workload.ts";
import { describeWhere, needsLinux, needsPrograms, needsRoot } from "../../support/needs.ts";
import { imageLayer, simulatedMachine, startContained } from "./machine.ts";

const PAGE_BYTES = 4096;
const PAGES = 100;
const FILE = { path: "/file", bytes: PAGES * PAGE_BYTES };

interface CopyUp {
  /** Pages of it in the upper layer. */
  readonly pages: number;
  /** Whether the upper layer has the same file as the time before. */
  readonly isSame: boolean;
}

/** Each step is a shell's redirection: opened for reading, for writing without writing, written once, written again. */
const STEPS = ["read", "open", "write", "write"] as const;
type Step = (typeof STEPS)[number];

const SHELL: Readonly<Record<Step, string>> = {
  read: "cat merged/file > nothing",
  open: ": >> merged/file",
  write: "printf x >> merged/file",
};

/** In a mount namespace of its own, on a file system of its own: nothing of it is left. */
function realCopyUps(steps: readonly Step[]): CopyUp[] {
  const look = "if [ -e upper/file ]; then stat -c '%i %s' upper/file; else echo none; fi";
  const script = [
    "set -e",
    "mount -t tmpfs none /mnt",
    "cd /mnt",
    "mkdir lower upper work merged",
    `head -c ${FILE.bytes} /dev/zero > lower/file`,
    "mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work merged",
    ...steps.flatMap((step) => [SHELL[step], look]),
  ].join("\n");
  const output = execFileSync("unshare", ["-m", "--propagation", "private", "sh", "-c", script], { encoding: "utf8" });
  let last = "";
  return output
    .trim()
    .split("\n")
    .map((line) => {
      const [inode = "", bytes = "0"] = line === "none" ? [] : line.split(" ");
      const told = { pages: Math.floor(Number(bytes) / PAGE_BYTES), isSame: inode === last };
      last = inode;
      return told;
    });
}

const OPERATIONS: Readonly<Record<Step, readonly Operation[]>> = {
  read: [
    { kind: "systemCall", service: "open", path: FILE.path, access: "read" },
    { kind: "systemCall", service: "read", descriptor: 3, bytes: FILE.bytes },
    { kind: "systemCall", service: "close", descriptor: 3 },
  ],
  open: [
    { kind: "systemCall", service: "open", path: FILE.path, access: "write" },
    { kind: "systemCall", service: "close", descriptor: 3 },
  ],
  write: [
    { kind: "systemCall", service: "open", path: FILE.path, access: "write" },
    { kind: "systemCall", service: "write", descriptor: 3, bytes: 1 },
    { kind: "systemCall", service: "close", descriptor: 3 },
  ],
};

function simulatedCopyUps(steps: readonly Step[]): { readonly copyUps: CopyUp[]; readonly copies: number[] } {
  const { simulation, system, bursts } = simulatedMachine();
  const layer = imageLayer(system, [FILE]);
  const { process, upper } = startContained(system, layer, {
    name: "sleeper",
    operations: [{ kind: "sleep", durationNs: 1 }],
  });
  const tree = process.namespaces.mount;
  let last: number | undefined;
  const copyUps = steps.map((step) => {
    const workload: Workload = { name: step, operations: OPERATIONS[step] };
    const forked = system.processes.fork(system.init);
    if (forked.kind === "failed") throw new Error(forked.why);
    forked.child.namespaces = { ...forked.child.namespaces, mount: tree };
    system.runThread(forked.child, system.run(forked.child, workload, "program"));
    simulation.run();
    const found = upper.entry(FILE.path);
    const inode = typeof found === "object" ? found : undefined;
    const told = { pages: Math.floor((inode?.bytes ?? 0) / PAGE_BYTES), isSame: inode?.id === last };
    last = inode?.id;
    return told;
  });
  const copies = [...bursts.values()]
    .flat()
    .flatMap(({ name, args }) => (name === "copy up" ? [Number(args?.pages)] : []));
  return { copyUps, copies };
}

describeWhere(
  [needsLinux, needsRoot("mounts an overlay"), needsPrograms("unshare", "mount", "stat")],
  "a file of an image",
  () => {
    test("is copied up whole when it is first opened for writing, and never again", () => {
      const real = realCopyUps(STEPS);
      const { copyUps, copies } = simulatedCopyUps(STEPS);
      expect(real.map(({ pages }) => pages)).toEqual([0, PAGES, PAGES, PAGES]);
      expect(copyUps.map(({ pages }) => pages)).toEqual(real.map(({ pages }) => pages));
      // What is written afterwards is the same file: one copy, of every page, at the second step.
      expect(real.slice(2).every(({ isSame }) => isSame)).toBe(true);
      expect(copyUps.slice(2).every(({ isSame }) => isSame)).toBe(true);
      expect(copies).toEqual([PAGES]);
    });
  },
);
