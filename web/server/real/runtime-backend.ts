/**
 * The backend of the server that people use: real processes, containers and virtual machines through one launcher, the
 * lessons of this checkout, and the doctor.
 */

import { parseMemory } from "../../../runtime/container/options.ts";
import { runDoctor } from "../../../runtime/doctor/doctor.ts";
import { findLesson } from "../../../runtime/lesson/catalog.ts";
import { runCheck } from "../../../runtime/lesson/check.ts";
import { closeLab, createLessonLab } from "../../../runtime/lesson/lab.ts";
import type { DoctorReport } from "../../protocol/doctor.ts";
import type { RaceLine, RealWorld } from "../../protocol/race.ts";
import type { TerminalSize } from "../../protocol/terminal-size.ts";
import type { Backend, BenchmarkBackend, MachineRequest, StartedLesson, StartedMachine } from "../backend.ts";
import { DEFAULT_MEMORY_BYTES } from "../limits.ts";
import { RuntimeBenchmark } from "./benchmark.ts";
import { containerMachine, startContainerMachine } from "./container-machine.ts";
import { LauncherHolder } from "./launchers.ts";
import { raceWorld } from "./probe.ts";
import { startVmMachine } from "./vm-machine.ts";

export class RuntimeBackend implements Backend {
  readonly #launcher = new LauncherHolder();
  readonly #report: (error: unknown) => void;

  readonly benchmark: BenchmarkBackend;

  /**
   * @param report takes the errors that nobody waits for, such as those of cleaning up
   * @param options `historyFile`: of benchmarks, where it is not the one that the command line has
   */
  constructor(report: (error: unknown) => void, options: { readonly historyFile?: string } = {}) {
    this.#report = report;
    this.benchmark = new RuntimeBenchmark(options.historyFile);
  }

  async start(request: MachineRequest): Promise<StartedMachine> {
    const launcher = await this.#launcher.get();
    switch (request.kind) {
      case "container":
        return startContainerMachine(launcher, request, this.#report);
      case "vm":
        return startVmMachine(launcher, request, this.#report);
    }
  }

  async startLesson(slug: string, request: { name: string; size: TerminalSize }): Promise<StartedLesson> {
    const launcher = await this.#launcher.get();
    const lesson = findLesson(slug);
    const lab = await createLessonLab(launcher, lesson, { name: request.name, terminal: request.size });
    const machine = containerMachine(launcher, lab.machine, ["sh"], this.#report);
    const { image = "", limits } = lesson.lab ?? {};
    return {
      machine: { ...machine, remove: () => closeLab(lab) },
      image,
      memoryBytes: limits?.memory === undefined ? DEFAULT_MEMORY_BYTES : parseMemory(limits.memory),
      check: (task, input, signal) =>
        runCheck(launcher, lab, task, { signal, ...(input === undefined ? {} : { input }) }),
    };
  }

  async *race(world: RealWorld, signal: AbortSignal): AsyncGenerator<RaceLine> {
    yield* raceWorld(await this.#launcher.get(), world, signal);
  }

  async doctor(): Promise<DoctorReport> {
    const { schema, checks } = await runDoctor();
    return { schema, checks: [...checks] };
  }

  async close(): Promise<void> {
    await this.#launcher.close();
  }
}
