/**
 * A machine of the lab that is a virtual machine: the same start as `ringside vm run`, with the server as its owner. Its
 * first terminal is the guest's console, further ones are shells that the agent in the guest starts.
 */

import type { Launcher } from "../../../native/kernel.ts";
import { RingsideError } from "../../../runtime/error.ts";
import { execInGuest, type GuestExit, type GuestProgram } from "../../../runtime/vm/agent-exec.ts";
import type { VirtualMachine } from "../../../runtime/vm/machine.ts";
import { startVm } from "../../../runtime/vm/start.ts";
import type { ExitStatus } from "../../protocol/exit-status.ts";
import type { MachineRequest, StartedMachine, TerminalStream } from "../backend.ts";
import { imageCommand } from "./container-machine.ts";
import { startedProgram } from "./program.ts";

const SHELL = ["sh"];

/** @throws RingsideError with the reason and the fix */
export async function startVmMachine(
  launcher: Launcher,
  request: MachineRequest,
  report: (error: unknown) => void,
): Promise<StartedMachine> {
  refuseLimits(request);
  const { name, image, command = [], memoryBytes, size } = request;
  const vm = await startVm(launcher, {
    image,
    command,
    name,
    hostname: name,
    env: [],
    memoryBytes,
    terminal: size,
    agent: true,
  });
  // A guest that does not boot says so in the terminal and in `failure`; nobody waits for it here.
  vm.booted.catch(() => undefined);
  const program = startedProgram(vm, command.length > 0 ? command : imageCommand(image), report);
  return {
    program: { ...program, stream: withFailure(program.stream, vm) },
    accelerator: vm.accelerator,
    plan: () => ({ rows: vm.planReport, timeline: vm.timeline() }),
    openShell: async (terminal) => {
      const shell = await execInGuest(vm.directory, { command: SHELL, terminal });
      return { command: SHELL, stream: terminalOf(shell), exited: shell.exited.then(shellStatus) };
    },
    remove: async () => {
      vm.kill("SIGKILL");
      await program.exited;
      program.stream.close();
    },
  };
}

/** @throws Error where it was started without a terminal */
function terminalOf({ terminal }: GuestProgram): TerminalStream {
  if (terminal === undefined) throw new Error("the shell was started without a terminal");
  return terminal;
}

/** Its own end, or that of the machine, which nobody in it survives. */
function shellStatus(exit: GuestExit): ExitStatus {
  if (exit.kind === "lost") return { kind: "signaled", signal: "SIGKILL", why: exit.error.message };
  return exit.kind === "exited" ? exit : { kind: exit.kind, signal: exit.signal };
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
