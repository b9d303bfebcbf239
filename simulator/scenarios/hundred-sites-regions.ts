/**
 * The hundred sites on a z/OS: a region, which is an address space, for each; and the database manager, which is in every
 * region, or is one subsystem in an address space of its own that all regions call (z/OS MVS Extended Addressability).
 */
import type { Activity } from "../machine/activity.ts";
import { type Ascb, newEcb, type Tcb } from "../zos/control-blocks.ts";
import { ipl } from "../zos/ipl.ts";
import { OneLane } from "../zos/one-lane.ts";
import type { ProgramBody, ZosProgram } from "../zos/program.ts";
import type { EntryTableEntry } from "../zos/program-call.ts";
import { createAddressSpace } from "../zos/space-creation.ts";
import { ZosSystem } from "../zos/system.ts";
import type { SitesSettings } from "./hundred-sites-knobs.ts";
import { ALL_THERE } from "./hundred-sites-work.ts";
import { Z_OS_STEPS } from "./lane.ts";
import type { ScenarioInput } from "./scenario.ts";
import { recordSteps } from "./step-lane.ts";

/** The database's module: of the LPA one for all, of LINKLIB one for each address space that loads it. */
const SHARED_MODULE = "IEFBR14";
const OWN_MODULE = "IDCAMS";
const MANAGER = "DBMANAGER";
export const SPACE_SWITCH = `space switch: the primary address space is ${MANAGER}, home stays`;
/** Programs run in key 8. */
const PROGRAM_KEY = 8;

/** Carries the regions out as one lane of steps, and reports what there is then. */
export function regions(input: ScenarioInput, settings: SitesSettings): void {
  const { sites, oneImage, oneSubsystem } = settings;
  const system = new ZosSystem({ asvt: { ordinary: sites + 2, forStart: 0, replacements: 0 } });
  // The system is there already: its IPL belongs to the scenario boot.
  const master = drained(ipl(system));
  if (master === undefined) throw new Error("a hundred sites: z/OS did not come up");
  const all = new Regions(system, master, oneImage ? SHARED_MODULE : OWN_MODULE);
  const name = "Regions of one z/OS (steps, not time)";
  const lane = { id: "address-space", world: "address-space", name, note: Z_OS_STEPS } as const;
  const count = recordSteps(input, { ...lane, life: all.life(sites, oneSubsystem) });
  const report = (metric: string, value: number): void => input.metric("address-space", metric, value);
  report("startTime", count.steps);
  report("started", sites);
  report("kernels", 1);
  report("databaseManagers", oneSubsystem ? 1 : sites);
  report("requestSteps", all.requestSteps);
  report("programCopies", all.programCopies);
}

class Regions {
  readonly #system: ZosSystem;
  readonly #master: Tcb;
  readonly #module: string;
  readonly #lane: OneLane;
  /** Of the last request of a site, from the call to its return. */
  requestSteps = 0;

  constructor(system: ZosSystem, master: Tcb, module: string) {
    this.#system = system;
    this.#master = master;
    this.#module = module;
    this.#lane = new OneLane(system);
  }

  get programCopies(): number {
    return this.#system.libraries.copies().get(this.#module) ?? 0;
  }

  *life(sites: number, oneSubsystem: boolean): Generator<Activity> {
    const manager = oneSubsystem ? yield* this.#region(MANAGER, (program) => this.#managerLife(program)) : undefined;
    for (let number = 1; number <= sites; number++) {
      yield* this.#region(`SITE${number}`, (program) => this.#siteLife(program, manager));
    }
    yield { kind: "mark", name: ALL_THERE };
  }

  *#region(jobName: string, program: ProgramBody): Generator<Activity, Ascb | undefined> {
    const request = { jobName, kind: "START", priority: 192, program } as const;
    const made = yield* createAddressSpace(this.#system, this.#master, request);
    yield* this.#lane.run(() => "region");
    return made;
  }

  *#managerLife(program: ZosProgram): Generator<Activity> {
    yield* this.#load(program);
    yield* program.wait(newEcb());
  }

  *#siteLife(program: ZosProgram, manager: Ascb | undefined): Generator<Activity> {
    if (manager === undefined) yield* this.#load(program);
    const request =
      manager === undefined ? program.compute(1, "a request to its own") : program.call(entryOf(program, manager));
    this.requestSteps = 0;
    for (const activity of request) {
      if (activity.kind === "burst") this.requestSteps += activity.duration;
      yield activity;
    }
    yield* program.wait(newEcb());
  }

  *#load(program: ZosProgram): Generator<Activity> {
    this.#system.libraries.find(program.unit.home, this.#module, this.#system.sysres);
    yield* program.compute(1, `the database's program: ${this.#module}`);
  }
}

function entryOf(program: ZosProgram, space: Ascb): EntryTableEntry {
  return {
    name: "database request",
    authorizedKeys: new Set([PROGRAM_KEY]),
    supervisor: false,
    space,
    routine: () => program.compute(1, "the database manager answers"),
  };
}

function drained<Result>(activities: Generator<Activity, Result>): Result {
  for (;;) {
    const step = activities.next();
    if (step.done === true) return step.value;
  }
}
