/**
 * The borders of a boot that only QEMU sees, from its trace events (docs/devel/tracing.rst of QEMU; the "log" backend,
 * which distributions build, writes them to standard error with the wall clock in microseconds):
 *
 * - `runstate_set … running`: the machine has been set up and its processor starts, at the firmware's first instruction;
 * - `fw_cfg_select`: the firmware asks for the kernel, piece by piece (docs/specs/fw_cfg.rst). The last one before the
 *   guest's first sign of life is where the firmware hands over to the kernel.
 *
 * About thirty events a boot: they cost the boot nothing that can be measured. A QEMU built with another backend writes
 * none, and the stages are then drawn as one.
 */

export interface QemuTrace {
  /** Wall clock, nanoseconds; undefined where no event told. */
  readonly processorStartWallNs: number | undefined;
  readonly handOverWallNs: number | undefined;
  /** What QEMU said itself: warnings and errors. */
  readonly messages: readonly string[];
}

const EVENT = /^\d+@(\d+)\.(\d{6}):(runstate_set|fw_cfg_select) (.*)$/;
const MESSAGE_TIME = /^\d{4}-\d\d-\d\dT[\d:.]+Z /;

/** Reads what QEMU wrote to its standard error. */
export function parseQemuTrace(text: string): QemuTrace {
  let processorStartWallNs: number | undefined;
  let handOverWallNs: number | undefined;
  const messages: string[] = [];
  for (const line of text.split("\n")) {
    const event = EVENT.exec(line);
    if (event === null) {
      if (line !== "") messages.push(line.replace(MESSAGE_TIME, ""));
      continue;
    }
    const [, seconds, microseconds, name, detail = ""] = event;
    const wallNs = Number(seconds) * 1e9 + Number(microseconds) * 1e3;
    if (name === "runstate_set") {
      if (/new_state \d+ \(running\)/.test(detail)) processorStartWallNs ??= wallNs;
    } else if (processorStartWallNs !== undefined) handOverWallNs = wallNs;
  }
  return { processorStartWallNs, handOverWallNs, messages };
}

/**
 * The distance from CLOCK_MONOTONIC to the wall clock. `Date.now` counts milliseconds only, so this waits, at most one
 * of them, for the moment when it moves on.
 *
 * @param monotonicNs the clock
 * @returns nanoseconds to take off a wall clock stamp to have it on CLOCK_MONOTONIC
 */
export function wallOffsetNs(monotonicNs: () => number): number {
  const before = Date.now();
  let now = before;
  while (now === before) now = Date.now();
  return now * 1e6 - monotonicNs();
}
