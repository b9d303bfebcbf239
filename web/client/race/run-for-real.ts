/**
 * Runs the race for real and puts what comes into the race's state, lane by lane.
 */

import type { RaceLine, RealWorld } from "../../protocol/race.ts";
import { runRace } from "../api/race.ts";
import type { RaceState, RealRun } from "./race-state.ts";

export const REAL_WORLDS: readonly RealWorld[] = ["process", "container", "vm"];

/**
 * Runs all worlds that can run.
 *
 * @throws RequestError where the server refuses or breaks off
 */
export async function runForReal(race: RaceState, abort: AbortSignal): Promise<void> {
  race.runs.value = Object.fromEntries(
    REAL_WORLDS.map((world) => [world, { kind: "running", message: "waits for its turn" }]),
  );
  try {
    for await (const line of runRace(REAL_WORLDS, abort)) takeLine(race, line);
  } finally {
    const unfinished = Object.entries(race.runs.value).filter(([, run]) => run.kind === "unavailable");
    race.runs.value = Object.fromEntries(unfinished);
  }
}

/**
 * Takes over one line of the stream.
 */
export function takeLine(race: RaceState, line: RaceLine): void {
  switch (line.kind) {
    case "progress":
      setRun(race, line.world, { kind: "running", message: line.message });
      return;
    case "unavailable":
      setRun(race, line.world, { kind: "unavailable", reason: line.reason, fix: line.fix });
      return;
    case "lane":
      race.addMeasured(line.world, line.timeline);
      setRun(race, line.world, undefined);
      return;
    case "done":
      return;
  }
}

function setRun(race: RaceState, world: RealWorld, run: RealRun | undefined): void {
  const { [world]: _, ...others } = race.runs.value;
  race.runs.value = run === undefined ? others : { ...others, [world]: run };
}
