/**
 * Joins the caller's own terminal to a world that has one, and hands signals on. The caller's terminal is set raw, so
 * that every key, Ctrl-C too, means the inside; it is put back whatever happens. termios(3), docker-run(1) --sig-proxy.
 */
import type { RunningWorld, TerminalSize, WorldExit } from "../container/running.ts";
import { RingsideError } from "../error.ts";
import { FORWARDED, type HeldSignals, holdSignals } from "./held-signals.ts";
import { passInput } from "./pass-input.ts";
import { makeRaw } from "./raw-terminal.ts";

/** How long programs have to save their work when the caller's terminal has gone. */
const HANG_UP_GRACE_MS = 2000;

/** How large the caller's terminal is; 80 by 24 when its output is not one. */
export function callerTerminalSize(): TerminalSize {
  return { columns: process.stdout.columns ?? 80, rows: process.stdout.rows ?? 24 };
}

/** @throws RingsideError when input is to come from a terminal and there is none */
export function requireTerminal(interactive: boolean): void {
  if (!interactive || process.stdin.isTTY) return;
  throw new RingsideError("-it needs a terminal, and the input is not one", {
    fix: "leave out -t, or run it in a terminal",
  });
}

/** Passes the caller's signals on to `world`, those that came before it ran first. @returns undoes it */
function forwardSignals(world: Pick<RunningWorld, "kill">, signals: HeldSignals): () => void {
  let interrupts = 0;
  signals.handTo((signal) => {
    if (signal === "SIGINT") interrupts++;
    // PID 1 ignores what it has no handler for (pid_namespaces(7)), so a second Ctrl-C ends the world by force.
    world.kill(interrupts > 1 ? "SIGKILL" : signal);
  });
  return () => signals.release();
}

/**
 * Joins our own terminal to that of a world, if it has one.
 * @param onHangUp our own terminal has gone, and with it whoever typed; the world's has been hung up as well
 * @returns when all has been written, and what undoes it
 */
export function joinTerminal(
  world: Pick<RunningWorld, "terminal">,
  interactive: boolean,
  onHangUp: () => void = () => {},
): { readonly drained: Promise<void>; undo(): void } {
  const { terminal } = world;
  if (terminal === undefined) return { drained: Promise.resolve(), undo() {} };
  const { stdin, stdout } = process;
  let isDrained = (): void => {};
  const drained = new Promise<void>((resolve) => {
    isDrained = resolve;
    terminal.onEnd(resolve);
  });
  const hangUp = (): void => {
    terminal.close();
    isDrained();
    onHangUp();
  };
  terminal.onData((chunk) => {
    if (stdout.write(chunk)) return;
    terminal.pause();
    stdout.once("drain", () => {
      terminal.resume();
    });
  });
  const onResize = (): void => {
    terminal.resize(callerTerminalSize());
  };
  stdout.on("resize", onResize);
  let putBack = (): void => {};
  let stopInput = (): void => {};
  if (interactive) {
    stopInput = passInput(stdin, (chunk) => terminal.write(chunk));
    // A file or a pipe that ends has no more to type; only a terminal's end means that nobody is there any more.
    if (stdin.isTTY) {
      putBack = makeRaw();
      stdin.on("end", hangUp);
      stdin.on("error", hangUp);
    }
    // Somebody may have paused it (--step takes keys from it before).
    stdin.resume();
  }
  return {
    drained,
    undo() {
      stdout.off("resize", onResize);
      stdin.off("end", hangUp);
      stdin.off("error", hangUp);
      putBack();
      stopInput();
      terminal.close();
    },
  };
}

/**
 * Stays with `world` to its end, or ends it when the caller's terminal goes: it belongs to the caller.
 * @param signals held since before the start; from now on unless given
 * @returns how it ended, when all its output has been written
 */
export async function attach<Exit = WorldExit>(
  world: Pick<RunningWorld, "kill" | "terminal"> & { readonly exited: Promise<Exit> },
  interactive: boolean,
  signals: HeldSignals = holdSignals(FORWARDED),
): Promise<Exit> {
  const stopForwarding = forwardSignals(world, signals);
  let force: NodeJS.Timeout | undefined;
  const terminal = joinTerminal(world, interactive, () => {
    force = setTimeout(() => world.kill("SIGKILL"), HANG_UP_GRACE_MS);
  });
  try {
    const exit = await world.exited;
    await terminal.drained;
    return exit;
  } finally {
    clearTimeout(force);
    terminal.undo();
    stopForwarding();
  }
}
