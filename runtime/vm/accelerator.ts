/**
 * Which accelerator a machine has is decided by a boot, never by /dev/kvm being there: on some hosts it opens and makes
 * virtual machines, and still no kernel gets through its firmware. The verdict is kept until the host's kernel or QEMU
 * is another one.
 */
import { accessSync, constants } from "node:fs";
import { release } from "node:os";
import { z } from "zod";
import { errorCode } from "../../native/error-code.ts";
import { Launcher } from "../../native/kernel.ts";
import { cacheDirectory } from "../image/cache.ts";
import { requireQemu } from "./host.ts";
import { recall, remember } from "./known-facts.ts";
import { ACCELERATOR_LABELS, type AcceleratorName } from "./qemu.ts";

export interface Verdict {
  readonly accelerator: AcceleratorName;
  /** Why, in words. */
  readonly reason: string;
}

/** A guest was started, and did not get to user mode. */
export class NoBoot extends Error {
  override readonly name = "NoBoot";
}

/** Boots a guest with nothing but our init; resolves when it got to user mode, and throws NoBoot when it did not. */
export type Probe = (launcher: Launcher, timeoutMs: number) => Promise<void>;

export interface Circumstances {
  /** Used for the probe; one is opened for it where none is given. */
  readonly launcher?: Launcher;
  readonly cache?: string;
  readonly device?: string;
  readonly hostRelease?: string;
  readonly qemuVersion?: string;
  readonly probe: Probe;
}

/** The name of the fact that is kept. */
export const KVM_VERDICT = "accelerator";

/** Hardware boots this guest in well under a second, nested hardware in a few. */
const PROBE_TIMEOUT_MS = 10_000;

const verdictSchema = z.object({ accelerator: z.enum(["kvm", "tcg"]), reason: z.string() });

/**
 * Decides, or recalls what was decided.
 *
 * @param circumstances the probe, and what to look at other than this machine
 * @throws RingsideError when there is no QEMU to ask
 */
export async function decideAccelerator(circumstances: Circumstances): Promise<Verdict> {
  const { device = "/dev/kvm", cache = cacheDirectory(), hostRelease = release() } = circumstances;
  const qemuVersion = circumstances.qemuVersion ?? requireQemu().version;
  const unusable = whyUnusable(device);
  if (unusable !== undefined) return { accelerator: "tcg", reason: unusable };
  const key = [hostRelease, qemuVersion];
  const known = recall(KVM_VERDICT, key, verdictSchema, cache);
  if (known !== undefined) return known;
  const { isTried, ...verdict } = await bootProbe(circumstances, `Linux ${hostRelease}, QEMU ${qemuVersion}`);
  if (!isTried) return verdict;
  remember(KVM_VERDICT, key, verdict, cache);
  return verdict;
}

/** @returns the verdict, and whether a guest was started at all: without a kernel, say, nothing is known of KVM */
async function bootProbe(
  { launcher, probe }: Circumstances,
  where: string,
): Promise<Verdict & { readonly isTried: boolean }> {
  const own = launcher === undefined ? await Launcher.open() : undefined;
  const used = launcher ?? own;
  try {
    if (used !== undefined) await probe(used, PROBE_TIMEOUT_MS);
    return { isTried: true, accelerator: "kvm", reason: `a guest booted with ${ACCELERATOR_LABELS.kvm} (${where})` };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const isTried = error instanceof NoBoot;
    const words = isTried ? "no guest boots with it" : "no guest could be started to try it";
    return { isTried, accelerator: "tcg", reason: `/dev/kvm is there, but ${words} (${where}): ${why}` };
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
