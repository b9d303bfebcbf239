/** Ids and names between being taken and having a record: a Ringside may be killed there as anywhere. */
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { places } from "../../runtime/container/directories.ts";
import { newId } from "../../runtime/container/new-id.ts";
import { ownIdentity } from "../../runtime/container/process-identity.ts";
import { writeRecord } from "../../runtime/container/record.ts";
import { publishRecord, reserve } from "../../runtime/container/reserve.ts";
import { newRecord } from "../../runtime/container/start.ts";
import { findContainer, listContainers } from "../../runtime/container/state.ts";
import { sweep } from "../../runtime/container/sweep.ts";
import { temporaryDirectory } from "../support/temporary.ts";

/** Nobody: this process's pid, but from before the machine was up. */
const GONE = { pid: process.pid, startTicks: 0 };

beforeEach(() => void vi.stubEnv("RINGSIDE_ROOT", temporaryDirectory()));
afterEach(() => void vi.unstubAllEnvs());

function kept(): string[] {
  const { states, names, layers, logs } = places();
  return [states, names, layers, logs].flatMap((place) => (existsSync(place) ? readdirSync(place) : []));
}

function record(id: string, name: string) {
  const owner = { kind: "lab" as const, ...ownIdentity() };
  const options = { image: "ringside/base", command: ["true"], remove: true, labels: {} };
  return newRecord(id, name, options, { owner, cgroups: [], layer: join(places().layers, id), config: {} });
}

test("what a killed Ringside had taken before it wrote a record is swept up, its name and its log with it", async () => {
  const id = newId();
  reserve(id, "unlucky", GONE);
  mkdirSync(join(places().logs, id));
  mkdirSync(join(places().layers, id));
  await sweep();
  expect(kept()).toEqual([]);
});

test("what a living Ringside has taken is left to it", async () => {
  const id = newId();
  reserve(id, "coming", ownIdentity());
  mkdirSync(join(places().logs, id));
  await sweep();
  publishRecord(record(id, "coming"));
  await sweep();
  expect(findContainer("coming")).toMatchObject({ id, status: "creating" });
  expect(readdirSync(places().logs)).toEqual([id]);
  expect(readdirSync(places().states)).toEqual([id]);
});

test("a name is refused while somebody is at it, and free as soon as whoever took it is dead", () => {
  reserve(newId(), "wanted", ownIdentity());
  const before = kept();
  expect(() => reserve(newId(), "wanted", ownIdentity())).toThrow(/the name wanted is taken by container/);
  expect(kept()).toEqual(before);
  reserve(newId(), "dropped", GONE);
  const id = newId();
  reserve(id, "dropped", ownIdentity());
  publishRecord(record(id, "dropped"));
  expect(listContainers().map(({ name }) => name)).toEqual(["dropped"]);
});

test("whoever is killed right after the record was written leaves the record alone to be swept", async () => {
  const id = newId();
  reserve(id, "late", GONE);
  writeRecord(record(id, "late"));
  await sweep();
  expect(readdirSync(places().states)).toEqual([id]);
});
