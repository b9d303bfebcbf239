/**
 * The costs that only a virtual machine can give: what making the tiny guest takes and what leaving it does, by reason
 * (runtime/vm/tiny.ts); and the stages of a boot of our guest (runtime/vm/boot-timeline.ts). Each carries its accelerator.
 */
import type { Launcher } from "../../native/kernel.ts";
import { stagesOf } from "../../simulator/trace/stages.ts";
import { RingsideError } from "../error.ts";
import { BASE_IMAGE } from "../image/image.ts";
import { startVm } from "../vm/start.ts";
import { runTiny, startTiny, type TinyLife, tinyProblem } from "../vm/tiny.ts";
import { hostFacts } from "../vm/tiny-executor.ts";
import { durationNs, type ExitReason, isOfLoop } from "../vm/tiny-exits.ts";
import { chooseAccelerator } from "../vm/vmm/qemu.ts";
import { ACCELERATOR_LABELS, MACHINE_TYPES } from "../vm/vmm.ts";

/** Takes a sample: its name, nanoseconds, and who executed the guest. */
export type Sink = (name: string, ns: number, accelerator: string) => void;

export interface MachineTools {
  readonly launcher: Launcher;
  readonly samples: number;
  readonly signal: AbortSignal;
  readonly sink: Sink;
}

/** The quantities of the tiny guest's exits, by reason. */
const EXIT_NAMES: Partial<Record<ExitReason, string>> = {
  out: "tiny.exit.out",
  in: "tiny.exit.in",
  "MMIO write": "tiny.exit.mmioWrite",
  "MMIO read": "tiny.exit.mmioRead",
  HLT: "tiny.exit.halt",
};

/** @returns why there are no exits to be measured here; undefined where there are */
export async function whyNoExits(): Promise<string | undefined> {
  const problem = await tinyProblem();
  return problem === undefined ? undefined : `${problem.reason}; to fix it: ${problem.fix}`;
}

/**
 * Measures the tiny guest: lives from beginning to end, and one that leaves often.
 * @throws RingsideError where it does not run
 */
export async function measureExits({ samples, signal, sink }: MachineTools): Promise<void> {
  const { exits, cpuid, executor } = await runTiny({ turns: samples });
  const { label, by } = executor;
  // An exit on the machine itself is the one that the simulator's hypervisor reckons with; others have names of their own.
  const isBare = by === "processor" && !hostFacts().isGuest;
  for (const exit of exits.filter(isOfLoop)) {
    const name = EXIT_NAMES[exit.reason];
    if (name !== undefined) sink(name, durationNs(exit), label);
    if (isBare && exit.reason === "out") sink("exit.monitor", durationNs(exit), label);
  }
  sink("tiny.cpuid", cpuid.nsEach, label);
  if (isBare) sink("exit.kernel", cpuid.nsEach, label);
  for (let i = 0; i < samples; i++) {
    signal.throwIfAborted();
    const life = await startTiny();
    for (const [name, ns] of partsOf(life)) sink(name, ns, label);
  }
}

function partsOf({ steps, exits, goneNs }: TinyLife): (readonly [string, number])[] {
  const [first, last] = [exits[0], exits.at(-1)];
  const opened = steps[0]?.startNs;
  if (first === undefined || last === undefined || opened === undefined) return [];
  return [
    ["tiny.vmm", first.enteredNs - opened],
    ["tiny.entry", durationNs(first)],
    ["tiny.teardown", goneNs - last.leftNs],
  ];
}

/** The stages of the boot's timeline, as quantities: what lies between the program's end and the monitor's is its end. */
const STAGES: Readonly<Record<string, string>> = {
  VMM: "vmm",
  firmware: "firmware",
  kernel: "kernel",
  init: "init",
  gone: "teardown",
};

/** @returns why no guest can be booted here; undefined where one can */
export async function whyNoBoot(launcher: Launcher): Promise<string | undefined> {
  try {
    await chooseAccelerator(launcher);
    return undefined;
  } catch (error) {
    if (!(error instanceof RingsideError)) throw error;
    return `${error.message}${error.fix === undefined ? "" : `; to fix it: ${error.fix}`}`;
  }
}

/**
 * Boots guests that run the probe, on each machine of QEMU's with the accelerator that boots there.
 * @throws RingsideError where one does not get to its end
 */
export async function measureBoots({ launcher, samples, signal, sink }: MachineTools): Promise<void> {
  for (let i = 0; i < samples; i++) {
    for (const machine of MACHINE_TYPES) {
      signal.throwIfAborted();
      const { accelerator } = await chooseAccelerator(launcher, machine);
      const vm = await startVm(launcher, {
        image: BASE_IMAGE,
        command: ["/bin/ringside-probe"],
        env: [],
        machine,
        accelerator,
        root: "initramfs",
      });
      const end = (): void => vm.kill("SIGKILL");
      signal.addEventListener("abort", end);
      vm.console.onData(() => {});
      await vm.exited;
      vm.console.close();
      signal.removeEventListener("abort", end);
      signal.throwIfAborted();
      const failure = vm.failure();
      if (failure !== undefined) throw failure;
      const spent = new Map<string, number>();
      for (const { stage, start, end: stop } of stagesOf(vm.timeline(), "vm")) {
        const name = STAGES[stage];
        if (name !== undefined) spent.set(name, (spent.get(name) ?? 0) + stop - start);
      }
      for (const [name, ns] of spent)
        sink(`boot.${machine}.${accelerator}.${name}`, ns, ACCELERATOR_LABELS[accelerator]);
    }
  }
}
