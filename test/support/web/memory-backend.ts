/**
 * A backend without privilege for tests of the protocol: machines are objects, a terminal is a pair of buffers, and the
 * test plays the program at the other end. What real machines do is tested with the real backend.
 */

import { RingsideError } from "../../../runtime/error.ts";
import type { DoctorReport } from "../../../web/protocol/doctor.ts";
import type { ExitStatus } from "../../../web/protocol/exit-status.ts";
import type { RaceLine, RealWorld } from "../../../web/protocol/race.ts";
import type { TerminalSize } from "../../../web/protocol/terminal-size.ts";
import type {
  Backend,
  MachineRequest,
  StartedLesson,
  StartedMachine,
  StartedProgram,
  TerminalStream,
} from "../../../web/server/backend.ts";

/** The program's end of a terminal, and what the server did to it. */
export class MemoryProgram implements StartedProgram {
  readonly command: readonly string[];
  readonly stream: TerminalStream;
  readonly exited: Promise<ExitStatus>;
  readonly sizes: TerminalSize[] = [];
  input = "";
  /** Settled once the program reads what is typed; a test may let it wait. */
  reading: Promise<void> = Promise.resolve();
  isPaused = false;
  isClosed = false;
  readonly #dataListeners: ((chunk: Uint8Array) => void)[] = [];
  readonly #endListeners: (() => void)[] = [];
  readonly #inputListeners = new Set<() => void>();
  readonly #exit = Promise.withResolvers<ExitStatus>();

  constructor(command: readonly string[]) {
    this.command = command;
    this.exited = this.#exit.promise;
    this.stream = {
      onData: (listener) => this.#dataListeners.push(listener),
      onEnd: (listener) => this.#endListeners.push(listener),
      pause: () => {
        this.isPaused = true;
      },
      resume: () => {
        this.isPaused = false;
      },
      write: (data) => {
        this.input += Buffer.from(data).toString("utf8");
        for (const listener of this.#inputListeners) listener();
        return this.reading;
      },
      resize: (size) => this.sizes.push(size),
      close: () => {
        this.isClosed = true;
      },
    };
  }

  /** The program prints. Like a pty, a paused one must not be read, so printing then is the test's mistake. */
  print(output: string | Uint8Array): void {
    if (this.isPaused) throw new Error("the server does not read this terminal now");
    const chunk = typeof output === "string" ? Buffer.from(output, "utf8") : output;
    for (const listener of this.#dataListeners) listener(chunk);
  }

  exit(status: ExitStatus): void {
    for (const listener of this.#endListeners) listener();
    this.#exit.resolve(status);
  }

  /** The program ends while something else keeps the terminal open. */
  exitWithoutEnd(status: ExitStatus): void {
    this.#exit.resolve(status);
  }

  /** Resolves when the input so far contains the text. */
  async received(text: string): Promise<void> {
    while (!this.input.includes(text)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#inputListeners.add(resolve);
      await promise;
      this.#inputListeners.delete(resolve);
    }
  }
}

/** One machine of the memory backend. */
export interface MemoryMachine {
  readonly request: Pick<MachineRequest, "name" | "size">;
  readonly programs: MemoryProgram[];
  removals: number;
}

export class MemoryBackend implements Backend {
  readonly machines: MemoryMachine[] = [];
  readonly lanes: RealWorld[] = [];
  /** What a race waits for before each lane. */
  beforeLane: (signal: AbortSignal) => Promise<void> = async () => {};
  closes = 0;

  async start(request: MachineRequest): Promise<StartedMachine> {
    if (request.image === "missing")
      throw new RingsideError("find the image missing: there is none", { fix: "build it" });
    return this.#machine(request, request.command ?? ["sh"]);
  }

  async startLesson(slug: string, request: { name: string; size: TerminalSize }): Promise<StartedLesson> {
    if (slug !== "namespaces") throw new RingsideError(`start the lesson ${slug}: there is none of that name`);
    return {
      machine: this.#machine(request, ["sh"]),
      image: "ringside/base",
      memoryBytes: 64 * 1024 * 1024,
      check: async (task, input) => ({ task, passed: input === "42", hard: false, message: `you said ${input}` }),
    };
  }

  async *race(world: RealWorld, signal: AbortSignal): AsyncGenerator<RaceLine> {
    this.lanes.push(world);
    yield { kind: "progress", world, message: "starting" };
    await this.beforeLane(signal);
    if (world === "vm") throw new RingsideError("start a VM: QEMU is not installed", { fix: "install it" });
    yield { kind: "lane", world, timeline: { title: world, tracks: [], spans: [], instants: [], counters: [] } };
  }

  async doctor(): Promise<DoctorReport> {
    return { schema: "ringside.doctor/1", checks: [{ name: "memory", state: "ok", detail: "plenty" }] };
  }

  async close(): Promise<void> {
    this.closes += 1;
  }

  #machine(request: Pick<MachineRequest, "name" | "size">, command: readonly string[]): StartedMachine {
    const program = new MemoryProgram(command);
    const machine: MemoryMachine = { request, programs: [program], removals: 0 };
    this.machines.push(machine);
    return {
      program,
      plan: () => ({ rows: [], timeline: { title: "", tracks: [], spans: [], instants: [], counters: [] } }),
      openShell: async () => {
        const shell = new MemoryProgram(["/bin/sh"]);
        machine.programs.push(shell);
        return shell;
      },
      remove: async () => {
        machine.removals += 1;
        for (const each of machine.programs) each.exit({ kind: "signaled", signal: "SIGKILL" });
      },
    };
  }
}
