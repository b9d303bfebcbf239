/** A table that is shown anew each second, until a signal ends it. */

const ENDING_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** To the upper left corner, and nothing below (console_codes(4)). */
const HOME_AND_CLEAR = "\x1b[H\x1b[J";

/** @returns `table`, in the place of the one before where this is a stream on a terminal */
export function pageOf(table: string, stream: boolean): string {
  return stream && process.stdout.isTTY ? `${HOME_AND_CLEAR}${table}` : table;
}

/** Aborted by the first signal that would end this process. */
export function untilSignal(): { readonly signal: AbortSignal; undo(): void } {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  for (const signal of ENDING_SIGNALS) process.on(signal, stop);
  return {
    signal: controller.signal,
    undo() {
      for (const signal of ENDING_SIGNALS) process.off(signal, stop);
    },
  };
}

/** Waits, unless `signal` is aborted first. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
