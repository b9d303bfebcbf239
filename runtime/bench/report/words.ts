/**
 * What a report's figures and kinds are called: three digits that count and the unit that fits; worlds in words; and who
 * executes a guest's instructions, since a guest under software emulation is to be known at a glance.
 */

import type { World } from "../../../simulator/trace/timeline.ts";
import type { MarkName } from "../schema.ts";

const NARROW_SPACE = "\u202f";

interface Unit {
  readonly name: string;
  readonly size: number;
}

const TIMES: readonly Unit[] = [
  { name: "s", size: 1000 },
  { name: "ms", size: 1 },
  { name: "µs", size: 1e-3 },
  { name: "ns", size: 1e-6 },
];
const SIZES: readonly Unit[] = ["TiB", "GiB", "MiB", "KiB", "B"].map((name, index) => ({
  name,
  size: 1024 ** (4 - index),
}));

/** The worlds in the order in which they are shown. */
export const WORLDS: readonly { readonly world: World; readonly title: string }[] = [
  { world: "process", title: "Processes" },
  { world: "container", title: "Containers" },
  { world: "vm", title: "Virtual machines" },
  { world: "address-space", title: "Address spaces" },
];

/** The marks in the order in which they come, with what each says. */
export const MARKS: Readonly<Record<MarkName, { readonly title: string; readonly what: string }>> = {
  firstInstruction: {
    title: "First instruction",
    what: "the kernel has switched to the program, seen where that can be seen",
  },
  firstByte: { title: "First byte", what: "the program’s first byte can be read at our end; every system has it" },
  ready: { title: "Ready", what: "a server has answered its first client over TCP" },
  gone: { title: "Gone", what: "the program has ended and what was made for it is removed" },
};

/**
 * A duration with three significant digits: `1.03 ms`, `812 ns`.
 */
export function formatMs(ms: number): string {
  return withUnit(ms, TIMES, digits);
}

/**
 * A duration with no digit more than it needs, for axes: `10 ms`.
 */
export function formatMsTick(ms: number): string {
  return withUnit(ms, TIMES, shortest);
}

/**
 * Bytes in binary units with three significant digits: `1.21 MiB`.
 */
export function formatBytes(bytes: number): string {
  return withUnit(bytes, SIZES, digits);
}

/**
 * Bytes in binary units with no digit more than they need, for axes.
 */
export function formatBytesTick(bytes: number): string {
  return withUnit(bytes, SIZES, shortest);
}

/**
 * A value of the overhead benchmark in its unit: `61.7 ns`, `12.3 GiB/s`.
 */
export function formatQuantity(value: number, unit: "ns" | "bytes/s"): string {
  return unit === "ns" ? formatMs(value / 1e6) : `${formatBytes(value)}/s`;
}

/**
 * What a quantity of the overhead benchmark is called: `pageFault` is a page fault.
 */
export function quantityWords(name: string): string {
  return name.replace(/([a-z])([A-Z])/g, (_, before: string, after: string) => `${before} ${after.toLowerCase()}`);
}

/**
 * A ratio with three significant digits: `2.41×`.
 */
export function formatRatio(ratio: number): string {
  return `${digits(ratio)}×`;
}

/**
 * A ratio with no digit more than it needs, for axes.
 */
export function formatRatioTick(ratio: number): string {
  return `${shortest(ratio)}×`;
}

/**
 * How many in a second, with three significant digits.
 */
export function formatRate(perSecond: number): string {
  return digits(perSecond);
}

/** Who executes a guest's instructions. */
export interface Accelerator {
  /** No processor ran them: a program did, one after the other. */
  readonly isEmulated: boolean;
  readonly words: string;
}

/**
 * What to call an accelerator; undefined where nothing stands between program and processor.
 */
export function acceleratorOf(accelerator: string | null): Accelerator | undefined {
  if (accelerator === null) return undefined;
  if (/\btcg\b/i.test(accelerator)) return { isEmulated: true, words: "software emulation (TCG)" };
  if (/emulat/i.test(accelerator)) return { isEmulated: true, words: accelerator };
  if (/^(hardware )?kvm$/i.test(accelerator)) return { isEmulated: false, words: "hardware virtualization (KVM)" };
  return { isEmulated: false, words: accelerator };
}

function withUnit(value: number, units: readonly Unit[], write: (value: number) => string): string {
  if (value === 0) return "0";
  const least = units.at(-1) ?? { name: "", size: 1 };
  // As three digits will show it: 999.9 ms are 1.00 s.
  const unit = units.find(({ size }) => Math.abs(value) >= size * 0.9995) ?? least;
  return `${write(value / unit.size)}${NARROW_SPACE}${unit.name}`;
}

/** Three significant digits: more would be noise. */
function digits(value: number): string {
  if (value === 0) return "0";
  if (Math.abs(value) >= 1e6) return value.toPrecision(3);
  if (Math.abs(value) >= 1000) return String(Number(value.toPrecision(3)));
  return value.toFixed(Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value) * 1.0005)))));
}

function shortest(value: number): string {
  return String(Number(value.toPrecision(6)));
}
