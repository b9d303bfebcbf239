/**
 * The caller's signals, from before a start until its end: what comes while nobody is there to get it is kept, and handed
 * over in its order once somebody is. Without that, a signal during a start would end the command in place of its program.
 * signal(7), docker-run(1) --sig-proxy.
 */

/** What is passed on to the inside. */
export const FORWARDED = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"] as const;

export interface HeldSignals {
  /** Gives `deliver` what has come so far, and all that comes from now on. */
  handTo(deliver: (signal: NodeJS.Signals) => void): void;
  /** The signals do again what they do without handlers. Harmless when repeated. */
  release(): void;
}

/**
 * Takes `names` over at once. A second SIGINT while nobody gets them ends this process, as the first does without
 * handlers: whoever presses Ctrl-C twice does not want to wait for a start.
 */
export function holdSignals(names: readonly NodeJS.Signals[]): HeldSignals {
  const waiting: NodeJS.Signals[] = [];
  let deliver: ((signal: NodeJS.Signals) => void) | undefined;
  const release = (): void => {
    for (const { name, handler } of handlers) process.off(name, handler);
  };
  const take = (signal: NodeJS.Signals): void => {
    if (deliver !== undefined) {
      deliver(signal);
    } else if (signal === "SIGINT" && waiting.includes(signal)) {
      release();
      process.kill(process.pid, signal);
    } else {
      waiting.push(signal);
    }
  };
  const handlers = names.map((name) => ({ name, handler: () => take(name) }));
  for (const { name, handler } of handlers) process.on(name, handler);
  return {
    handTo(to) {
      deliver = to;
      for (const signal of waiting.splice(0)) to(signal);
    },
    release,
  };
}
