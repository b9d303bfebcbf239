/** The lab of a lesson: one container with the lesson's limits, prepared by its setup.sh. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Launcher } from "../../native/kernel.ts";
import { parseCpus, parseMemory } from "../container/options.ts";
import type { RunningWorld } from "../container/running.ts";
import { startContainer } from "../container/start.ts";
import { removeContainer } from "../container/stop.ts";
import { RingsideError } from "../error.ts";
import type { StoredLesson } from "./catalog.ts";
import { runScript } from "./script.ts";

export interface LabOptions {
  readonly name?: string;
  readonly terminal: { readonly columns: number; readonly rows: number };
}

/** A lesson and the container that it runs in. Process 1 is the learner's first shell. */
export interface LessonLab {
  readonly lesson: StoredLesson;
  readonly machine: RunningWorld;
  readonly options: LabOptions;
}

export const DEFAULT_LAB_OPTIONS: LabOptions = { terminal: { columns: 100, rows: 30 } };

const SETUP_TIMEOUT_MS = 30_000;

/**
 * Starts a lesson's container and prepares it.
 * @throws RingsideError when the lesson has no lab, the container cannot start, or setup.sh fails; nothing is left then
 */
export async function createLessonLab(
  launcher: Launcher,
  lesson: StoredLesson,
  options: LabOptions = DEFAULT_LAB_OPTIONS,
): Promise<LessonLab> {
  if (lesson.lab === undefined) {
    throw new RingsideError(`open the lab of ${lesson.slug}: the lesson has none`, {
      fix: "give it a lab in its front matter",
    });
  }
  const { image, hostname, limits } = lesson.lab;
  const machine = await startContainer(launcher, {
    image,
    command: ["sh"],
    ...(options.name === undefined ? {} : { name: options.name }),
    hostname: hostname ?? "lab",
    env: ["TERM=xterm-256color"],
    ...(limits.memory === undefined ? {} : { memoryBytes: parseMemory(limits.memory) }),
    ...(limits.cpus === undefined ? {} : { cpus: parseCpus(String(limits.cpus)) }),
    ...(limits.pids === undefined ? {} : { pidsLimit: limits.pids }),
    readOnly: false,
    network: "none",
    terminal: options.terminal,
    remove: true,
    labels: { lesson: lesson.slug },
  });
  const lab: LessonLab = { lesson, machine, options };
  try {
    await setUp(launcher, lab);
  } catch (error) {
    await closeLab(lab);
    throw error;
  }
  return lab;
}

async function setUp(launcher: Launcher, { lesson, machine }: LessonLab): Promise<void> {
  const file = join(lesson.directory, "setup.sh");
  if (!existsSync(file)) return;
  const result = await runScript(launcher, machine.id, file, { timeoutMs: SETUP_TIMEOUT_MS });
  if (result.kind === "ended" && result.code === 0) return;
  const how = result.kind === "ended" ? `it ended with ${result.code}` : "it did not end in time";
  throw new RingsideError(`prepare the lab of ${lesson.slug} with setup.sh: ${how}: ${result.errors.trim()}`);
}

/** Ends the lab's container and waits until nothing of it is left. Harmless when it has ended by itself. */
export async function closeLab({ machine }: LessonLab): Promise<void> {
  machine.kill("SIGKILL");
  await machine.exited;
  machine.terminal?.close();
  await removeContainer(machine.id, { force: true }).catch(ignoreGone);
}

/** `remove: true` has removed it already, as it should. */
function ignoreGone(error: unknown): void {
  if (!(error instanceof RingsideError)) throw error;
}

/** A fresh lab in the place of an old one. @throws RingsideError as createLessonLab does */
export async function resetLab(launcher: Launcher, lab: LessonLab): Promise<LessonLab> {
  await closeLab(lab);
  return createLessonLab(launcher, lab.lesson, lab.options);
}
