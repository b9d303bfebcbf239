/** The report as a page: nothing from outside, nothing that a report's text could run, nothing emulated without its name. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  PUBLISHED_COSTS,
  PUBLISHED_MEMORY,
  PUBLISHED_MIGRATIONS,
  PUBLISHED_STARTS,
} from "../../runtime/bench/published.ts";
import { linearAxis, logAxis } from "../../runtime/bench/report/axis.ts";
import { HOVER_SCRIPT } from "../../runtime/bench/report/hover.ts";
import { htmlReport } from "../../runtime/bench/report/html.ts";
import { escapeText } from "../../runtime/bench/report/markup.ts";
import { REPORT_STYLE } from "../../runtime/bench/report/style.ts";
import type { BenchReport } from "../../runtime/bench/schema.ts";
import { read } from "../style/tree.ts";
import { generatedReport, poisoned } from "../support/bench-report.ts";

const REPORT = generatedReport(1);
const page = htmlReport(REPORT);

/** The lanes of a page, each as its HTML. */
function lanes(html: string): string[] {
  return [...html.matchAll(/<div class="lane[^"]*" data-world[\s\S]*?<\/svg>\n<div class="value">/g)].map(
    ([lane]) => lane,
  );
}

/** What ends a text or an attribute, and what a page has no use for: an end of string, a turn of the direction of text. */
const HOSTILE = ["<", ">", '"', "'", "&", "\u0000", "\u202e"];

const published = [...PUBLISHED_STARTS, ...PUBLISHED_MEMORY, ...PUBLISHED_MIGRATIONS, ...PUBLISHED_COSTS];

describe("a report's page", () => {
  it("needs nothing from outside of itself", () => {
    expect(page.match(/(src|href|url|@import)[=(\s]*["']?(https?:|\/\/|\/(?!\/))/g)).toBeNull();
    expect([...page.matchAll(/ (?:href|src)="([^"#][^"]*)"/g)].map(([, to]) => to)).toEqual(["data:,"]);
    expect(page.match(/<(script|link|iframe|img|object|embed|form|base)\b/g)).toEqual(["<link", "<script"]);
  });

  it("is the same for the same report", () => {
    expect(htmlReport(generatedReport(1))).toBe(page);
  });

  it("draws every sample of every system, the ones far away too", () => {
    for (const { name, marks } of REPORT.systems) {
      const samples = marks.firstByte?.samplesMs.length ?? 0;
      const lane = lanes(page).find((one) => one.includes(`<div class="name">${name}<`)) ?? "";
      expect(/class="strokes" d="([^"]*)"/.exec(lane)?.[1]?.split("M").length).toBe(samples + 1);
      expect(/data-places="([^"]*)"/.exec(lane)?.[1]?.split(" ")).toHaveLength(samples);
    }
  });

  it("calls every lane of an emulated guest so, and hatches it; no other", () => {
    const emulated = lanes(page).filter((lane) => lane.includes("qemu-microvm-tcg"));
    expect(emulated.length).toBeGreaterThan(5);
    for (const lane of emulated) {
      expect(lane).toContain("software emulation (TCG)");
      expect(lane).toContain('class="hatch"');
    }
    const others = lanes(page).filter((lane) => !lane.includes("qemu-microvm-tcg"));
    expect(others.filter((lane) => /hatch|emulat/.test(lane))).toEqual([]);
    expect(page).toContain("Hatched: software emulation.");
  });

  it("says who executed the guest at every published figure of one", () => {
    const beside = lanes(page).filter((lane) => lane.includes(' published"') && lane.includes('data-world="vm"'));
    expect(beside.length).toBeGreaterThan(5);
    expect(beside.filter((lane) => !/published, (KVM|Xen) on hardware/.test(lane))).toEqual([]);
  });

  it("says of every density whether its memory grows along a line, and draws none through noise", () => {
    const noisy = (REPORT.density ?? []).map((one) => {
      const { available, ...others } = one.lines;
      return {
        ...one,
        lines: { ...others, ...(available === undefined ? {} : { available: { ...available, r2: 0.3 } }) },
      };
    });
    const text = htmlReport({ ...REPORT, density: noisy });
    expect(page.split("no line, the machine").length).toBe(1);
    expect(text.split("no line, the machine").length).toBe(1 + noisy.length);
    expect(text.split("fit available").length).toBe(1);
    expect(page.split("fit available").length).toBeGreaterThan(1);
  });

  it("shows what only a guest has beside no ratio", () => {
    const [guest, ...others] = (REPORT.overhead ?? []).toReversed();
    const [quantity] = guest?.quantities ?? [];
    if (guest === undefined || quantity === undefined) return fail();
    const quantities = [...guest.quantities, { ...quantity, name: "portExit", ratio: null }];
    const text = htmlReport({ ...REPORT, overhead: [...others, { ...guest, quantities }] });
    expect(page).not.toContain("What only a virtual machine has");
    expect(text).toContain("What only a virtual machine has");
    expect(text).toContain("port exit");
  });

  it("leaves out what was not measured, without a gap", () => {
    const { variants, stages, ...system } = REPORT.systems[0] ?? generatedReport(2).systems[0] ?? fail();
    const { comparisons, density, overhead, migration, limits, ...rest } = REPORT;
    const bare: BenchReport = { ...rest, benchmark: "startup", systems: [system], unavailable: [] };
    const text = htmlReport(bare);
    for (const word of ["Density", "Overhead", "Migration", "Several at once", "Stages", "Not measured", "emulat"]) {
      expect(text.replace(REPORT_STYLE, "").includes(`>${word}`)).toBe(false);
    }
    expect(htmlReport({ ...bare, systems: [], interrupted: true })).toContain("Interrupted.");
    for (const one of [text, page]) expect(one.replace(HOVER_SCRIPT, "")).not.toMatch(/undefined|NaN|Infinity/);
  });

  it("has every name, reason and note in it, as text", () => {
    const text = htmlReport(poisoned(REPORT, "<b>&\"'x"));
    expect(text).not.toContain('<b>&"');
    expect(text).toContain("youki is not installed&lt;b&gt;&amp;&quot;&#39;x");
    expect(text).toContain("container&lt;b&gt;&amp;&quot;&#39;x");
  });

  it("shows what stands between two backticks as code, and one alone as itself", () => {
    const unavailable = [{ name: "x", reason: "it says `a <b>` and more", fix: "Assertion `c failed" }];
    const text = htmlReport({ ...REPORT, unavailable });
    expect(text).toContain("it says <code>a &lt;b&gt;</code> and more");
    expect(text).toContain("Assertion `c failed");
  });

  it("gives a report's text no way to become markup, whatever it is", () => {
    const tags = (html: string): number => html.split("<").length;
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...HOSTILE, ..."/=-! `script") }), (text) => {
        expect([...escapeText(text)].filter((character) => HOSTILE.includes(character) && character !== "&")).toEqual(
          [],
        );
        const quiet = [...text].map((character) => (HOSTILE.includes(character) ? "x" : character)).join("");
        return tags(htmlReport(poisoned(REPORT, text))) === tags(htmlReport(poisoned(REPORT, quiet)));
      }),
      { numRuns: 20 },
    );
  });
});

describe("the look of a report", () => {
  it("has the hues of the app, light and dark", () => {
    const base = read("web/client/styles/base.css");
    const colours = (css: string): Map<string, string> =>
      new Map([...css.matchAll(/--([\w-]+): (#[0-9a-f]{6})/g)].map(([, name = "", value = ""]) => [name, value]));
    const app = [base.slice(0, base.indexOf("@media")), base.slice(0, base.indexOf('[data-theme="dark"]'))];
    const report = [
      REPORT_STYLE.slice(0, REPORT_STYLE.indexOf("@media")),
      REPORT_STYLE.slice(0, REPORT_STYLE.indexOf("[data-theme")),
    ];
    for (const [index, css] of report.entries()) {
      const wanted = colours(app[index] ?? "");
      const given = colours(css);
      expect(given.size).toBeGreaterThan(8);
      expect([...given].map(([name]) => [name, wanted.get(name)])).toEqual([...given]);
    }
  });
});

describe("an axis", () => {
  const positive = fc.double({ min: 1e-6, max: 1e9, noNaN: true });

  it("holds all its values in their order, with a few ticks that differ", () => {
    fc.assert(
      fc.property(
        fc.array(positive, { minLength: 1, maxLength: 50 }),
        fc.constantFrom<2 | 10>(2, 10),
        (values, base) => {
          const axis = logAxis(values, String, base);
          const places = values.toSorted((one, other) => one - other).map(axis.at);
          expect(places).toEqual(places.toSorted((one, other) => one - other));
          for (const at of [...places, ...axis.ticks.map((tick) => tick.at)]) {
            expect(at).toBeGreaterThanOrEqual(0);
            expect(at).toBeLessThanOrEqual(100);
          }
          const labels = axis.ticks.map(({ label }) => label);
          expect(labels.length).toBeLessThan(10);
          expect(new Set(labels).size).toBe(labels.length);
        },
      ),
    );
  });

  it("has a tick of base 10 whatever lies on it", () => {
    fc.assert(fc.property(fc.array(positive, { minLength: 1 }), (values) => logAxis(values, String).ticks.length > 0));
  });

  it("stands also where nothing lies on it, or nothing above 0", () => {
    for (const values of [[], [0], [0, 0]]) expect(logAxis(values, String).at(0)).toBeGreaterThanOrEqual(0);
    expect(linearAxis(0, String).at(0)).toBe(0);
  });

  it("counts bytes in round numbers of their unit", () => {
    const labels = linearAxis(300 * 1024 * 1024, (bytes) => String(bytes / 1024 / 1024), 1024 * 1024).ticks;
    expect(labels.map(({ label }) => label)).toEqual(["0", "100", "200", "300"]);
  });
});

describe("a published figure", () => {
  it.each(published.map((row) => [row.id, row] as const))(
    "%s has a source, a date, a machine, and who executed it",
    (_, row) => {
      expect(row.source.length).toBeGreaterThan(20);
      expect(row.date).toMatch(/^20\d\d(-\d\d){0,2}$/);
      expect(row.machine).not.toBe("");
      if (row.world === "vm") expect(row.accelerator).toMatch(/^(KVM|Xen) on hardware$/);
      else expect(row.accelerator).toBeUndefined();
    },
  );

  it("has an anchor of its own", () => {
    expect(new Set(published.map(({ id }) => id)).size).toBe(published.length);
  });
});

function fail(): never {
  throw new Error("the made-up report has no system");
}
