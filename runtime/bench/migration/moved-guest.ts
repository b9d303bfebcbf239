/** A guest that counts, wherever it runs now, and all that its counter has printed on the way (native/counter.c). */
import { join } from "node:path";
import { type Launcher, monotonicNs } from "../../../native/kernel.ts";
import { RingsideError } from "../../error.ts";
import type { Console } from "../../vm/console.ts";
import type { VirtualMachine } from "../../vm/machine.ts";
import { type CounterLine, CounterReader } from "../../vm/migration/counter.ts";
import { type Destination, startDestination } from "../../vm/migration/destination.ts";
import { type Migration, type MigrationOptions, migrateGuest } from "../../vm/migration/dialogue.ts";
import { Qmp } from "../../vm/qmp.ts";

/** Under emulation on a busy machine a boot takes its time, and so does a line. */
const LINE_PATIENCE_MS = 120_000;

interface HeldChunk {
  readonly chunk: Uint8Array;
  readonly hostNs: number;
}

type Home = Pick<Destination, "pid" | "qmpPath" | "console" | "kill"> & { readonly exited: Promise<unknown> };

export class MovedGuest {
  readonly #reader = new CounterReader();
  #home: Home;
  /** What a destination has printed before all of the source's words were read. */
  #held: HeldChunk[] | undefined;

  constructor(vm: VirtualMachine) {
    this.#home = {
      pid: vm.pid,
      qmpPath: vm.directory.control,
      console: vm.console,
      exited: vm.exited,
      kill: () => vm.kill("SIGKILL"),
    };
    vm.console.onData((chunk) => this.#reader.read(chunk, monotonicNs()));
  }

  get lines(): readonly CounterLine[] {
    return this.#reader.lines;
  }

  get strange(): number {
    return this.#reader.strange.length;
  }

  /** Waits until the counter has gone on. @throws RingsideError when it does not */
  async linesMore(more: number): Promise<void> {
    const until = this.lines.length + more;
    const end = Promise.withResolvers<string>();
    void this.#home.exited.then(() => end.resolve("the guest has ended"));
    const timer = setTimeout(() => end.resolve("the guest does not count any more"), LINE_PATIENCE_MS);
    try {
      while (this.lines.length < until) {
        const over = await Promise.race([end.promise, this.#reader.nextLine()]);
        if (over !== undefined) throw new RingsideError(over);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Moves it. @throws RingsideError when it could not be; it runs on where it was then */
  async move(
    launcher: Launcher,
    place: string,
    options: MigrationOptions,
  ): Promise<{ migration: Migration; resumedNs: number }> {
    const destination = await startDestination(launcher, this.#home.pid, place);
    this.#listen(destination.console);
    const talks = new DisposableStack();
    try {
      const source = talks.adopt(await Qmp.connect(this.#home.qmpPath), (qmp) => qmp.close());
      const target = talks.adopt(await Qmp.connect(destination.qmpPath), (qmp) => qmp.close());
      const migration = await migrateGuest(source, target, join(place, "migration.sock"), options);
      await target.execute("cont");
      const resumedNs = migration.resumedNs ?? monotonicNs();
      await this.#settleIn(destination);
      return { migration, resumedNs };
    } catch (error) {
      destination.kill();
      await destination.exited;
      throw error;
    } finally {
      talks.dispose();
    }
  }

  /** Ends it. */
  async end(): Promise<void> {
    this.#home.kill();
    await this.#home.exited;
  }

  #listen(console: Console): void {
    const held: HeldChunk[] = [];
    this.#held = held;
    console.onData((chunk) => {
      const hostNs = monotonicNs();
      if (this.#held === held) held.push({ chunk: Uint8Array.from(chunk), hostNs });
      else this.#reader.read(chunk, hostNs);
    });
  }

  /** The source goes; its last words, which may be half a line, are read before the destination's first. */
  async #settleIn(destination: Destination): Promise<void> {
    const source = this.#home;
    const silent = new Promise<void>((resolve) => source.console.onEnd(resolve));
    source.kill();
    await source.exited;
    await silent;
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const { chunk, hostNs } of held) this.#reader.read(chunk, hostNs);
    this.#home = destination;
  }
}
