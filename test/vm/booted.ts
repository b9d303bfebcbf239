/** Boots a real guest for a test, with emulation, which every machine has. */
import { expect } from "vitest";
import { type ExitRecord, Launcher } from "../../native/kernel.ts";
import type { VirtualMachine } from "../../runtime/vm/machine.ts";
import type { VmOptions } from "../../runtime/vm/options.ts";
import { startVm } from "../../runtime/vm/start.ts";
import { MARKS } from "../../simulator/trace/timeline.ts";
import { needsImage, needsLinux, needsNative, needsPrograms } from "../support/needs.ts";
import { needsGuestKernel } from "../support/needs-guest-kernel.ts";

export const BOOT_LIMIT_MS = 180_000;

export const MACHINES = [needsLinux, needsNative, needsPrograms("qemu-system-x86_64"), needsImage(), needsGuestKernel];

export interface Finished {
  readonly machine: VirtualMachine;
  readonly output: string;
  readonly exit: ExitRecord;
}

/**
 * @param use what is done with it while it runs; `output` is what it has printed so far
 * @returns once it has gone
 */
export async function boot(
  command: readonly string[],
  options: Partial<VmOptions> = {},
  use: (machine: VirtualMachine, output: () => string) => void | Promise<void> = () => {},
): Promise<Finished> {
  await using launcher = await Launcher.open();
  const machine = await startVm(launcher, {
    image: "ringside/base",
    command,
    env: [],
    accelerator: "tcg",
    bootTimeoutMs: 120_000,
    ...options,
  });
  let output = "";
  // Chunks end anywhere, also within a character.
  const decoder = new TextDecoder();
  machine.console.onData((chunk) => {
    output += decoder.decode(chunk, { stream: true });
  });
  const ended = new Promise<void>((resolve) => {
    machine.console.onEnd(resolve);
  });
  await use(machine, () => output);
  const exit = await machine.exited;
  await ended;
  machine.console.close();
  return { machine, output, exit };
}

/** Settled once the guest has printed that. */
export function printed(machine: VirtualMachine, output: () => string, text: string): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (output().includes(text)) resolve();
    };
    machine.console.onData(look);
    machine.console.onEnd(resolve);
    look();
  });
}

/** Every stage in its order, one after the other, and the marks in theirs. */
export function expectWholeTimeline(machine: VirtualMachine): void {
  const { spans, instants, tracks } = machine.timeline();
  expect([...new Set(spans.map(({ stage }) => stage))]).toEqual([
    "VMM",
    "firmware",
    "kernel",
    "init",
    "program",
    "gone",
  ]);
  spans.forEach((span, index) => {
    expect(span.start).toBe(index === 0 ? 0 : spans[index - 1]?.end);
    expect(span.end).toBeGreaterThan(span.start);
  });
  expect(instants.map(({ name }) => name)).toEqual([MARKS.firstInstruction, MARKS.firstByte, MARKS.gone]);
  const at = instants.map((instant) => instant.at);
  expect(at).toEqual(at.toSorted((a, b) => a - b));
  expect(tracks[0]?.provenance).toMatchObject({ kind: "measured", accelerator: "software emulation (TCG)" });
}
