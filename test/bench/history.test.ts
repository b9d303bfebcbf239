/** The reports that are kept, also where the file is damaged or somebody else's. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { History } from "../../runtime/bench/history.ts";
import { RingsideError } from "../../runtime/error.ts";
import { madeReport } from "./made-report.ts";

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "ringside-history-"));
  file = join(directory, "data", "bench.sqlite");
});
afterEach(() => rmSync(directory, { recursive: true }));

function statements(...lines: readonly string[]): void {
  using database = new DatabaseSync(file);
  for (const line of lines) database.exec(line);
}

function keep(count: number): void {
  using history = new History(file);
  for (let seed = 1; seed <= count; seed++) history.add(madeReport({ seed, samples: 5 }));
}

function problem(work: () => unknown): RingsideError {
  try {
    work();
  } catch (error) {
    if (error instanceof RingsideError) return error;
    throw error;
  }
  throw new Error("there was no problem");
}

describe("the history", () => {
  it("gives back what was kept, the latest first, also to the next program", () => {
    keep(3);
    using history = new History(file);
    expect(history.list().map(({ id }) => id)).toEqual([3, 2, 1]);
    expect(history.list()[0]).toMatchObject({ benchmark: "startup", systems: 2, interrupted: false });
    expect(history.find(2)).toEqual(madeReport({ seed: 2, samples: 5 }));
  });

  it("is its owner's alone", () => {
    keep(1);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("says which report there is not", () => {
    keep(1);
    using history = new History(file);
    expect(problem(() => history.find(7)).message).toContain("there is no report 7");
  });

  it("takes two writers at once", () => {
    using one = new History(file);
    using other = new History(file);
    expect([one.add(madeReport({ samples: 5 })), other.add(madeReport({ samples: 5 }))]).toEqual([1, 2]);
    expect(one.list()).toHaveLength(2);
  });

  it.each([
    [
      "is no database at all",
      () => writeFileSync(file, "a letter to somebody, long enough to have a header of 100 bytes".repeat(4)),
    ],
    ["is of a later version", () => statements("PRAGMA user_version = 99")],
    ["holds a trigger", () => statements("CREATE TRIGGER t AFTER INSERT ON reports BEGIN DELETE FROM reports; END")],
    [
      "holds a view instead of the table",
      () => statements("DROP TABLE reports", "CREATE VIEW reports AS SELECT 1 AS id"),
    ],
    ["is somebody else's", () => statements("CREATE TABLE bookmarks (url TEXT)")],
  ])("refuses a file that %s, and says what to do", (_, damage) => {
    keep(1);
    damage();
    const { message, fix } = problem(() => new History(file));
    expect(message).toContain(file);
    expect(fix).toContain("--no-history");
  });

  it("refuses a report in it that is none, and gives the others", () => {
    keep(2);
    statements('UPDATE reports SET report = \'{"schema": "ringside.bench/1"}\' WHERE id = 1');
    using history = new History(file);
    expect(problem(() => history.find(1)).message).toContain("report 1 cannot be used");
    expect(history.find(2).systems).toHaveLength(2);
  });

  it("leaves a file that it refuses as it was", () => {
    keep(1);
    statements("CREATE TABLE bookmarks (url TEXT)");
    problem(() => new History(file));
    using database = new DatabaseSync(file);
    expect(database.prepare("SELECT count(*) AS n FROM reports").get()).toEqual({ n: 1 });
  });
});
