/**
 * The memory controller: how much memory a container may hold, and what happened when it wanted more.
 * Kernel: admin-guide/cgroup-v1/memory.rst; admin-guide/cgroup-v2.rst, "Memory". config-linux.md, Memory.
 */
import type { OciMemory } from "../oci/config.ts";
import { type Controller, given, type Setting, type SettingsContext } from "./controller.ts";
import { digits, limitDigits, refused } from "./values.ts";

const FIELD = "linux.resources.memory";
const V1_ONLY_FIX = "leave it out, or use cgroup v1";

export const memory: Controller = {
  name: "memory",
  why: "Its memory is charged to a group of its own, so that it can be limited and its peak read at the end.",

  asked({ memory: wanted }) {
    if (wanted === undefined) return [];
    const { limit, reservation, swap, kernel, kernelTCP, swappiness, disableOOMKiller } = wanted;
    const limits = given(FIELD, withoutUnlimited({ limit, reservation, swap, kernel, kernelTCP }));
    // A swappiness of 0 is a wish too: no engine writes it when nobody asked.
    const others = given(FIELD, {
      swappiness: swappiness === undefined ? undefined : String(swappiness),
      disableOOMKiller,
    });
    return [...limits, ...others].map((field) => (field === `${FIELD}.limit` ? `--memory (${field})` : field));
  },
  joinedOnV1: true,

  settings({ memory: wanted = {} }, context) {
    return context.version === 1 ? settingsV1(wanted, context) : settingsV2(wanted, context);
  },

  reports: (version) =>
    version === 1
      ? [
          { name: "memory.oom_control", file: "memory.oom_control" },
          { name: "memory.max_usage_in_bytes", file: "memory.max_usage_in_bytes" },
        ]
      : [
          { name: "memory.events", file: "memory.events" },
          { name: "memory.peak", file: "memory.peak" },
        ],
};

/** A new group is unlimited: where that is all that is asked for, no controller has to be there. */
function withoutUnlimited(limits: Readonly<Record<string, number | undefined>>): Record<string, number | undefined> {
  return Object.fromEntries(Object.entries(limits).map(([name, value]) => [name, value === -1 ? undefined : value]));
}

const LIMIT_WHY = "Above this the kernel reclaims, and then kills (OOM).";
const SOFT_WHY = "When memory is short on the machine, it is taken from groups above this first.";
const SWAP_WHY = "Without a limit on swap the memory limit would only move pages to disk; Docker allows as much again.";

function isSet(value: number | undefined): value is number {
  return value !== undefined && value !== 0;
}

function settingsV1(wanted: OciMemory, context: SettingsContext): Setting[] {
  const { limit, reservation } = wanted;
  // No limit on memory means none on the sum either: the kernel would refuse a sum that is less.
  const swap = limit === -1 && !isSet(wanted.swap) ? -1 : wanted.swap;
  const settings: Setting[] = [];
  if (isSet(limit)) {
    settings.push({ file: "memory.limit_in_bytes", value: limitDigits(`${FIELD}.limit`, limit, 1), why: LIMIT_WHY });
  }
  if (isSet(swap)) {
    checkSwapIsThere(swap, "memory.memsw.limit_in_bytes", context);
    if (swap !== -1) swapBeyond(swap, limit);
    // After the limit: v1 refuses a sum that is below it.
    const value = limitDigits(`${FIELD}.swap`, swap, 1);
    if (context.has("memory.memsw.limit_in_bytes") !== false) {
      settings.push({ file: "memory.memsw.limit_in_bytes", value, why: SWAP_WHY });
    }
  }
  if (isSet(reservation)) {
    const value = limitDigits(`${FIELD}.reservation`, reservation, 1);
    settings.push({ file: "memory.soft_limit_in_bytes", value, why: SOFT_WHY });
  }
  return [...settings, ...v1OnlySettings(wanted, context.isNew)];
}

function v1OnlySettings(
  { kernel, kernelTCP, swappiness, disableOOMKiller, useHierarchy }: OciMemory,
  isNew: boolean,
): Setting[] {
  const settings: Setting[] = [];
  if (isSet(kernel) && kernel !== -1) {
    const why = "the kernel has given up this limit (Linux 5.16); its memory counts against the limit of all";
    throw refused(`${FIELD}.kernel`, kernel, why, "leave it out: memory.limit holds for both");
  }
  if (isSet(kernelTCP)) {
    const value = limitDigits(`${FIELD}.kernelTCP`, kernelTCP, 1);
    settings.push({
      file: "memory.kmem.tcp.limit_in_bytes",
      value,
      why: "Buffers of its TCP connections are limited.",
    });
  }
  if (swappiness !== undefined) {
    const value = digits(`${FIELD}.swappiness`, swappiness, 0, 100);
    settings.push({ file: "memory.swappiness", value, why: "How readily its pages go to swap rather than its cache." });
  }
  if (disableOOMKiller || (disableOOMKiller === false && !isNew)) {
    const why = "Over the limit its processes sleep until memory is freed, instead of being killed.";
    settings.push({ file: "memory.oom_control", value: disableOOMKiller ? "1" : "0", why });
  }
  if (useHierarchy === false) {
    const why = "since Linux 5.11 every group counts against those above it";
    throw refused(`${FIELD}.useHierarchy`, false, why, "leave it out");
  }
  return settings;
}

function settingsV2(wanted: OciMemory, context: SettingsContext): Setting[] {
  const { limit, reservation } = wanted;
  refuseV1Only(wanted);
  const settings: Setting[] = [];
  if (isSet(limit)) {
    settings.push({ file: "memory.max", value: limitDigits(`${FIELD}.limit`, limit, 2), why: LIMIT_WHY });
  }
  const swap = swapAlone(wanted);
  if (swap !== undefined) {
    checkSwapIsThere(swap, "memory.swap.max", context);
    const value = limitDigits(`${FIELD}.swap`, swap, 2);
    if (context.has("memory.swap.max") !== false) {
      settings.push({ file: "memory.swap.max", value, why: SWAP_WHY });
    }
  }
  if (isSet(reservation)) {
    const value = limitDigits(`${FIELD}.reservation`, reservation, 2);
    settings.push({ file: "memory.low", value: value === "max" ? "0" : value, why: LOW_WHY });
  }
  return settings;
}

const LOW_WHY = "Up to this much is left to it for as long as there is anything else to reclaim.";

function refuseV1Only({ kernel, kernelTCP, swappiness, disableOOMKiller, useHierarchy }: OciMemory): void {
  const values = { ...withoutUnlimited({ kernel, kernelTCP }), ...(disableOOMKiller && { disableOOMKiller }) };
  for (const [name, value] of Object.entries(values)) {
    if (value) {
      throw refused(`${FIELD}.${name}`, value, "cgroup v2 has no such limit", V1_ONLY_FIX);
    }
  }
  if (swappiness !== undefined) {
    throw refused(`${FIELD}.swappiness`, swappiness, "cgroup v2 has one for the whole machine", "sysctl vm.swappiness");
  }
  if (useHierarchy === false) {
    throw refused(`${FIELD}.useHierarchy`, false, "cgroup v2 always counts groups below", "leave it out");
  }
}

/**
 * The configuration's `swap` is memory and swap together; v2 limits swap alone.
 *
 * @returns undefined where swap is left as it is, -1 for no limit
 * @throws RingsideError when the sum is below the memory limit, or there is no memory limit to subtract
 */
export function swapAlone({ limit, swap }: OciMemory): number | undefined {
  if (!isSet(swap)) return limit === -1 ? -1 : undefined;
  if (swap === -1) return -1;
  if (limit === undefined || limit === 0 || limit === -1) {
    const why = "it counts memory and swap together, and memory has no limit";
    throw refused(`${FIELD}.swap`, swap, why, "give memory.limit as well");
  }
  swapBeyond(swap, limit);
  return swap - limit;
}

function swapBeyond(swap: number, limit: number | undefined): void {
  if (isSet(limit) && limit !== -1 && swap < limit) {
    const why = `it counts memory and swap together, and memory alone may be ${limit}`;
    throw refused(`${FIELD}.swap`, swap, why, "give at least the memory limit");
  }
  if (limit === -1) throw refused(`${FIELD}.swap`, swap, "memory alone is unlimited", "give memory.limit as well");
}

/** No limit on swap needs no file; any other does. */
function checkSwapIsThere(swap: number, file: string, { has, version }: SettingsContext): void {
  if (swap === -1 || has(file) !== false) return;
  const why = "this kernel does not count swap against groups";
  const boot =
    version === 1 ? "boot with swapaccount=1 on the kernel's command line" : "boot a kernel with CONFIG_SWAP";
  throw refused(`${FIELD}.swap`, swap, why, `${boot}, or leave it out`);
}
