/**
 * The lab as the browser knows it: asked for again and again while somebody looks, and at once after every change.
 */

import { type Signal, signal } from "@preact/signals-core";
import type { CreateMachine, Machine } from "../../protocol/machine.ts";
import type { TerminalInfo } from "../../protocol/terminals.ts";
import { createMachine, listMachines, listTerminals, openTerminal, removeMachine } from "../api/lab.ts";
import { RequestError } from "../api/request.ts";

const REFRESH_MS = 4000;
const NEW_TERMINAL_SIZE = { columns: 80, rows: 24 };

/** A machine may have gone since it was listed. */
async function terminalsOf(machine: string): Promise<readonly TerminalInfo[]> {
  try {
    return await listTerminals(machine);
  } catch (error) {
    if (error instanceof RequestError && error.kind === "refused") return [];
    throw error;
  }
}

export class LabState {
  /** Absent until the server has answered. */
  readonly machines: Signal<readonly Machine[] | undefined> = signal(undefined);
  readonly terminals: Signal<Readonly<Record<string, readonly TerminalInfo[]>>> = signal({});
  /** Machines that are on their way out. */
  readonly leaving: Signal<ReadonlySet<string>> = signal(new Set());
  readonly failure: Signal<RequestError | undefined> = signal(undefined);
  readonly creating: Signal<boolean> = signal(false);
  #timer: ReturnType<typeof setInterval> | undefined;

  start(): void {
    void this.refresh();
    this.#timer = setInterval(() => {
      if (document.visibilityState === "visible") void this.refresh();
    }, REFRESH_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Asks for the machines and their terminals. */
  async refresh(): Promise<void> {
    await this.#try(async () => {
      const machines = await listMachines();
      const started = machines.filter(({ state }) => state !== "starting");
      const terminals = await Promise.all(started.map(async ({ id }) => [id, await terminalsOf(id)] as const));
      this.terminals.value = Object.fromEntries(terminals);
      this.machines.value = machines;
      if (this.failure.value?.kind !== "refused") this.failure.value = undefined;
    });
  }

  /** Starts a machine. @returns whether it did start */
  async create(request: CreateMachine): Promise<boolean> {
    this.creating.value = true;
    this.failure.value = undefined;
    const done = await this.#try(async () => {
      await createMachine(request);
      await this.refresh();
    });
    this.creating.value = false;
    return done;
  }

  async remove(id: string): Promise<void> {
    this.leaving.value = new Set([...this.leaving.value, id]);
    await this.#try(async () => {
      await removeMachine(id);
      await this.refresh();
    });
    this.leaving.value = new Set([...this.leaving.value].filter((other) => other !== id));
  }

  async openTerminal(machine: string): Promise<void> {
    await this.#try(async () => {
      await openTerminal(machine, NEW_TERMINAL_SIZE);
      await this.refresh();
    });
  }

  async #try(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.failure.value =
        error instanceof RequestError ? error : new RequestError("refused", String(error), undefined);
      return false;
    }
  }
}
