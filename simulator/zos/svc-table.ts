/**
 * The SVC table: one row for each supervisor call, as z/OS MVS Diagnosis: Reference lists them ("SVC summary", "SVCs and
 * associated macros"). A row whose type the manual was not read for says so. 200 to 255 are the installation's.
 */
import type { LockName } from "./control-blocks.ts";
import type { Evidence } from "./step.ts";

/** 1, 2 and 6 are in the nucleus, 3 and 4 in the link pack area; there is no type 5. */
export type SvcType = 1 | 2 | 3 | 4 | 6;

export interface SvcRow {
  readonly number: number;
  readonly macro: string;
  readonly type: SvcType;
  /** Taken before the routine is entered, in the order of the hierarchy. */
  readonly locks: readonly LockName[];
  readonly module: string | undefined;
  readonly does: string;
  readonly evidence: Evidence;
  /** Only for authorized programs: key 0 to 7, supervisor state, or APF. */
  readonly apf?: boolean;
  /** An extended SVC router: register 15 says which service, out of a table of its own. */
  readonly esr?: ReadonlyMap<number, SvcRow>;
  /** Whether it may be issued in access-register mode. */
  readonly accessRegisterMode?: boolean;
  /** TCBNONPR is set while it runs. */
  readonly nonPreemptible?: boolean;
}

/** Services by the code in register 15; of the other codes none is known here. */
const TYPE_2_ESR: ReadonlyMap<number, SvcRow> = new Map([
  [0x05, row(122, "EVENTS", 2, ["LOCAL"], undefined, "makes or deletes a table of events")],
  [0x06, row(122, "service processor call", 2, [], undefined, "asks the service processor")],
  [0x07, row(122, "extended LINK", 2, ["LOCAL", "CMS"], undefined, "calls a load module")],
  [0x08, row(122, "extended XCTL", 2, ["LOCAL", "CMS"], undefined, "gives control to another module")],
  [0x09, row(122, "extended LOAD", 2, ["LOCAL", "CMS"], undefined, "brings a module into storage")],
]);
const TYPE_3_ESR: ReadonlyMap<number, SvcRow> = new Map([
  [0x1c, row(109, "ESPIE", 3, [], undefined, "names an exit for program interruptions")],
]);

const NO_ESR: ReadonlyMap<number, SvcRow> = new Map();

export const SVC_TABLE = {
  excp: row(0, "EXCP", 1, ["LOCAL"], "IECVEXCP", "starts an I/O operation", "recalled"),
  wait: row(1, "WAIT", 1, ["LOCAL"], "IGC001", "waits until an event control block is posted"),
  post: row(2, "POST", 1, ["LOCAL"], "IGC002", "posts an event control block: who waits for it goes on"),
  exit: row(3, "EXIT", 1, ["LOCAL"], "IGC003", "ends the request, and with the last one the task"),
  getmain: row(4, "GETMAIN", 1, ["LOCAL"], "IGVVSM24", "gives storage below 16 MB"),
  freemain: row(5, "FREEMAIN", 1, ["LOCAL"], "IGVVSM24", "takes storage below 16 MB back"),
  link: row(6, "LINK", 2, ["LOCAL", "CMS"], "CSVLINK", "calls a load module"),
  xctl: row(7, "XCTL", 2, ["LOCAL", "CMS"], undefined, "gives control to another module", "recalled"),
  load: row(8, "LOAD", 2, ["LOCAL", "CMS"], "CSVLOAD", "brings a module into storage"),
  registerGetmain: row(10, "GETMAIN R", 1, ["LOCAL"], "IGVVSM24", "gives or takes storage below 16 MB"),
  time: row(11, "TIME", 3, [], "IEAVRT01", "tells the time"),
  synch: row(12, "SYNCH", 2, ["LOCAL", "CMS"], "CSVSYNCH", "calls a program as another request"),
  abend: row(13, "ABEND", 4, ["LOCAL"], "IEAVTRT2", "ends the task abnormally: RTM2"),
  spie: row(14, "SPIE", 3, [], undefined, "names an exit for program interruptions", "recalled"),
  open: row(19, "OPEN", 4, ["LOCAL"], "IGC0001I", "opens a data set"),
  close: row(20, "CLOSE", 4, ["LOCAL"], "IGC00020", "closes a data set"),
  openJ: row(22, "OPEN J", 4, ["LOCAL"], undefined, "opens a data set, its description given"),
  closeTemporarily: row(23, "CLOSE TYPE=T", 4, ["LOCAL"], "IGC0002C", "closes a data set and leaves it open"),
  feov: row(31, "FEOV", 4, ["LOCAL"], undefined, "goes on to the next volume"),
  command: row(34, "MGCR", 4, [], undefined, "hands an operator command to the system: START", "recalled"),
  writeToOperator: row(35, "WTO", 4, ["LOCAL", "CMS"], "IEAVM600", "writes a message to the operator"),
  segld: row(37, "SEGLD", 2, [], undefined, "loads a segment of an overlay"),
  identify: row(41, "IDENTIFY", 3, ["LOCAL", "CMS"], undefined, "names an entry point"),
  attach: row(42, "ATTACH", 2, ["LOCAL"], "IEAVEAT0", "makes a subtask: a new TCB and its first RB"),
  chap: row(44, "CHAP", 1, ["LOCAL"], undefined, "changes a dispatching priority", "recalled"),
  overlayBranch: row(45, "OVLYBRCH", 2, [], "IEWSUOVR", "branches into an overlay"),
  ttimer: row(46, "TTIMER", 2, ["LOCAL", "DISP"], undefined, "reads or cancels a timer"),
  stimer: row(47, "STIMER", 2, ["LOCAL", "DISP"], undefined, "sets a timer"),
  deq: row(48, "DEQ", 2, ["LOCAL", "CMS"], undefined, "gives a resource back", "recalled"),
  relex: row(53, "RELEX", 3, [], "IGC0005C", "gives a record of a data set back"),
  eov: row(55, "EOV", 4, ["LOCAL"], undefined, "goes on to the next volume of a data set"),
  enq: row(56, "ENQ", 2, ["LOCAL", "CMS"], "ISGGRT", "waits for a resource by its name"),
  estae: row(60, "ESTAE", 2, ["LOCAL"], "IEAVSTA0", "names a recovery routine of the task"),
  detach: row(62, "DETACH", 2, ["LOCAL"], "IEAVEED0", "removes a subtask, and ends it first if it has not ended"),
  status: row(79, "STATUS", 2, ["LOCAL", "CMS", "SALLOC", "DISP"], "IEAVSETS", "stops and starts tasks"),
  stax: row(96, "STAX", 3, ["LOCAL"], "IEAVAX00", "names an exit for a terminal's attention key"),
  debchk: row(117, "DEBCHK", 2, ["LOCAL"], undefined, "checks that a data extent block is one"),
  vsam: row(121, "VSAM", 1, ["LOCAL"], undefined, "VSAM's I/O"),
  tcbExcp: row(92, "TCBEXCP", 1, ["LOCAL"], undefined, "starts an I/O operation for another task"),
  sysevent: row(95, "SYSEVENT", 1, ["LOCAL", "SRM"], "IRARMINT", "tells the resources manager what has happened"),
  dynalloc: row(99, "DYNALLOC", 3, [], undefined, "allocates a data set", "recalled"),
  topctl: { ...row(104, "TOPCTL", 4, [], undefined, "controls a task"), apf: true },
  modeset: {
    ...row(107, "MODESET", 6, [], undefined, "sets key and state of its caller's PSW", "recalled"),
    apf: true,
  },
  esrType3: { ...row(109, "ESR type 3/4", 2, [], undefined, "an extended SVC router"), esr: TYPE_3_ESR },
  esrType1: { ...row(116, "ESR type 1", 1, ["LOCAL"], undefined, "an extended SVC router"), esr: NO_ESR },
  getmainAnywhere: row(120, "GETMAIN RU", 1, ["LOCAL"], "IGVVSM31", "gives or takes storage anywhere below 2 GB"),
  esrType2: { ...row(122, "ESR type 2", 2, [], undefined, "an extended SVC router"), esr: TYPE_2_ESR },
  tpio: row(124, "TPIO", 1, ["LOCAL"], undefined, "VTAM's I/O"),
  racheck: row(130, "RACHECK", 3, [], "IRRRCK00", "asks whether a user may use a resource"),
  racinit: row(131, "RACINIT", 3, [], "ICHRIN00", "identifies a user"),
  raclist: row(132, "RACLIST", 3, [], "ICHRSV00", "brings profiles into storage"),
  esrType6: { ...row(137, "ESR type 6", 6, [], undefined, "an extended SVC router"), esr: NO_ESR },
} as const satisfies Record<string, SvcRow>;

/** Every number that nobody has: the table points to a routine that ends the task. */
export const UNDEFINED_SVC: Omit<SvcRow, "number"> = {
  macro: "undefined",
  type: 2,
  locks: [],
  module: "IGCERROR",
  does: "ABEND Fnn, nn the number: an undefined SVC is a defined event",
  evidence: "verified",
};

function row(
  number: number,
  macro: string,
  type: SvcType,
  locks: SvcRow["locks"],
  module: string | undefined,
  does: string,
  evidence: Evidence = "verified",
): SvcRow {
  return { number, macro, type, locks, module, does, evidence };
}

export const SVC_NUMBERS = 256;

/** @returns the table as the system has it after its start: 256 entries. */
export function newSvcTable(): SvcRow[] {
  const table = Array.from({ length: SVC_NUMBERS }, (_, number): SvcRow => ({ number, ...UNDEFINED_SVC }));
  for (const known of Object.values(SVC_TABLE)) table[known.number] = known;
  return table;
}

/** @returns the number as a completion code has it: F0A. */
export function undefinedSvcCode(number: number): string {
  return `F${number.toString(16).toUpperCase().padStart(2, "0")}`;
}
