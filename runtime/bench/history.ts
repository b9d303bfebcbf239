/**
 * The reports that were made here, in one SQLite file in the data directory. What is in it is not trusted: the file may be
 * damaged, of a later version, or somebody else's; a report is parsed again when it is read.
 */

import { chmodSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import * as z from "zod";
import { places } from "../container/directories.ts";
import { RingsideError, reasonOf } from "../error.ts";
import { type BenchReport, benchReportSchema } from "./schema.ts";

/** What each version adds to the one before it; PRAGMA user_version says which a file is. Only ever longer. */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE reports (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     startedAt TEXT NOT NULL,
     benchmark TEXT NOT NULL,
     kernel TEXT NOT NULL,
     systems INTEGER NOT NULL,
     interrupted INTEGER NOT NULL,
     report TEXT NOT NULL
   ) STRICT`,
];

/** The names of what MIGRATIONS make, and of what SQLite makes for it. */
const OBJECTS = ["reports", "sqlite_sequence"];
const BUSY_MS = 5000;

const entrySchema = z.strictObject({
  id: z.int().positive(),
  startedAt: z.string(),
  benchmark: z.string(),
  kernel: z.string(),
  systems: z.int().nonnegative(),
  interrupted: z.int().transform((flag) => flag !== 0),
});

/** A line of `ringside bench history`. */
export type HistoryEntry = z.output<typeof entrySchema>;

/** Where the file is: beside the logs of containers. */
export function historyFile(): string {
  return join(dirname(places().logs), "bench.sqlite");
}

/** The history, open; ends with its scope. */
export class History implements Disposable {
  private readonly database: DatabaseSync;
  private readonly file: string;

  /**
   * Opens it, and makes or migrates it where that has to be.
   * @throws RingsideError where the file is no history, or one of a later version
   */
  constructor(file: string = historyFile()) {
    this.file = file;
    this.database = attempt(file, () => openDatabase(file));
  }

  /** Adds a report. @returns its id */
  add(report: BenchReport): number {
    const { startedAt, benchmark, machine, systems, interrupted } = benchReportSchema.parse(report);
    const { lastInsertRowid } = attempt(this.file, () =>
      this.database
        .prepare(
          "INSERT INTO reports (startedAt, benchmark, kernel, systems, interrupted, report) VALUES (?, ?, ?, ?, ?, ?)",
        )
        .run(startedAt, benchmark, machine.kernel, systems.length, Number(interrupted), JSON.stringify(report)),
    );
    return Number(lastInsertRowid);
  }

  /** All of them, the latest first. */
  list(): HistoryEntry[] {
    const rows = attempt(this.file, () =>
      this.database
        .prepare("SELECT id, startedAt, benchmark, kernel, systems, interrupted FROM reports ORDER BY id DESC")
        .all(),
    );
    return rows.map((row) => parsed(this.file, entrySchema, row));
  }

  /** One report. @throws RingsideError where there is none of that id, or it cannot be understood */
  find(id: number): BenchReport {
    const row = attempt(this.file, () => this.database.prepare("SELECT report FROM reports WHERE id = ?").get(id));
    if (row === undefined) {
      throw new RingsideError(`bench history: there is no report ${id}`, { fix: "ringside bench history lists them" });
    }
    const { report } = parsed(this.file, z.object({ report: z.string() }), row);
    return attempt(this.file, () => benchReportSchema.parse(JSON.parse(report)), `report ${id}`);
  }

  [Symbol.dispose](): void {
    this.database.close();
  }
}

/** So many of the latest reports are looked at; each has to be parsed. */
const MOST_RELATIVES = 30;

/**
 * The latest reports of a benchmark, to set two of them beside.
 * @param except those two, which are known by when they began
 */
export function keptReports(benchmark: BenchReport["benchmark"], except: readonly BenchReport[]): BenchReport[] {
  using history = new History();
  return history
    .list()
    .filter((entry) => entry.benchmark === benchmark && !entry.interrupted)
    .filter(({ startedAt }) => except.every((report) => report.startedAt !== startedAt))
    .slice(0, MOST_RELATIVES)
    .map(({ id }) => history.find(id));
}

function openDatabase(file: string): DatabaseSync {
  mkdirSync(dirname(file), { recursive: true });
  // No functions of a hostile file's own schema are run, and none of its internal tables can be written.
  const database = new DatabaseSync(file, { timeout: BUSY_MS, defensive: true });
  try {
    database.exec("PRAGMA trusted_schema = OFF; PRAGMA journal_mode = DELETE");
    chmodSync(file, 0o600);
    migrate(database);
    refuseStrangers(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** All or nothing, so that a file is never between two versions. */
function migrate(database: DatabaseSync): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    const version = z
      .object({ user_version: z.int() })
      .parse(database.prepare("PRAGMA user_version").get()).user_version;
    if (version < 0 || version > MIGRATIONS.length)
      throw new Error(`it is of version ${version}, and this Ringside knows those up to ${MIGRATIONS.length}`);
    if (version === 0) refuseStrangers(database);
    for (const statement of MIGRATIONS.slice(version)) database.exec(statement);
    database.exec(`PRAGMA user_version = ${MIGRATIONS.length}; COMMIT`);
  } catch (error) {
    database.exec("ROLLBACK");
    throw error;
  }
}

/** A trigger or view would run with our statements. */
function refuseStrangers(database: DatabaseSync): void {
  const rows = z
    .array(z.object({ name: z.string(), type: z.string() }))
    .parse(database.prepare("SELECT name, type FROM sqlite_schema").all());
  const stranger = rows.find(({ name, type }) => type !== "table" || !OBJECTS.includes(name));
  if (stranger !== undefined) throw new Error(`it holds the ${stranger.type} ${stranger.name}, which is not ours`);
}

/** Whatever goes wrong is a matter of the file. */
function attempt<Result>(file: string, work: () => Result, what = "it"): Result {
  try {
    return work();
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : reasonOf(error);
    throw new RingsideError(`bench history: ${file}: ${what} cannot be used: ${reason}`, {
      cause: error,
      fix: `mv ${file} ${file}.damaged begins a new history; --no-history keeps none`,
    });
  }
}

function parsed<Output>(file: string, schema: z.ZodType<Output>, row: unknown): Output {
  return attempt(file, () => schema.parse(row));
}
