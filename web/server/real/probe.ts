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
import { startVm } from "../../../runtime/vm/start.ts";
import { chooseAccelerator } from "../../../runtime/vm/vmm/qemu.ts";
import { ACCELERATOR_LABELS } from "../../../runtime/vm/vmm.ts";
import type { Timeline } from "../../../simulator/trace/timeline.ts";
import type { RaceLine, RealWorld } from "../../protocol/race.ts";
import { DEFAULT_MEMORY_BYTES, DEFAULT_PIDS, LIMITS } from "../limits.ts";

/** The probe inside the base image. */
const GUEST_PROBE = "/bin/ringside-probe";

/** How one world is raced. */
interface Lane {
  /** Starts that are thrown away before the one that counts. */
  readonly warmUps: number;
  /** What must not be timed, done before; says what will be started. */
  prepare(launcher: Launcher): Promise<string>;
  start(launcher: Launcher, stdio: Stdio): Promise<StartedLane>;
}

interface StartedLane {
  readonly world: RunningWorld;
  /** After its end: why the probe did not run, where that is known. */
  failure?(): RingsideError | undefined;
}

const LANES: Readonly<Record<RealWorld, Lane>> = {
  process: {
    warmUps: 3,
    prepare: async () => "fork and exec of the probe",
    start: async (launcher, stdio) => ({
      world: await startProcess(launcher, { argv: [hostProbe()], title: "process", ...stdio }),
    }),
  },
  container: {
    warmUps: 3,
    prepare: async () => `the probe in a new container of ${BASE_IMAGE}`,
    start: async (launcher, stdio) => ({
      world: await startContainer(launcher, {
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
    }),
  },
  vm: {
    // A boot takes seconds, and starts as cold the second time.
    warmUps: 0,
    prepare: async (launcher) => {
      const { accelerator } = await chooseAccelerator(launcher);
      return `the probe in a new guest of QEMU, ${ACCELERATOR_LABELS[accelerator]}`;
    },
    start: async (launcher, { stdout }) => {
      const { command, ...options } = VM_PROBE;
      const world = await startVm(launcher, { ...options, command: [...command], stdout });
      return { world, failure: () => world.failure() };
    },
  },
};

const VM_PROBE = { image: BASE_IMAGE, command: [GUEST_PROBE], env: [], memoryBytes: DEFAULT_MEMORY_BYTES } as const;

/**
 * Races one world.
 *
 * @throws RingsideError where the world cannot start here; Error where the probe did not do its job
 */
export async function* raceWorld(launcher: Launcher, world: RealWorld, signal: AbortSignal): AsyncGenerator<RaceLine> {
  const lane = LANES[world];
  yield { kind: "progress", world, message: await lane.prepare(launcher) };
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
  let requestedNs = 0;
  let started: StartedLane | undefined;
  const start = async (stdio: Stdio): Promise<RunningWorld> => {
    requestedNs = monotonicNs();
    started = await lane.start(launcher, stdio);
    return started.world;
  };
  const options = { signal, errorFile: join(directory, "stderr"), execIsProgram: true, timeLimitMs: LIMITS.raceLaneMs };
  try {
    const sample = await measureStart(start, options);
    return await timelineWithMarks(started, requestedNs + sample.firstByte * 1e6);
  } catch (error) {
    throw started?.failure?.() ?? error;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * We hear of the byte and of the end through the same event loop, which may take a moment; the launcher stamps the end
 * itself. The byte was there before it.
 */
async function timelineWithMarks(started: StartedLane | undefined, seenNs: number): Promise<Timeline> {
  if (started === undefined) throw new Error("the probe was measured without being started");
  const { exitedNs } = await started.world.exited;
  return started.world.timeline({ firstByteNs: Math.min(seenNs, exitedNs) });
}

function hostProbe(): string {
  const path = nativeProgram("ringside-probe");
  if (path !== undefined) return path;
  throw new RingsideError(`find the probe program: ${kernelProblem()?.reason ?? "it has not been built"}`, {
    fix: "npm run build",
  });
}
