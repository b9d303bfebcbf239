/** Memory of guests: what is shared is never seen to change, what is given back is the host's, and a move loses nothing. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CostBook } from "../../../simulator/costs/cost-book.ts";
import { DEFAULT_PROFILE, findProfile } from "../../../simulator/costs/profiles.ts";
import { Random } from "../../../simulator/engine/random.ts";
import { checkFrames } from "../../../simulator/machine/frames.ts";
import { Balloon } from "../../../simulator/virtualization/balloon.ts";
import { GuestMemory } from "../../../simulator/virtualization/guest-memory.ts";
import { HostMemory } from "../../../simulator/virtualization/host-memory.ts";
import { checkSharing, Ksm } from "../../../simulator/virtualization/ksm.ts";
import {
  idleMemory,
  LAST_RESORTS,
  type MigrationOptions,
  migrate,
  touchedPages,
} from "../../../simulator/virtualization/migration.ts";

const profile = findProfile(DEFAULT_PROFILE);
if (profile === undefined) throw new Error("the default profile is missing");
const costs = new CostBook(profile);
const PAGES = 12;

const action = fc.oneof(
  fc.record({
    kind: fc.constant("write" as const),
    guest: fc.nat(2),
    page: fc.nat(PAGES - 1),
    contents: fc.integer({ min: 0, max: 3 }),
  }),
  fc.record({ kind: fc.constant("read" as const), guest: fc.nat(2), page: fc.nat(PAGES - 1) }),
  fc.record({ kind: fc.constant("scan" as const), times: fc.integer({ min: 1, max: 30 }) }),
  fc.record({ kind: fc.constant("discard" as const), guest: fc.nat(2), page: fc.nat(PAGES - 1) }),
);

describe("guests whose pages are merged", () => {
  test("read what they have written themselves, whatever the others write; no frame is lost", () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 120 }), (actions) => {
        const host = new HostMemory(200, 4096);
        const guests = [0, 1, 2].map((index) => new GuestMemory(host, `guest ${index}`, PAGES));
        const ksm = new Ksm(host, guests, { pagesToScan: 5 });
        const wanted = guests.map(() => new Uint32Array(PAGES));
        for (const one of actions) {
          if (one.kind === "scan") for (let time = 0; time < one.times; time++) ksm.wake();
          else {
            const [guest, own] = [guests[one.guest], wanted[one.guest]];
            if (guest === undefined || own === undefined) throw new Error("no such guest");
            if (one.kind === "write") {
              guest.write(one.page, one.contents);
              own[one.page] = one.contents;
            } else if (one.kind === "read") expect(guest.read(one.page)).toBe(own[one.page]);
            else {
              guest.discard(one.page);
              own[one.page] = 0;
            }
          }
          for (const [index, guest] of guests.entries()) {
            for (let page = 0; page < PAGES; page++) expect(guest.peek(page)).toBe(wanted[index]?.[page]);
          }
          expect(checkSharing(host, guests)).toEqual([]);
          expect(checkFrames(host.pool)).toEqual([]);
        }
        for (const guest of guests) guest.destroy();
        expect(host.pool.used).toBe(0);
        expect(ksm.counters).toMatchObject({ shared: 0, sharing: 0 });
      }),
      { numRuns: 150 },
    );
  });

  test("are merged after the second look, not after the first, and a write gives back a page of one's own", () => {
    const host = new HostMemory(100, 4096);
    const guests = [0, 1, 2, 3].map((index) => new GuestMemory(host, `guest ${index}`, 4));
    for (const guest of guests) guest.write(0, 77);
    const ksm = new Ksm(host, guests, { pagesToScan: 4 });
    const used = host.pool.used;
    ksm.wake();
    expect(host.pool.used).toBe(used);
    ksm.wake();
    expect(host.pool.used).toBe(used - 3);
    expect(ksm.counters).toMatchObject({ shared: 1, sharing: 3 });
    guests[2]?.write(0, 78);
    expect(guests.map((guest) => guest.read(0))).toEqual([77, 77, 78, 77]);
    expect(host.pool.used).toBe(used - 2);
    expect(guests[2]?.counters).toEqual({ violations: 1, copies: 1 });
  });

  test("that change all the time are left alone", () => {
    const host = new HostMemory(100, 4096);
    const guests = [0, 1].map((index) => new GuestMemory(host, `guest ${index}`, 1));
    const ksm = new Ksm(host, guests, { pagesToScan: 2 });
    for (let round = 1; round < 20; round++) {
      for (const guest of guests) guest.write(0, round);
      ksm.wake();
    }
    expect(ksm.counters.sharing).toBe(0);
  });
});

test("a balloon takes what the guest has free and nothing that it uses; deflated, the guest gets pages of zeros", () => {
  const host = new HostMemory(100, 4096);
  const guest = new GuestMemory(host, "guest", 20);
  for (let page = 0; page < 20; page++) guest.write(page, page + 1);
  const balloon = new Balloon(guest, [15, 16, 17, 18, 19]);
  const before = host.pool.used;
  expect(balloon.resize(100)).toBe(5);
  expect(balloon.size).toBe(5);
  expect(host.pool.used).toBeLessThanOrEqual(before - 5);
  expect(Array.from({ length: 15 }, (_, page) => guest.read(page))).toEqual(
    Array.from({ length: 15 }, (_, p) => p + 1),
  );
  balloon.resize(0);
  expect(guest.read(17)).toBe(0);
});

describe("a guest that is moved", () => {
  const options = (more: Partial<MigrationOptions>): MigrationOptions => ({
    costs,
    random: new Random(1),
    mode: "pre-copy",
    memory: idleMemory(2000, 500),
    writesPerSecond: 0,
    workingSet: 100,
    bytesPerMicrosecond: 1250,
    downtimeLimitNs: costs.ns("migration.downtimeLimit"),
    maxRounds: 10,
    lastResort: "stop",
    tuned: false,
    ...more,
  });

  test("has over there what it had here, whatever it wrote on the way, and nothing is sent that was not asked for", () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 1, max: 6000 }),
        fc.nat(6000),
        fc.nat(1_000_000),
        fc.integer({ min: 1, max: 6000 }),
        fc.integer({ min: 100, max: 3000 }),
        fc.constantFrom(...LAST_RESORTS),
        fc.constantFrom("pre-copy" as const, "post-copy" as const),
        (seed, pages, touched, writesPerSecond, workingSet, bytesPerMicrosecond, lastResort, mode) => {
          const memory = idleMemory(pages, touched);
          const more = { random: new Random(seed), writesPerSecond, workingSet, bytesPerMicrosecond, lastResort, mode };
          const moved = migrate(options({ memory, ...more }));
          expect(moved.destination).toEqual(moved.source);
          expect(moved.downtimeNs).toBeLessThanOrEqual(moved.totalNs);
          expect(moved.rounds.length).toBeLessThanOrEqual(11);
          for (const [index, round] of moved.rounds.entries()) {
            expect(round.startNs).toBeGreaterThanOrEqual(moved.rounds[index - 1]?.endNs ?? 0);
            expect(round.bytes).toBe((round.pages - round.zeroPages) * 4096);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test("takes longer the more memory it has, and stands still no longer for it", () => {
    const idle = (gib: number) => {
      const pages = gib * 262_144;
      return migrate(options({ memory: idleMemory(pages, touchedPages(costs, pages)), tuned: true }));
    };
    const [small, large] = [idle(1), idle(4)];
    expect(large.totalNs).toBeGreaterThan(2 * small.totalNs);
    expect(large.downtimeNs).toBe(small.downtimeNs);
  });

  test("never comes to an end by itself where it writes faster than the network carries; slowed down, it does", () => {
    const busy = { memory: idleMemory(50_000, 50_000), workingSet: 50_000, writesPerSecond: 400_000, maxRounds: 30 };
    expect(migrate(options(busy)).converged).toBe(false);
    expect(migrate(options({ ...busy, lastResort: "throttle" })).converged).toBe(true);
  });

  test("takes 2070 ms and stands still for 29 ms, idle with 8 GiB, as QEMU 2.4 did", () => {
    const pages = 8 * 262_144;
    const idle = migrate(options({ memory: idleMemory(pages, touchedPages(costs, pages)) }));
    expect(Math.abs(idle.totalNs / 2_070_000_000 - 1)).toBeLessThan(0.15);
    expect(Math.abs(idle.downtimeNs / 29_000_000 - 1)).toBeLessThan(0.3);
  });
});
