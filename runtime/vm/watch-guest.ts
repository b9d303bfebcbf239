/** Follows a guest from its monitor's first instruction to its end: what arrives on its channels becomes what is known. */
import { monotonicNs } from "../../native/kernel.ts";
import type { RunningWorld } from "../container/running.ts";
import type { Channels } from "./channels.ts";
import { MilestoneReader } from "./milestones.ts";
import type { Guest, GuestControl, GuestEnd, GuestRequest, MonitorStamps } from "./vmm.ts";

/** What is the monitor's own. */
export interface MonitorWords {
  readonly control: GuestControl;
  /** When the launcher's fork for it began, CLOCK_MONOTONIC. */
  readonly forkedNs: number;
  /** @param words all that it has written to its standard error */
  stamps(words: string): MonitorStamps;
}

/** What a monitor says is kept so far: a guest that makes it complain without end fills no memory. */
const MOST_WORDS = 1024 ** 2;

/** @param channels belong to the guest from here on */
export function watchGuest(
  monitor: RunningWorld,
  request: Pick<GuestRequest, "nonce" | "bootTimeoutMs">,
  channels: Channels,
  { control, forkedNs, stamps }: MonitorWords,
): Guest {
  const milestones = new MilestoneReader(request.nonce);
  const booted = Promise.withResolvers<void>();
  const state = { timedOut: false, words: "" };
  const timer = setTimeout(() => {
    state.timedOut = true;
    monitor.kill("SIGKILL");
  }, request.bootTimeoutMs);
  const milestonesRead = channels.readMilestones((chunk) => {
    const found = milestones.read(chunk, monotonicNs());
    if (!found.some(({ kind }) => kind === "exec" || kind === "failed")) return;
    clearTimeout(timer);
    booted.resolve();
  });
  const decoder = new TextDecoder();
  const errorsRead = channels.readErrors((chunk) => {
    state.words = (state.words + decoder.decode(chunk, { stream: true })).slice(0, MOST_WORDS);
  });
  const finish = async (): Promise<GuestEnd> => {
    const exit = await monitor.exited;
    clearTimeout(timer);
    channels.over();
    await Promise.all([milestonesRead, errorsRead]);
    booted.resolve();
    return { exit, timedOut: state.timedOut };
  };
  return {
    pid: monitor.pid,
    forkedNs,
    monitorNs: monitor.startedNs,
    console: channels.openConsole(booted.promise),
    milestones,
    booted: booted.promise,
    ended: finish(),
    control,
    monitorStamps: () => stamps(state.words),
    request: channels.request,
    destroy() {
      monitor.kill("SIGKILL");
    },
  };
}
