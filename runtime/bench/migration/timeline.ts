/**
 * A migration as a timeline: one track for the passes over the memory, one for the guest, and QEMU's counters beside them.
 * Times are those since the migration was asked for.
 */
import type { CounterSample, Span, Timeline, Track } from "../../../simulator/trace/timeline.ts";
import type { MigrationDone, MigrationReport } from "./schema.ts";

const NS_PER_MS = 1e6;
/** What the pieces of several migrations are kept apart by. */
const PAUSE_BETWEEN_NS = 100 * NS_PER_MS;

/** @returns every migration that succeeded, one behind the other */
export function migrationTimeline(report: MigrationReport): Timeline {
  const done = report.migrations.filter((migration) => migration.kind === "done");
  const tracks = tracksOf(report, done.length);
  const spans: Span[] = [];
  const counters: CounterSample[] = [];
  let zeroNs = 0;
  for (const migration of done) {
    const end = endOf(migration);
    spans.push(...roundSpans(migration, zeroNs), ...guestSpans(migration, end, zeroNs));
    counters.push(...samplesOf(migration, zeroNs));
    zeroNs += Math.round(end * NS_PER_MS) + PAUSE_BETWEEN_NS;
  }
  return { title: "live migration", tracks, spans, instants: [], counters };
}

function tracksOf({ startedAt, guest, machine, options }: MigrationReport, n: number): Track[] {
  const detail = `${machine.kernel}; QEMU ${guest.version} ${guest.machine}, ${guest.accelerator}; guest Linux ${guest.kernel}, ${options.writesPerSecond} pages written a second`;
  const provenance = { kind: "measured" as const, detail, n, date: startedAt, accelerator: guest.accelerator };
  return [
    { id: "passes", name: "what QEMU sends", world: "vm", unit: "ns", provenance },
    { id: "guest", name: "the guest", world: "vm", unit: "ns", provenance },
  ];
}

function endOf({ rounds, samples, stoppedMs }: MigrationDone): number {
  return Math.max(...rounds.map(({ endMs }) => endMs), ...samples.map(({ atMs }) => atMs), stoppedMs);
}

function at(zeroNs: number, ms: number): number {
  return zeroNs + Math.max(0, Math.round(ms * NS_PER_MS));
}

function roundSpans({ number, rounds }: MigrationDone, zeroNs: number): Span[] {
  return rounds
    .map(({ pass, startMs, endMs, transferredBytes }, index): Span => {
      const isLast = index === rounds.length - 1;
      const name = isLast ? "the rest, after the guest's stop" : `pass ${pass}${pass === 1 ? ": all memory" : ""}`;
      const args = { migration: number, pass, bytes: transferredBytes };
      const stage = isLast ? "stop and copy" : "pre-copy";
      return {
        track: "passes",
        name,
        start: at(zeroNs, startMs),
        end: at(zeroNs, endMs),
        mode: "hypervisor",
        stage,
        args,
      };
    })
    .filter(({ start, end }) => end > start);
}

function guestSpans({ number, stoppedMs, rounds }: MigrationDone, endMs: number, zeroNs: number): Span[] {
  const stopMs = rounds.at(-1)?.startMs ?? endMs;
  const resumeMs = stopMs + stoppedMs;
  const span = (name: string, from: number, to: number, mode: "user" | "hypervisor"): Span => ({
    track: "guest",
    name,
    start: at(zeroNs, from),
    end: at(zeroNs, to),
    mode,
    stage: name,
    args: { migration: number },
  });
  return [
    span("runs at the source", 0, stopMs, "user"),
    span("stands still", stopMs, resumeMs, "hypervisor"),
    span("runs at the destination", resumeMs, Math.max(resumeMs, endMs), "user"),
  ].filter(({ start, end }) => end > start);
}

function samplesOf({ samples }: MigrationDone, zeroNs: number): CounterSample[] {
  return samples.flatMap((sample): CounterSample[] => {
    const values = {
      "transferred bytes": sample.transferredBytes,
      "remaining bytes": sample.remainingBytes,
      "dirty pages a second": sample.dirtyPagesPerSecond,
    };
    return Object.entries(values).map(([name, value]) => ({
      track: "passes",
      name,
      at: at(zeroNs, sample.atMs),
      value,
    }));
  });
}
