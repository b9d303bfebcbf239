/**
 * What the set-up says: one line a step with its time, one line a gap with what would close it. All of it goes to
 * stderr, since stdout belongs to the command that is set up for.
 */

const PREFIX = "set-up: ";

/** A part that cannot be had here. `fix` is one line to type, or one thing to do. */
export class Gap extends Error {
  constructor(what, fix) {
    super(what);
    this.fix = fix;
  }
}

export class Report {
  #stream;
  #running = new Set();
  /** Steps that did something. */
  done = 0;

  constructor(stream = process.stderr) {
    this.#stream = stream;
  }

  /** Runs a step and prints its line with its time; what it throws is passed on without a line. */
  async step(title, work) {
    const startNs = process.hrtime.bigint();
    this.#running.add(title);
    this.#status();
    let done = false;
    try {
      const result = await work();
      done = true;
      return result;
    } finally {
      this.#running.delete(title);
      this.done += 1;
      const seconds = Number(process.hrtime.bigint() - startNs) / 1e9;
      if (done) this.line(`${title}${" ".repeat(Math.max(1, 56 - title.length))}${seconds.toFixed(1)} s`);
      this.#status();
    }
  }

  line(text) {
    this.#stream.write(`${this.#stream.isTTY ? "\r\x1b[K" : ""}${PREFIX}${text}\n`);
  }

  /** A gap takes two lines: what cannot be had, and what to type. */
  gap({ message, fix }) {
    this.line(message);
    if (fix) this.line(`  to fix it: ${fix}`);
  }

  /** On a terminal the last line says what is being worked on. */
  #status() {
    if (!this.#stream.isTTY) return;
    const text = this.#running.size === 0 ? "" : `${PREFIX}${[...this.#running].join(", ")} …`;
    this.#stream.write(`\r\x1b[K${text.slice(0, Math.max(0, (this.#stream.columns ?? 80) - 1))}`);
  }
}
