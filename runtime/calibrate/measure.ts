/**
 * Runs the measuring program (native/bench/calibrate) group by group, as a process of our launcher, and gathers its samples;
 * where a virtual machine is needed, runs that.
 * Whatever happens, what a round has made on the host is taken away: a group, a layer.
 */
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { type Launcher, nativeProgram } from "../../native/kernel.ts";
import { detectCgroups } from "../cgroup/layout.ts";
import { removeCgroups } from "../cgroup/remove.ts";
import { compileContainer } from "../container/compile.ts";
import { places } from "../container/directories.ts";
import { requireImage } from "../container/start.ts";
import { RingsideError } from "../error.ts";
import { BASE_IMAGE } from "../image/image.ts";
import { startProcess } from "../process/start.ts";
import { type MachineTools, measureBoots, measureExits, type Sink, whyNoBoot, whyNoExits } from "./machines.ts";
import { GROUPS, type Group, type GroupNeeds, ROUNDS } from "./quantities.ts";

/** Nanoseconds by name, in the order in which they were measured; and what the kernel refused. */
export interface Measured {
  readonly samples: ReadonlyMap<string, readonly number[]>;
  readonly refused: ReadonlyMap<string, string>;
  /** Who executed the guest, of the quantities that are of one. */
  readonly accelerators: ReadonlyMap<string, string>;
}

export interface MeasureOptions {
  /** Names of groups. */
  readonly only: readonly string[];
  readonly signal: AbortSignal;
  /** Called before each group of each round. */
  readonly progress: (done: number, all: number, group: Group) => void;
}

const GROUP_ROOT = "/sys/fs/cgroup";
/** Of a group: the hierarchy of v2, or two of v1. */
const GROUP_PARENTS = [GROUP_ROOT, join(GROUP_ROOT, "devices"), join(GROUP_ROOT, "memory")];
const EXAMPLE_ID = "000000000000";
/** Far above what a group takes; a machine that hangs is not measured. */
const TIME_LIMIT_MS = 30_000;
/** For the end of a round, which takes away what it has made. */
const PATIENCE_MS = 2_000;

/**
 * Measures.
 * @throws RingsideError where the measuring program is missing or fails; the abort's reason where it was interrupted
 */
export async function measure(launcher: Launcher, options: MeasureOptions): Promise<Measured> {
  const program = requireProgram("ringside-calibrate");
  using cleanup = new DisposableStack();
  const directory = mkdtempSync(join(tmpdir(), "ringside-calibrate-"));
  cleanup.defer(() => rmSync(directory, { recursive: true, force: true }));
  const samples = new Map<string, number[]>();
  const refused = new Map<string, string>();
  const accelerators = new Map<string, string>();
  const sink: Sink = (name, ns, accelerator) => {
    keep(samples, name, Math.round(ns));
    accelerators.set(name, accelerator);
  };
  const groups: Group[] = [];
  for (const group of GROUPS.filter(({ name }) => options.only.includes(name))) {
    const why = await unusable(group, launcher);
    if (why === undefined) groups.push(group);
    else refused.set(group.name, why);
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, group] of groups.entries()) {
      options.signal.throwIfAborted();
      options.progress(round * groups.length + index, ROUNDS * groups.length, group);
      const machines = MACHINES[group.needs];
      if (machines !== undefined) {
        await machines({ launcher, samples: group.samples, signal: options.signal, sink });
        continue;
      }
      await using made = new AsyncDisposableStack();
      const argv = [program, group.name, String(group.samples), ...argumentsOf(group, directory, made)];
      gather(await outputOf(launcher, argv, directory, options.signal), samples, refused);
    }
  }
  return { samples, refused, accelerators };
}

/** What a group is measured by where no program of ours does it. */
const MACHINES: Partial<Record<GroupNeeds, (tools: MachineTools) => Promise<void>>> = {
  kvm: measureExits,
  guest: measureBoots,
};

/** Why a group cannot be measured here. */
async function unusable({ needs }: Group, launcher: Launcher): Promise<string | undefined> {
  if (needs === "kvm") return await whyNoExits();
  if (needs === "guest") return await whyNoBoot(launcher);
  if (needs !== "container") return undefined;
  if (process.geteuid?.() !== 0) return "only root makes containers without a user namespace; run it as root";
  return groupMode() === undefined
    ? `the control groups are not mounted below ${GROUP_ROOT} as distributions do`
    : undefined;
}

function groupMode(): "v1" | "v2" | undefined {
  const { mode, unified, controllers } = detectCgroups();
  if (mode === "v2" && unified === GROUP_ROOT) return "v2";
  const usual = ["devices", "memory"].every((name) => controllers[name]?.directory === join(GROUP_ROOT, name));
  return usual ? "v1" : undefined;
}

function requireProgram(name: Parameters<typeof nativeProgram>[0]): string {
  const program = nativeProgram(name);
  if (program !== undefined) return program;
  throw new RingsideError(`calibrate: ${name} has not been built`, { fix: "npm run build" });
}

function argumentsOf({ needs }: Group, directory: string, made: AsyncDisposableStack): string[] {
  if (needs === "nothing") return [];
  if (needs === "probe") return [requireProgram("ringside-probe")];
  const image = requireImage(BASE_IMAGE);
  const filter = join(directory, "filter");
  writeFileSync(filter, defaultFilter());
  const { layers } = places();
  mkdirSync(layers, { recursive: true });
  // Begins as our own groups and layers do, so that what a killed calibration leaves is swept up with them.
  const name = `ringside-calibrate${process.pid}`;
  made.defer(() => removeLeftovers(name, join(layers, name)));
  return [name, image.lowerDirectories.join(":"), layers, filter, groupMode() ?? "v1", GROUP_ROOT];
}

function defaultFilter(): Uint8Array {
  const options = { image: BASE_IMAGE, command: [], env: [], readOnly: false, network: "none", remove: true } as const;
  const { plan } = compileContainer(EXAMPLE_ID, options, requireImage(BASE_IMAGE));
  for (const step of plan) if (step.op === "setSeccomp") return step.filter;
  throw new RingsideError("calibrate: a default container has no seccomp filter here", {
    fix: "ringside doctor says what this kernel lacks",
  });
}

/** Nothing is left by a round that came to its end. */
async function removeLeftovers(name: string, layer: string): Promise<void> {
  await removeCgroups(GROUP_PARENTS.map((parent) => join(parent, name)).filter((group) => existsSync(group)));
  rmSync(layer, { recursive: true, force: true });
}

async function outputOf(
  launcher: Launcher,
  argv: readonly string[],
  directory: string,
  signal: AbortSignal,
): Promise<string> {
  const files = { stdout: join(directory, "samples"), stderr: join(directory, "errors") };
  const stdout = openSync(files.stdout, "w");
  const stderr = openSync(files.stderr, "w");
  try {
    const world = await startProcess(launcher, { argv, cwd: directory, stdout, stderr });
    const limit = AbortSignal.any([signal, AbortSignal.timeout(TIME_LIMIT_MS)]);
    const end = (): void => {
      world.kill("SIGTERM");
      setTimeout(() => world.kill("SIGKILL"), PATIENCE_MS).unref();
    };
    limit.addEventListener("abort", end);
    if (limit.aborted) end();
    const { status } = await world.exited;
    limit.removeEventListener("abort", end);
    signal.throwIfAborted();
    if (status.kind === "exited" && status.code === 0) return readFileSync(files.stdout, "utf8");
    const said = limit.aborted ? "it did not end in time" : readFileSync(files.stderr, "utf8").trim();
    throw new RingsideError(`calibrate ${argv[1] ?? ""}: ${said === "" ? "the measuring program was ended" : said}`, {
      fix: `leave the group out: ringside calibrate --only ${GROUPS.map(({ name }) => name)
        .filter((name) => name !== argv[1])
        .join(",")}`,
    });
  } finally {
    closeSync(stdout);
    closeSync(stderr);
  }
}

/** Lines of `NAME NANOSECONDS`, and of `!NAME ERRNO` where the kernel refused. */
function gather(output: string, samples: Map<string, number[]>, refused: Map<string, string>): void {
  for (const line of output.split("\n")) {
    const [, sign, name, digits] = /^(!?)([\w.]+) (\d+)$/.exec(line) ?? [];
    if (name === undefined || digits === undefined) continue;
    if (sign === "!") refused.set(name, errorName(Number(digits)));
    else keep(samples, name, Number(digits));
  }
}

function keep(samples: Map<string, number[]>, name: string, ns: number): void {
  const known = samples.get(name);
  if (known === undefined) samples.set(name, [ns]);
  else known.push(ns);
}

function errorName(errno: number): string {
  const name = Object.entries(constants.errno).find(([, number]) => number === errno)?.[0];
  return `the kernel answered ${name ?? `error ${errno}`}`;
}
