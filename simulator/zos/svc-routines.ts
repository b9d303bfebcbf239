/**
 * What the routines of the SVC table do, those that change control blocks. A row without a routine here is one step: it
 * is entered and comes back. An installation adds its own (IEASVCxx).
 */
import type { Activity } from "../machine/activity.ts";
import type { Tcb } from "./control-blocks.ts";
import { releaseBeyond } from "./locks.ts";
import { PROBLEM_PSW } from "./psw.ts";
import { abend } from "./recovery.ts";
import { supervisorStep } from "./step.ts";
import type { SvcCall, SvcOutcome, SvcParameters, SvcRoutine } from "./svc-call.ts";
import { SVC_TABLE, type SvcRow, undefinedSvcCode } from "./svc-table.ts";
import type { ZosSystem } from "./system.ts";
import { changePriority, newTask } from "./task.ts";
import { abterm, DETACHED, post, untilEnded } from "./task-end.ts";

const ROUTINES: ReadonlyMap<number, SvcRoutine> = new Map<number, SvcRoutine>([
  [SVC_TABLE.wait.number, { kind: "at once", run: wait }],
  [SVC_TABLE.post.number, { kind: "at once", run: postRoutine }],
  [SVC_TABLE.exit.number, { kind: "at once", run: () => ({ next: "end of task" }) }],
  [SVC_TABLE.link.number, { kind: "steps", run: load }],
  [SVC_TABLE.load.number, { kind: "steps", run: load }],
  [SVC_TABLE.abend.number, { kind: "steps", run: abendRoutine }],
  [SVC_TABLE.attach.number, { kind: "at once", run: attach }],
  [SVC_TABLE.detach.number, { kind: "steps", run: detach }],
  [SVC_TABLE.chap.number, { kind: "at once", run: chap }],
  [SVC_TABLE.modeset.number, { kind: "at once", run: modeset }],
]);

/** A routine that this model knows nothing more of; it does what it is given to do, for tests and scenarios. */
const PLAIN: SvcRoutine = { kind: "steps", run: plain };
const UNDEFINED: SvcRoutine = { kind: "steps", run: undefinedSvc };

const CONTENTS = "z/OS Basic Skills, z/OS system libraries; z/OS MVS System Codes, 806";

const INSTALLED = new WeakMap<ZosSystem, Map<number, SvcRoutine>>();

/**
 * Puts an installation's own supervisor call into the table (IEASVCxx).
 * @throws RangeError where the number is not one of the installation's, 200 to 255
 */
export function installSvc(system: ZosSystem, row: SvcRow, routine: SvcRoutine = PLAIN): void {
  if (row.number < 200 || row.number > 255) throw new RangeError(`SVC ${row.number} is not the installation's`);
  system.svcTable[row.number] = row;
  const own = INSTALLED.get(system) ?? new Map<number, SvcRoutine>();
  INSTALLED.set(system, own.set(row.number, routine));
}

/** @returns what a row of the table does once it is entered. */
export function routineOf(system: ZosSystem, row: SvcRow): SvcRoutine {
  if (row.module === "IGCERROR") return UNDEFINED;
  return INSTALLED.get(system)?.get(row.number) ?? ROUTINES.get(row.number) ?? PLAIN;
}

function* plain({ request }: SvcCall): Generator<Activity, SvcOutcome> {
  if (request.parameters?.kind === "do") yield* request.parameters.body();
  return {};
}

function* undefinedSvc({ system, tcb, request }: SvcCall): Generator<Activity, SvcOutcome> {
  return yield* abend(system, tcb, { code: undefinedSvcCode(request.number) }, request.stage);
}

function wait({ request, rb, tcb }: SvcCall): SvcOutcome {
  const { ecb } = parametersOf(request.parameters, "ecb");
  if (ecb.posted) return {};
  ecb.waiter = { tcb, rb };
  rb.waitCount = 1;
  return { next: "dispatch" };
}

function postRoutine({ system, request }: SvcCall): SvcOutcome {
  const { ecb, code = 0 } = parametersOf(request.parameters, "ecb");
  post(system, ecb, code);
  return {};
}

/** Contents supervision: what is in common storage is only found, what is not is brought into the private storage. */
function* load({ system, tcb, request }: SvcCall): Generator<Activity, SvcOutcome> {
  if (request.parameters === undefined) return {};
  const { name, found } = parametersOf(request.parameters, "module");
  const where = system.libraries.find(tcb.home, name, system.sysres);
  if (where.kind === "not found") return yield* abend(system, tcb, { code: "806", reason: 0x04 }, request.stage);
  const what = where.kind === "private" ? privately(where.loaded) : `found in the ${where.kind}: common storage`;
  yield system.step(tcb, request.stage, supervisorStep(`${name} ${what}`, CONTENTS));
  found?.(where);
  return {};
}

function privately(loaded: boolean): string {
  return loaded ? "read from SYS1.LINKLIB into private storage" : "is in private storage already";
}

function* abendRoutine({ system, tcb, request }: SvcCall): Generator<Activity, SvcOutcome> {
  const code = (request.r1 ?? 0).toString(16).toUpperCase().padStart(3, "0");
  return yield* abend(system, tcb, { code }, request.stage);
}

function attach({ system, tcb, request }: SvcCall): SvcOutcome {
  if (request.parameters === undefined) return {};
  const { request: wanted } = parametersOf(request.parameters, "attach");
  const psw = wanted.supervisor === true ? { ...PROBLEM_PSW, key: 0, problem: false } : PROBLEM_PSW;
  const daughter: Tcb = newTask({
    name: wanted.name,
    home: tcb.home,
    mother: tcb,
    priority: Math.min(wanted.priority ?? tcb.priority, tcb.limitPriority),
    psw,
    ...(wanted.jobStep === undefined ? {} : { jobStep: wanted.jobStep }),
    ...(wanted.estai === undefined ? {} : { estai: wanted.estai }),
    ...(wanted.screen === undefined ? {} : { screen: wanted.screen }),
  });
  if (wanted.authorized !== undefined) tcb.home.authorized = wanted.authorized;
  wanted.attached?.(daughter);
  system.hooks.start(daughter, wanted.life(daughter));
  return {};
}

/** The mother waits until the daughter has ended, with no lock held: DETACH comes back to a chain without it. */
function* detach({ system, tcb, request, rb }: SvcCall): Generator<Activity, SvcOutcome> {
  const { tcb: daughter } = parametersOf(request.parameters, "detach");
  if (daughter.mother !== tcb) return yield* abend(system, tcb, { code: "23E", reason: 0x08 }, request.stage);
  if (daughter.ended) return {};
  releaseBeyond(system, tcb, 0);
  abterm(system, daughter, { completion: DETACHED, cleanupOnly: true, stage: request.stage });
  yield* untilEnded(daughter, { tcb, rb });
  return {};
}

function chap({ request }: SvcCall): SvcOutcome {
  const { tcb, priority } = parametersOf(request.parameters, "task priority");
  changePriority(tcb, priority);
  return {};
}

/** Key and state of the PSW that the caller goes on with. */
function modeset({ request }: SvcCall): SvcOutcome {
  const { kind: _, ...psw } = parametersOf(request.parameters, "psw");
  return { psw };
}

function parametersOf<Kind extends SvcParameters["kind"]>(
  parameters: SvcParameters | undefined,
  kind: Kind,
): Extract<SvcParameters, { kind: Kind }> {
  if (!isOf(parameters, kind)) throw new TypeError(`a supervisor call wants ${kind} and got ${parameters?.kind}`);
  return parameters;
}

function isOf<Kind extends SvcParameters["kind"]>(
  parameters: SvcParameters | undefined,
  kind: Kind,
): parameters is Extract<SvcParameters, { kind: Kind }> {
  return parameters?.kind === kind;
}
