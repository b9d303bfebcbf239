/** A real guest with an agent, for tests, and short words to run programs in it. */
import { Launcher } from "../../native/kernel.ts";
import { execInGuest, type GuestExecOptions, type GuestExit, type GuestProgram } from "../../runtime/vm/agent-exec.ts";
import { vmDirectory } from "../../runtime/vm/directory.ts";
import type { VirtualMachine } from "../../runtime/vm/machine.ts";
import type { VmOptions } from "../../runtime/vm/options.ts";
import { startVm } from "../../runtime/vm/start.ts";
import { needsImage, needsLinux, needsNative, needsPrograms } from "../support/needs.ts";
import { needsGuestKernel } from "../support/needs-guest-kernel.ts";

export const MACHINES = [needsLinux, needsNative, needsPrograms("qemu-system-x86_64"), needsImage(), needsGuestKernel];
export const BOOT_LIMIT_MS = 180_000;

export interface Finished {
  readonly stdout: Buffer;
  readonly stderr: string;
  readonly exit: GuestExit;
}

export interface AgentGuest extends AsyncDisposable {
  readonly machine: VirtualMachine;
  readonly place: ReturnType<typeof vmDirectory>;
  /** What the machine's own program has printed. */
  output(): string;
  start(command: readonly string[], options?: Partial<GuestExecOptions>): Promise<GuestProgram>;
  run(command: readonly string[], options?: Partial<GuestExecOptions>): Promise<Finished>;
  /** What a shell in the guest prints. */
  tell(script: string): Promise<string>;
}

/** Boots with emulation, which every machine has, to the moment when the machine's own program runs. */
export async function bootWithAgent(options: Partial<VmOptions> & { command: readonly string[] }): Promise<AgentGuest> {
  const launcher = await Launcher.open();
  const machine = await startVm(launcher, {
    image: "ringside/base",
    env: [],
    accelerator: "tcg",
    bootTimeoutMs: 120_000,
    agent: true,
    ...options,
  });
  let output = "";
  machine.console.onData((chunk) => {
    output += Buffer.from(chunk).toString("latin1");
  });
  await machine.booted;
  const place = vmDirectory(machine.id);
  const start: AgentGuest["start"] = (command, more) =>
    execInGuest(place, { command, timeoutMs: BOOT_LIMIT_MS, ...more });
  const run: AgentGuest["run"] = async (command, more) => await finish(await start(command, more));
  return {
    machine,
    place,
    output: () => output,
    start,
    run,
    tell: async (script) => (await run(["sh", "-c", script])).stdout.toString(),
    async [Symbol.asyncDispose]() {
      machine.kill("SIGKILL");
      await machine.exited;
      machine.console.close();
      await launcher.close();
    },
  };
}

/** Reads a program to its end. */
export async function finish(program: GuestProgram): Promise<Finished> {
  const stdout: Uint8Array[] = [];
  let stderr = "";
  program.stdout.onData((chunk) => stdout.push(chunk));
  program.stderr.onData((chunk) => {
    stderr += Buffer.from(chunk).toString();
  });
  const ended = Promise.all(
    [program.stdout, program.stderr].map((stream) => new Promise<void>((resolve) => stream.onEnd(resolve))),
  );
  const exit = await program.exited;
  await ended;
  return { stdout: Buffer.concat(stdout), stderr, exit };
}

/** @returns once what a stream or terminal has given so far holds `text`; all that it has given */
export function seen(stream: Pick<GuestProgram["stdout"], "onData">): (text: string) => Promise<string> {
  let all = "";
  const waiting: (() => void)[] = [];
  stream.onData((chunk) => {
    all += Buffer.from(chunk).toString();
    for (const look of waiting) look();
  });
  return (text) =>
    new Promise((resolve) => {
      const look = (): void => {
        if (all.includes(text)) resolve(all);
      };
      waiting.push(look);
      look();
    });
}
