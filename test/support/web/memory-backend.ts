/**
 * A backend without privilege for tests of the protocol: machines are objects, a terminal is a pair of buffers, and the
 * test plays the program at the other end. What real machines do is tested with the real backend.
 */

import type { BenchReport } from "../../../runtime/bench/schema.ts";
import { RingsideError } from "../../../runtime/error.ts";
import type {
  BenchmarkComparison,
  BenchmarkLimits,
  BenchmarkLine,
  BenchmarkRequest,
  BenchmarkSystem,
  HistoryEntry,
} from "../../../web/protocol/benchmark.ts";
import type { DoctorReport } from "../../../web/protocol/doctor.ts";
import type { ExitStatus } from "../../../web/protocol/exit-status.ts";
import type { RaceLine, RealWorld } from "../../../web/protocol/race.ts";
import type { TerminalSize } from "../../../web/protocol/terminal-size.ts";
import type {
  Backend,
  BenchmarkBackend,
  MachineRequest,
  StartedLesson,
  StartedMachine,
  StartedProgram,
  TerminalStream,
} from "../../../web/server/backend.ts";
import { generatedReport } from "../bench-report.ts";

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

let madeUp: readonly BenchReport[] | undefined;

/** A benchmark that the test plays: it says when which line comes. Reports are made up. */
export class MemoryBenchmark implements BenchmarkBackend {
  /** Made when they are asked for: their intervals take a second. */
  get reports(): readonly BenchReport[] {
    madeUp ??= [generatedReport(1), generatedReport(2)];
    return madeUp;
  }
  readonly requests: BenchmarkRequest[] = [];
  /** What a benchmark does instead of measuring. */
  play: (signal: AbortSignal) => AsyncIterable<BenchmarkLine> = async function* () {
    yield { kind: "sample", system: "process", world: "process", accelerator: null, firstByteMs: 0.5 };
    yield { kind: "done", id: "2", interrupted: false };
  };

  systems(): BenchmarkSystem[] {
    return [{ name: "process", world: "process", what: "fork and exec" }];
  }

  limits({ systems, timeSeconds }: BenchmarkRequest): BenchmarkLimits {
    if (!systems.includes("process"))
      throw new RingsideError("measure it: there is none of that name", { fix: "another" });
    return { timeSeconds, memoryBytes: 1e9, diskBytes: 1e9 };
  }

  run(request: BenchmarkRequest, signal: AbortSignal): AsyncIterable<BenchmarkLine> {
    this.requests.push(request);
    return this.play(signal);
  }

  history(): HistoryEntry[] {
    return this.reports.map(({ startedAt, benchmark, machine: { kernel }, systems, interrupted }, index) => {
      return { id: String(index + 1), startedAt, benchmark, kernel, systems: systems.length, interrupted };
    });
  }

  report(id: string): BenchReport {
    const report = this.reports[Number(id) - 1];
    if (report === undefined) throw new RingsideError(`open the benchmark ${id}: there is none`);
    return report;
  }

  compare(before: string, after: string): BenchmarkComparison {
    const row = { system: "process", condition: "main", mark: "firstByte", a: { n: 1, p50: 1 }, b: { n: 1, p50: 2 } };
    const found = { ratio: 2, ci95: [1.5, 2.5] satisfies [number, number], adjustedP: 0.001, verdict: "slower" };
    const unmatched = [`${this.report(before).startedAt} ${this.report(after).startedAt}`];
    return { test: "a test", level: 0.01, circumstances: [], rows: [{ ...row, ...found }], unmatched };
  }
}

/** One machine of the memory backend. */
export interface MemoryMachine {
  readonly request: Pick<MachineRequest, "name" | "size">;
  readonly programs: MemoryProgram[];
  removals: number;
}

export class MemoryBackend implements Backend {
  readonly benchmark = new MemoryBenchmark();
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
