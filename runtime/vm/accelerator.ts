/**
 * Which accelerator a machine has is decided by a boot, never by /dev/kvm being there: on some hosts it opens and makes
 * virtual machines, and still no kernel gets through its firmware. There is a verdict for each monitor and each machine
 * that it makes; it is kept until the host's kernel or the monitor is another one.
 */
import { accessSync, constants } from "node:fs";
import { release } from "node:os";
import { z } from "zod";
import { errorCode } from "../../native/error-code.ts";
import { Launcher } from "../../native/kernel.ts";
import { cacheDirectory } from "../image/cache.ts";
import { recall, remember } from "./known-facts.ts";
import { ACCELERATOR_LABELS, type AcceleratorName, type VmmName } from "./vmm.ts";

export interface Verdict {
  readonly accelerator: AcceleratorName;
  /** Why, in words. */
  readonly reason: string;
}

/** Whether a guest boots with one accelerator. */
export interface BootVerdict {
  readonly boots: boolean;
  readonly reason: string;
}

/** A guest was started, and did not get to user mode. */
export class NoBoot extends Error {
  override readonly name = "NoBoot";
}

/** Boots a guest with nothing but our init; resolves when it got to user mode, and throws NoBoot when it did not. */
export type Probe = (launcher: Launcher, accelerator: AcceleratorName, timeoutMs: number) => Promise<void>;

export interface Circumstances {
  readonly vmm: VmmName;
  /** As the monitor calls it. */
  readonly machine: string;
  /** The monitor's. */
  readonly version: string;
  /** Used for the probe; one is opened for it where none is given. */
  readonly launcher?: Launcher;
  readonly cache?: string;
  readonly device?: string;
  readonly hostRelease?: string;
  readonly probe: Probe;
}

/** @returns the name of the fact that is kept */
export function verdictFact(vmm: VmmName, machine: string, accelerator: AcceleratorName): string {
  return `boots-${vmm}-${machine}-${accelerator}`;
}

/**
 * Hardware boots this guest in well under a second, nested hardware in a few; emulation takes a second or two, and many
 * on a busy host.
 */
const PROBE_TIMEOUT_MS: Readonly<Record<AcceleratorName, number>> = { kvm: 10_000, tcg: 60_000 };

const verdictSchema = z.object({ boots: z.boolean(), reason: z.string() });

/**
 * Decides, or recalls what was decided. Emulation is what is left where hardware does not boot: that is not tried here.
 *
 * @param circumstances the probe, and what to look at other than this machine
 */
export async function decideAccelerator(circumstances: Circumstances): Promise<Verdict> {
  const { boots, reason } = await bootVerdict(circumstances, "kvm");
  return { accelerator: boots ? "kvm" : "tcg", reason };
}

/** Finds out by a boot, or recalls, whether guests boot with an accelerator. */
export async function bootVerdict(circumstances: Circumstances, accelerator: AcceleratorName): Promise<BootVerdict> {
  const {
    device = "/dev/kvm",
    cache = cacheDirectory(),
    hostRelease = release(),
    vmm,
    machine,
    version,
  } = circumstances;
  const unusable = accelerator === "kvm" ? whyUnusable(device) : undefined;
  if (unusable !== undefined) return { boots: false, reason: unusable };
  const fact = verdictFact(vmm, machine, accelerator);
  const key = [hostRelease, version];
  const known = recall(fact, key, verdictSchema, cache);
  if (known !== undefined) return known;
  const where = `Linux ${hostRelease}, ${vmm} ${version} ${machine}`;
  const { isTried, ...verdict } = await bootProbe(circumstances, accelerator, where);
  if (isTried) remember(fact, key, verdict, cache);
  return verdict;
}

/** @returns the verdict, and whether a guest was started at all: without a kernel, say, nothing is known */
async function bootProbe(
  { launcher, probe }: Circumstances,
  accelerator: AcceleratorName,
  where: string,
): Promise<BootVerdict & { readonly isTried: boolean }> {
  const own = launcher === undefined ? await Launcher.open() : undefined;
  const used = launcher ?? own;
  try {
    if (used !== undefined) await probe(used, accelerator, PROBE_TIMEOUT_MS[accelerator]);
    return { isTried: true, boots: true, reason: `a guest booted with ${ACCELERATOR_LABELS[accelerator]} (${where})` };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const isTried = error instanceof NoBoot;
    const beginning = accelerator === "kvm" ? "/dev/kvm is there, but " : "";
    const words = isTried ? "no guest boots with it" : "no guest could be started to try it";
    return { isTried, boots: false, reason: `${beginning}${words} (${where}): ${why}` };
  } finally {
    await own?.close();
  }
}

function whyUnusable(device: string): string | undefined {
  try {
    accessSync(device, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    const isThere = errorCode(error) !== "ENOENT";
    return isThere ? `${device} is there, but this user may not open it` : `this machine has no ${device}`;
  }
}
