/**
 * The lab: the machines that this server started, and their terminals. It keeps the limits, knows who has ended, and
 * leaves nothing behind when it closes.
 */

import { randomBytes } from "node:crypto";
import type { TaskResult } from "../../protocol/lesson.ts";
import type { CreateMachine, Machine } from "../../protocol/machine.ts";
import type { MachinePlan } from "../../protocol/machine-plan.ts";
import type { TerminalSize } from "../../protocol/terminal-size.ts";
import type { TerminalInfo } from "../../protocol/terminals.ts";
import type { Backend, StartedLesson, StartedMachine, StartedProgram } from "../backend.ts";
import type { Clock } from "../clock.ts";
import { DEFAULT_MEMORY_BYTES, DEFAULT_PIDS, LIMITS } from "../limits.ts";
import { HttpProblem } from "../problem.ts";
import { Terminal } from "../terminal/terminal.ts";

interface Entry {
  machine: Machine;
  started: StartedMachine | undefined;
  lesson: StartedLesson | undefined;
  readonly terminals: Map<string, Terminal>;
  /** Set as soon as somebody removes it; removing twice is one removal. */
  removal: Promise<void> | undefined;
}

export class Lab {
  readonly #backend: Backend;
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  #isClosed = false;

  constructor(backend: Backend, clock: Clock) {
    this.#backend = backend;
    this.#clock = clock;
  }

  list(): Machine[] {
    return [...this.#entries.values()].map((entry) => entry.machine);
  }

  /**
   * Starts a machine.
   *
   * @throws HttpProblem 409 where the limit of machines is reached; RingsideError where it cannot start
   */
  async create(request: CreateMachine): Promise<Machine> {
    const { kind, image, cpus, size, memoryBytes = DEFAULT_MEMORY_BYTES } = request;
    // A guest's processes are its own kernel's affair.
    const pidsLimit = request.pidsLimit ?? (kind === "container" ? DEFAULT_PIDS : undefined);
    const entry = this.#reserve({ kind, image, command: request.command ?? [], memoryBytes });
    if (request.lesson !== undefined) entry.machine = { ...entry.machine, lesson: request.lesson };
    return this.#run(entry, size, async (name) => {
      const { command } = request;
      return this.#backend.start({ kind, name, image, command, memoryBytes, cpus, pidsLimit, size });
    });
  }

  /**
   * Starts the machine of a lesson, with the lesson's set-up done.
   *
   * @throws HttpProblem 409 where the limit of machines is reached; RingsideError where it cannot start
   */
  async createLesson(slug: string, size: TerminalSize): Promise<Machine> {
    const entry = this.#reserve({ kind: "container", image: "", command: [], memoryBytes: DEFAULT_MEMORY_BYTES });
    entry.machine = { ...entry.machine, lesson: slug };
    return this.#run(entry, size, async (name) => {
      const lesson = await this.#backend.startLesson(slug, { name, size });
      entry.lesson = lesson;
      entry.machine = { ...entry.machine, image: lesson.image, memoryBytes: lesson.memoryBytes };
      return lesson.machine;
    });
  }

  /**
   * Whether a task of the lesson is done in its machine.
   *
   * @throws HttpProblem 404 where the machine is none of that lesson's, 409 where it has ended
   */
  async check(slug: string, id: string, task: string, input: string | undefined): Promise<TaskResult> {
    const entry = this.#find(id);
    if (entry.lesson === undefined || entry.machine.lesson !== slug) {
      throw new HttpProblem(404, `the machine ${id} is not one of the lesson ${slug}`, "start the lesson's machine");
    }
    this.#requireRunning(entry, "check");
    return entry.lesson.check(task, input, AbortSignal.timeout(LIMITS.checkMs));
  }

  /** @throws HttpProblem 404, or 409 where it has not started yet */
  plan(id: string): MachinePlan {
    const { started } = this.#find(id);
    if (started === undefined) throw new HttpProblem(409, `the machine ${id} has not started yet`, "try again soon");
    return started.plan();
  }

  /** @throws HttpProblem 404 */
  terminals(id: string): TerminalInfo[] {
    return [...this.#find(id).terminals.values()].map((terminal) => terminal.info());
  }

  /**
   * Opens another shell.
   *
   * @returns the terminal's identifier
   * @throws HttpProblem 404, 409 where the machine does not run, 429 where it has too many; RingsideError
   */
  async openTerminal(id: string, size: TerminalSize): Promise<string> {
    const entry = this.#find(id);
    const started = this.#requireRunning(entry, "open a terminal in");
    if (entry.terminals.size >= LIMITS.terminalsPerMachine) this.#forgetEndedTerminal(entry);
    const program = await started.openShell(size);
    return this.#addTerminal(entry, program, size, false).id;
  }

  /** The terminal of that name, wherever it is. */
  findTerminal(id: string): Terminal | undefined {
    for (const { terminals } of this.#entries.values()) {
      const terminal = terminals.get(id);
      if (terminal !== undefined) return terminal;
    }
    return undefined;
  }

  /** Removes a machine with all that is in it. @throws HttpProblem 404 */
  async remove(id: string): Promise<void> {
    await this.#dismantle(this.#find(id));
  }

  /**
   * Removes a lesson's machine, if it is still there.
   *
   * @throws HttpProblem 404 where it is a machine of something else
   */
  async removeLesson(slug: string, id: string): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    if (entry.machine.lesson !== slug) throw new HttpProblem(404, `the machine ${id} is not one of the lesson ${slug}`);
    await this.#dismantle(entry);
  }

  /** Removes every machine; none can be made afterwards. Harmless when repeated. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { terminals } of this.#entries.values())
      for (const terminal of terminals.values()) terminal.close("stopping");
    await Promise.allSettled([...this.#entries.values()].map((entry) => this.#dismantle(entry)));
  }

  // --- making ------------------------------------------------------------------------------------------------------

  #reserve(known: Pick<Machine, "kind" | "image" | "command" | "memoryBytes">): Entry {
    if (this.#isClosed) throw new HttpProblem(503, "the server stops");
    const running = [...this.#entries.values()].filter((entry) => entry.machine.state !== "exited");
    if (running.length >= LIMITS.runningMachines) {
      throw new HttpProblem(
        409,
        `${LIMITS.runningMachines} machines are running, which is the limit`,
        "remove one first",
      );
    }
    this.#forgetEndedMachines();
    const id = randomBytes(6).toString("hex");
    const machine: Machine = {
      ...known,
      id,
      name: `lab-${id}`,
      state: "starting",
      startedAt: this.#clock.date().toISOString(),
    };
    const entry: Entry = { machine, started: undefined, lesson: undefined, terminals: new Map(), removal: undefined };
    this.#entries.set(id, entry);
    return entry;
  }

  async #run(entry: Entry, size: TerminalSize, start: (name: string) => Promise<StartedMachine>): Promise<Machine> {
    const { id, name } = entry.machine;
    let started: StartedMachine;
    try {
      started = await start(name);
    } catch (error) {
      this.#entries.delete(id);
      throw error;
    }
    if (this.#isClosed || entry.removal !== undefined) {
      await started.remove();
      throw new HttpProblem(409, `the machine ${id} was removed while it started`);
    }
    entry.started = started;
    const { accelerator, program } = started;
    const details = accelerator === undefined ? {} : { accelerator };
    entry.machine = { ...entry.machine, ...details, command: [...program.command], state: "running" };
    this.#addTerminal(entry, program, size, true);
    void program.exited.then((exit) => {
      entry.machine = { ...entry.machine, state: "exited", exit };
    });
    return entry.machine;
  }

  #addTerminal(entry: Entry, program: StartedProgram, size: TerminalSize, main: boolean): Terminal {
    const { stream, exited } = program;
    const id = randomBytes(8).toString("hex");
    const title = program.command.join(" ");
    const terminal = new Terminal({ id, title, main, stream, exited, size, clock: this.#clock });
    if (this.#isClosed || entry.removal !== undefined) terminal.close("removed");
    else entry.terminals.set(id, terminal);
    return terminal;
  }

  // --- finding and removing ----------------------------------------------------------------------------------------

  #find(id: string): Entry {
    const entry = this.#entries.get(id);
    if (entry === undefined) throw new HttpProblem(404, `there is no machine ${JSON.stringify(id)} in this lab`);
    return entry;
  }

  #requireRunning(entry: Entry, verb: string): StartedMachine {
    if (entry.started !== undefined && entry.machine.state === "running") return entry.started;
    throw new HttpProblem(409, `cannot ${verb} the machine ${entry.machine.id}: it does not run`, "start a new one");
  }

  #dismantle(entry: Entry): Promise<void> {
    entry.removal ??= this.#takeApart(entry);
    return entry.removal;
  }

  async #takeApart(entry: Entry): Promise<void> {
    for (const terminal of entry.terminals.values()) terminal.close("removed");
    try {
      await entry.started?.remove();
    } catch (error) {
      // It stays in the list: what could not be removed must not look as if it were gone.
      entry.removal = undefined;
      throw error;
    }
    this.#entries.delete(entry.machine.id);
  }

  #forgetEndedMachines(): void {
    const ended = [...this.#entries.values()].filter((entry) => entry.machine.state === "exited");
    const tooMany = this.#entries.size + 1 - LIMITS.keptMachines;
    for (const entry of ended.slice(0, Math.max(0, tooMany))) this.#dismantle(entry).catch(() => undefined);
  }

  #forgetEndedTerminal(entry: Entry): void {
    const ended = [...entry.terminals.values()].find((terminal) => {
      const { exit, main } = terminal.info();
      return exit !== undefined && !main;
    });
    if (ended === undefined) {
      throw new HttpProblem(429, `${LIMITS.terminalsPerMachine} terminals are open in this machine`, "close one first");
    }
    ended.close("removed");
    entry.terminals.delete(ended.id);
  }
}
