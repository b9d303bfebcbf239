/** Timelines drawn by fast-check: sound ones, with every optional part there or not. */
import fc from "fast-check";
import type { Instant, Mode, Provenance, Span, Timeline, Track } from "../../simulator/trace/timeline.ts";

const MODES: readonly Mode[] = ["user", "kernel", "hypervisor", "problem", "supervisor"];
const args = fc.dictionary(fc.string({ minLength: 1 }), fc.oneof(fc.string(), fc.integer()), { maxKeys: 3 });

const provenance: fc.Arbitrary<Provenance> = fc.record(
  {
    kind: fc.constantFrom("measured" as const, "simulated" as const, "published" as const),
    detail: fc.string({ minLength: 1 }),
    n: fc.nat(),
    date: fc.constant("2026-11-23"),
    accelerator: fc.constant("kvm"),
  },
  { requiredKeys: ["kind", "detail"] },
);

function trackCalled(id: string): fc.Arbitrary<Track> {
  return fc.record({
    id: fc.constant(id),
    name: fc.string(),
    world: fc.constantFrom("process" as const, "container" as const, "vm" as const, "address-space" as const),
    unit: fc.constantFrom("ns" as const, "step" as const),
    provenance,
  });
}

function spansOn(track: string): fc.Arbitrary<Span[]> {
  const part = fc.record({
    gap: fc.nat(1000),
    length: fc.integer({ min: 1, max: 1_000_000_000 }),
    mode: fc.constantFrom(...MODES),
    name: fc.string(),
    stage: fc.constantFrom("clone", "mounts", "exec"),
    args: fc.option(args, { nil: undefined }),
  });
  return fc.array(part, { maxLength: 20 }).map((parts) => {
    let end = 0;
    return parts.map(({ gap, length, mode, name, stage, args: given }): Span => {
      const start = end + gap;
      end = start + length;
      return { track, name, start, end, mode, stage, ...(given === undefined ? {} : { args: given }) };
    });
  });
}

function instantsOn(track: string): fc.Arbitrary<Instant[]> {
  const one = fc.record({ name: fc.string({ maxLength: 5 }), at: fc.nat(), args: fc.option(args, { nil: undefined }) });
  return fc
    .array(one, { maxLength: 4 })
    .map((list) =>
      list.map(
        ({ name, at, args: given }): Instant => ({ track, name, at, ...(given === undefined ? {} : { args: given }) }),
      ),
    );
}

function part(id: string) {
  const counters = fc.array(fc.record({ track: fc.constant(id), name: fc.string(), at: fc.nat(), value: fc.nat() }));
  return fc.tuple(trackCalled(id), spansOn(id), instantsOn(id), counters);
}

/** A sound timeline of up to three tracks. */
export const arbitraryTimeline: fc.Arbitrary<Timeline> = fc
  .tuple(fc.string(), fc.integer({ min: 0, max: 3 }))
  .chain(([title, count]) =>
    fc.tuple(fc.constant(title), fc.tuple(...Array.from({ length: count }, (_, index) => part(`track-${index}`)))),
  )
  .map(([title, parts]) => ({
    title,
    tracks: parts.map(([track]) => track),
    spans: parts.flatMap(([, spans]) => spans),
    instants: parts.flatMap(([, , instants]) => instants),
    counters: parts.flatMap(([, , , counters]) => counters),
  }));
