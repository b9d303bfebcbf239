/**
 * A machine of the lab that is a virtual machine: the same start as `ringside vm run`, with the server as its owner. Its
 * one terminal is the guest's serial console.
 */

import type { Launcher } from "../../../native/kernel.ts";
import { RingsideError } from "../../../runtime/error.ts";
import type { VirtualMachine } from "../../../runtime/vm/machine.ts";
import { startVm } from "../../../runtime/vm/start.ts";
import type { MachineRequest, StartedMachine, TerminalStream } from "../backend.ts";
import { imageCommand } from "./container-machine.ts";
import { startedProgram } from "./program.ts";

/** @throws RingsideError with the reason and the fix */
export async function startVmMachine(
  launcher: Launcher,
  request: MachineRequest,
  report: (error: unknown) => void,
): Promise<StartedMachine> {
  refuseLimits(request);
  const { name, image, command = [], memoryBytes, size } = request;
  const vm = await startVm(launcher, { image, command, name, hostname: name, env: [], memoryBytes, terminal: size });
  // A guest that does not boot says so in the terminal and in `failure`; nobody waits for it here.
  vm.booted.catch(() => undefined);
  const program = startedProgram(vm, command.length > 0 ? command : imageCommand(image), report);
  return {
    program: { ...program, stream: withFailure(program.stream, vm) },
    accelerator: vm.accelerator,
    plan: () => ({ rows: vm.planReport, timeline: vm.timeline() }),
    openShell: async () => {
      throw new RingsideError(`open another shell in ${name}: a virtual machine has one console`, {
        fix: "start a container for several shells",
      });
    },
    remove: async () => {
      vm.kill("SIGKILL");
      await program.exited;
      program.stream.close();
    },
  };
}

function refuseLimits({ name, cpus, pidsLimit }: MachineRequest): void {
  if (cpus === undefined && pidsLimit === undefined) return;
  throw new RingsideError(`start ${name}: a virtual machine takes a limit on its memory only`, {
    fix: "leave out the limits on processors and processes",
  });
}

/** The console, with the reason at its end where the guest's program did not run. */
function withFailure(stream: TerminalStream, vm: VirtualMachine): TerminalStream {
  const listeners: ((chunk: Uint8Array) => void)[] = [];
  const sayWhy = (): void => {
    const failure = vm.failure();
    if (failure === undefined) return;
    const fix = failure.fix === undefined ? "" : `\r\n  fix: ${failure.fix}`;
    const text = Buffer.from(`\r\nringside: ${failure.message}${fix}\r\n`, "utf8");
    for (const listener of listeners) listener(text);
  };
  return {
    ...stream,
    onData(listener) {
      listeners.push(listener);
      stream.onData(listener);
    },
    onEnd(listener) {
      stream.onEnd(() => {
        void vm.exited.then(sayWhy, () => undefined).then(listener);
      });
    },
  };
}
