/**
 * Locks in their hierarchy (z/OS MVS Diagnosis: Reference, "Locks"): LOCAL, one an address space, and the system's CMS,
 * SRM, SALLOC and DISP, taken in this order only. LOCAL and CMS suspend who finds them taken; the others are for disabled
 * code and are spun for.
 */
import type { Activity } from "../machine/activity.ts";
import { LOCK_ORDER, type Lock, type LockName, type WorkUnit } from "./control-blocks.ts";
import { supervisorStep } from "./step.ts";
import type { ZosSystem } from "./system.ts";

const SUSPEND_LOCKS: ReadonlySet<LockName> = new Set<LockName>(["LOCAL", "CMS"]);
const SOURCE = "z/OS MVS Diagnosis: Reference, locks";

/** @returns the lock of that name as the work unit sees it: its home address space's LOCAL, or the system's. */
export function lockOf(system: ZosSystem, unit: WorkUnit, name: LockName): Lock {
  return name === "LOCAL" ? unit.home.localLock : system.locks[name];
}

/**
 * Takes a lock if it is free.
 * @returns whether the work unit has it now
 * @throws RangeError where it has a later one of the hierarchy already, or this one
 */
export function tryLock(unit: WorkUnit, lock: Lock): boolean {
  const rank = LOCK_ORDER.indexOf(lock.name);
  const held = unit.locks.map((one) => LOCK_ORDER.indexOf(one.name));
  if (held.some((one) => one >= rank)) {
    throw new RangeError(
      `${unit.name} takes ${lock.name} with ${unit.locks.map((one) => one.name).join(" and ")} held`,
    );
  }
  if (lock.name === "CMS" && !unit.locks.some((one) => one.name === "LOCAL")) {
    throw new RangeError(`${unit.name} takes CMS without LOCAL`);
  }
  if (lock.holder !== undefined) return false;
  lock.holder = unit;
  unit.locks.push(lock);
  return true;
}

/** Takes a lock, and waits for as long as somebody else has it: suspended, or spinning. */
export function* obtain(system: ZosSystem, unit: WorkUnit, name: LockName, stage: string): Generator<Activity> {
  const lock = lockOf(system, unit, name);
  // Who holds a spin lock is disabled, so that nobody spins for somebody who cannot run.
  if (!SUSPEND_LOCKS.has(name)) unit.psw = { ...unit.psw, enabled: false };
  while (!tryLock(unit, lock)) {
    if (SUSPEND_LOCKS.has(name)) {
      yield system.step(unit, stage, supervisorStep(`${name} lock taken by ${lock.holder?.name}: suspended`, SOURCE));
      yield* waitForLock(unit, lock);
    } else yield system.step(unit, stage, supervisorStep(`${name} lock taken on another processor: spins`, SOURCE));
  }
}

/** Lets nothing of the work unit run until the lock is free. Somebody else may still be first. */
export function* waitForLock(unit: WorkUnit, lock: Lock): Generator<Activity> {
  yield {
    kind: "block",
    reason: `${lock.name} lock`,
    enter: () => {
      if (lock.holder === undefined) return true;
      lock.waiters.push(unit);
      return false;
    },
  };
}

/** Gives a lock back; whoever waits for it tries again. @throws RangeError where the work unit does not have it */
export function release(system: ZosSystem, unit: WorkUnit, lock: Lock): void {
  const at = unit.locks.indexOf(lock);
  if (lock.holder !== unit || at < 0) throw new RangeError(`${unit.name} gives back ${lock.name}, which it has not`);
  unit.locks.splice(at, 1);
  lock.holder = undefined;
  // A type 1 call has the LOCAL lock throughout: without it, none runs.
  if (lock.name === "LOCAL") unit.home.type1 = false;
  for (const waiter of lock.waiters.splice(0)) system.hooks.wake(waiter);
}

/** Gives back what a work unit has taken beyond its first `keep` locks, the latest first. */
export function releaseBeyond(system: ZosSystem, unit: WorkUnit, keep: number): void {
  for (const lock of unit.locks.slice(keep).reverse()) release(system, unit, lock);
}
