/**
 * The lanes of the race: the same static probe program, which writes one byte and ends, started in each world. A lane's
 * timeline is that of the one start that was measured; the starts before it, which are not shown, have loaded and compiled
 * what the kernel and we load and compile only once.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kernelProblem, type Launcher, monotonicNs, nativeProgram } from "../../../native/kernel.ts";
import { measureStart, type Stdio } from "../../../runtime/bench/measure.ts";
import type { RunningWorld } from "../../../runtime/container/running.ts";
import { startContainer } from "../../../runtime/container/start.ts";
import { RingsideError } from "../../../runtime/error.ts";
import { BASE_IMAGE } from "../../../runtime/image/image.ts";
import { startProcess } from "../../../runtime/process/start.ts";
import type { Timeline } from "../../../simulator/trace/timeline.ts";
import type { RaceLine, RealWorld } from "../../protocol/race.ts";
import { DEFAULT_MEMORY_BYTES, DEFAULT_PIDS, LIMITS } from "../limits.ts";

/** The probe inside the base image. */
const GUEST_PROBE = "/bin/ringside-probe";

/** How one world is raced. */
interface Lane {
  /** Starts that are thrown away before the one that counts. */
  readonly warmUps: number;
  readonly message: string;
  start(launcher: Launcher, stdio: Stdio): Promise<RunningWorld>;
}

const LANES: Readonly<Partial<Record<RealWorld, Lane>>> = {
  process: {
    warmUps: 3,
    message: "fork and exec of the probe",
    start: (launcher, stdio) => startProcess(launcher, { argv: [hostProbe()], title: "process", ...stdio }),
  },
  container: {
    warmUps: 3,
    message: `the probe in a new container of ${BASE_IMAGE}`,
    start: (launcher, stdio) =>
      startContainer(launcher, {
        image: BASE_IMAGE,
        command: [GUEST_PROBE],
        env: [],
        memoryBytes: DEFAULT_MEMORY_BYTES,
        pidsLimit: DEFAULT_PIDS,
        readOnly: false,
        network: "none",
        remove: true,
        stdio,
      }),
  },
};

/**
 * Races one world.
 *
 * @throws RingsideError where the world cannot start here; Error where the probe did not do its job
 */
export async function* raceWorld(launcher: Launcher, world: RealWorld, signal: AbortSignal): AsyncGenerator<RaceLine> {
  const lane = LANES[world];
  if (lane === undefined) throw new RingsideError(`race a ${world}: this build has no such lane`);
  yield { kind: "progress", world, message: lane.message };
  for (let count = 0; count < lane.warmUps; count++) await timelineOfStart(launcher, lane, signal);
  const timeline = await timelineOfStart(launcher, lane, signal);
  yield { kind: "lane", world, timeline: sayWarmUps(timeline, lane.warmUps) };
}

/** The figures say what came before them. */
function sayWarmUps(timeline: Timeline, count: number): Timeline {
  if (count === 0) return timeline;
  const tracks = timeline.tracks.map((track) => {
    const detail = `${track.provenance.detail}; launcher up, after ${count} starts to warm up`;
    return { ...track, provenance: { ...track.provenance, detail } };
  });
  return { ...timeline, tracks };
}

async function timelineOfStart(launcher: Launcher, lane: Lane, signal: AbortSignal): Promise<Timeline> {
  signal.throwIfAborted();
  const directory = mkdtempSync(join(tmpdir(), "ringside-race-"));
  const started: { world?: RunningWorld; requestedNs: number } = { requestedNs: 0 };
  try {
    const sample = await measureStart(
      async (stdio) => {
        started.requestedNs = monotonicNs();
        started.world = await lane.start(launcher, stdio);
        return started.world;
      },
      { signal, errorFile: join(directory, "stderr"), execIsProgram: true, timeLimitMs: LIMITS.raceLaneMs },
    );
    if (started.world === undefined) throw new Error("the probe was measured without being started");
    // We hear of the byte and of the end through the same event loop, which may take a moment; the launcher stamps the
    // end itself. The byte was there before it.
    const { exitedNs } = await started.world.exited;
    const seenNs = started.requestedNs + sample.firstByte * 1e6;
    return started.world.timeline({ firstByteNs: Math.min(seenNs, exitedNs) });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function hostProbe(): string {
  const path = nativeProgram("ringside-probe");
  if (path !== undefined) return path;
  throw new RingsideError(`find the probe program: ${kernelProblem()?.reason ?? "it has not been built"}`, {
    fix: "npm run build",
  });
}
