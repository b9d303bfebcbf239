/** Something that counts, wherever it lives: who it is, and every line that it has printed (native/counter.c). */
import { type CounterLine, continuityOf } from "../migration/counter.ts";

export type ActorWorld = "container" | "vm";

/** In which kernel it lives: the host's, or that of one of the two machines. */
export interface ActorFacts {
  readonly id: string;
  /** As people read it. */
  readonly title: string;
  readonly world: ActorWorld;
  /** The kernel that runs it, as uname -r says there. */
  readonly kernel: string;
  /** It lives in the kernel that is going to panic. */
  readonly isInside: boolean;
}

const LINE = /^(?:(\w+) )?(\d{1,15}) (\d{1,18}) (\d{1,15})$/;
const LONGEST_LINE = 4096;

export class Actor {
  readonly facts: ActorFacts;
  readonly lines: CounterLine[] = [];
  #next = Promise.withResolvers<void>();

  constructor(facts: ActorFacts) {
    this.facts = facts;
  }

  add(line: CounterLine): void {
    this.lines.push(line);
    this.#next.resolve();
    this.#next = Promise.withResolvers();
  }

  /** Settled with the next line. */
  next(): Promise<void> {
    return this.#next.promise;
  }

  get isContinuous(): boolean {
    const { missed, doubled } = continuityOf(this.lines, 0);
    return missed + doubled === 0;
  }
}

/**
 * Reads what several print on one console: `WORD COUNT CLOCK_NS WRONG`, where the word says whose line it is; without one,
 * it is of the only actor.
 */
export class ActorReader {
  readonly #actors: ReadonlyMap<string, Actor>;
  readonly #onStrange: (text: string) => void;
  #pending = "";

  /** @param actors by their word; an only one by the empty word */
  constructor(actors: ReadonlyMap<string, Actor>, onStrange: (text: string) => void = () => undefined) {
    this.#actors = actors;
    this.#onStrange = onStrange;
  }

  read(chunk: Uint8Array, hostNs: number): void {
    const lines = (this.#pending + Buffer.from(chunk).toString("latin1")).split("\n");
    this.#pending = (lines.pop() ?? "").slice(-LONGEST_LINE);
    for (const text of lines.map((line) => line.replace(/\r$/, ""))) {
      const [, word = "", count, clockNs, wrongPages] = LINE.exec(text) ?? [];
      const actor = count === undefined ? undefined : this.#actors.get(word);
      if (actor === undefined) this.#onStrange(text);
      else actor.add({ count: Number(count), clockNs: Number(clockNs), wrongPages: Number(wrongPages), hostNs });
    }
  }
}
