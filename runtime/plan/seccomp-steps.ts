/**
 * When the filter begins, and who is asked about the calls that it does not decide itself. seccomp(2),
 * seccomp_unotify(2); runtime-spec, config-linux.md, Seccomp.
 */
import { NO_SLOT } from "../../native/plan/operations.ts";
import type { PlanStep } from "../../native/plan/plan.ts";
import { RingsideError } from "../error.ts";
import { OCI_VERSION } from "../oci/config.ts";
import type { SeccompProfile } from "../oci/seccomp.ts";
import { SECCOMP_FLAGS } from "../oci/seccomp-fields.ts";
import { type StateFacts, statePieces } from "./hooks.ts";
import type { Slots } from "./slots.ts";

/** A profile made in code may name any. */
const FLAGS: Readonly<Record<string, number>> = SECCOMP_FLAGS;

/** It concerns other threads, and here there is one; beside a listener the kernel refuses it. */
const FOR_THREADS = SECCOMP_FLAGS.SECCOMP_FILTER_FLAG_TSYNC;

/** How a notified call waits: the kernel takes it only where there is somebody to notify. */
const ONLY_WITH_LISTENER = SECCOMP_FLAGS.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;

/** Unless a profile says otherwise, and if only `[]`: a filter alone is no reason to slow memory down (as runc, crun). */
const USUAL_FLAGS = ["SECCOMP_FILTER_FLAG_SPEC_ALLOW"];

export interface SeccompPlan {
  /** Connects to whoever listens. */
  readonly host: PlanStep[];
  readonly set: PlanStep[];
  /** Somebody has to take the listener while the launcher is still there. */
  readonly listens: boolean;
}

function flagsOf(names: readonly string[]): number {
  const every = names.reduce((flags, name) => {
    const flag = FLAGS[name];
    if (flag !== undefined) return flags | flag;
    throw new RingsideError(`linux.seccomp.flags: there is no flag ${JSON.stringify(name)}`, {
      fix: `use one of ${Object.keys(FLAGS).join(", ")}`,
    });
  }, 0);
  return every & ~FOR_THREADS;
}

function asksSomebody({ defaultAction, syscalls = [] }: SeccompProfile): boolean {
  return defaultAction === "SCMP_ACT_NOTIFY" || syscalls.some(({ action }) => action === "SCMP_ACT_NOTIFY");
}

/** "The Container Process State", in pieces with the pid between them. */
function processState(facts: StateFacts, metadata: string | undefined): string[] {
  const [before, after] = statePieces(facts, "creating");
  const head = JSON.stringify({ ociVersion: OCI_VERSION, fds: ["seccompFd"] });
  const more = metadata === undefined || metadata === "" ? "" : `,"metadata":${JSON.stringify(metadata)}`;
  return [`${head.slice(0, -1)},"pid":`, `${more},"state":${before}`, `${after}}`];
}

/** What a filter needs beside itself when its profile asks somebody. */
export interface SeccompWorld {
  readonly profile: SeccompProfile;
  readonly facts: StateFacts;
  readonly slots: Slots;
}

/**
 * @param filter compiled from the profile; undefined: no filter at all
 * @param world where the profile's flags and its listener come from; a filter of our own has neither
 * @throws RingsideError for an unknown flag, and for SCMP_ACT_NOTIFY with nobody to notify
 */
export function seccompSteps(filter: Uint8Array | undefined, world?: SeccompWorld): SeccompPlan {
  if (filter === undefined) return { host: [], set: [], listens: false };
  const flags = flagsOf(world?.profile.flags ?? USUAL_FLAGS);
  const set = (listener: number, state: readonly string[]): PlanStep => ({
    phase: "child",
    stage: "security",
    why: "Every system call is now checked against a list; what is not on it fails.",
    op: "setSeccomp",
    filter,
    flags: listener === NO_SLOT ? flags & ~ONLY_WITH_LISTENER : flags,
    listener,
    state,
  });
  if (world === undefined || !asksSomebody(world.profile)) return { host: [], set: [set(NO_SLOT, [])], listens: false };
  const { listenerPath = "", listenerMetadata } = world.profile;
  if (listenerPath === "") {
    throw new RingsideError("cannot use SCMP_ACT_NOTIFY: the profile has no listenerPath", {
      fix: "give linux.seccomp.listenerPath, the socket of whoever answers",
    });
  }
  const listener = world.slots.take();
  const connect: PlanStep = {
    phase: "host",
    stage: "security",
    why: "Whoever decides about some of its system calls listens at this socket.",
    op: "connectSocket",
    slot: listener,
    path: listenerPath,
  };
  return { host: [connect], set: [set(listener, processState(world.facts, listenerMetadata))], listens: true };
}
