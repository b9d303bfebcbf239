/**
 * The four systems that MVS has been since 1983, as configuration: which architecture they run on, where the hardware
 * keeps the PSWs of an interruption, and what exists at all. Lowcore offsets: SDL-Hercules esa390.h, Linux
 * arch/s390/include/asm/lowcore.h and QEMU target/s390x agree.
 */
import type { Evidence } from "./step.ts";

export const ERA_NAMES = ["MVS/XA", "MVS/ESA", "OS/390", "z/OS"] as const;
export type EraName = (typeof ERA_NAMES)[number];

/** Where the hardware stores an old PSW and takes the new one from, in the prefix area. */
export interface InterruptionOffsets {
  readonly oldPsw: number;
  readonly newPsw: number;
}

export type Interruption = "restart" | "external" | "svc" | "program" | "machineCheck" | "io";

export interface Lowcore {
  readonly bytes: number;
  readonly psws: Readonly<Record<Interruption, InterruptionOffsets>>;
  readonly svcCode: number;
  readonly programCode: number;
  readonly translationException: number;
}

/** Something that a system has from an era on. */
export interface Fact {
  readonly holds: boolean;
  readonly evidence: Evidence;
  readonly source: string;
}

export interface Era {
  readonly name: EraName;
  readonly architecture: "370-XA" | "ESA/370 and ESA/390" | "ESA/390" | "z/Architecture";
  readonly since: { readonly year: number; readonly source: string; readonly evidence: Evidence };
  readonly pswFormat: "ESA/390" | "z/Architecture";
  readonly lowcore: Lowcore;
  readonly addressingModes: readonly (24 | 31 | 64)[];
  /** Where an address space ends: 2^31, or 2^64 with a bar at 2^31. */
  readonly addressBits: 31 | 64;
  /** How large the pages are that it can give; larger ones for memory objects above the bar alone. */
  readonly pageSizes: readonly { readonly bytes: number; readonly source: string }[];
  readonly programCall: Fact;
  readonly stackingProgramCall: Fact;
  readonly dataSpaces: Fact;
  readonly bar: Fact;
  readonly linuxContainers: Fact;
  readonly nativeContainers: Fact;
}

const psws = (entries: readonly (readonly [Interruption, number, number])[]): Lowcore["psws"] => {
  const of = (wanted: Interruption): InterruptionOffsets => {
    const entry = entries.find(([name]) => name === wanted);
    if (entry === undefined) throw new RangeError(`lowcore: no PSWs for ${wanted}`);
    return { oldPsw: entry[1], newPsw: entry[2] };
  };
  return {
    restart: of("restart"),
    external: of("external"),
    svc: of("svc"),
    program: of("program"),
    machineCheck: of("machineCheck"),
    io: of("io"),
  };
};

const ESA_LOWCORE: Lowcore = {
  bytes: 4096,
  psws: psws([
    ["restart", 0x08, 0x00],
    ["external", 0x18, 0x58],
    ["svc", 0x20, 0x60],
    ["program", 0x28, 0x68],
    ["machineCheck", 0x30, 0x70],
    ["io", 0x38, 0x78],
  ]),
  svcCode: 0x88,
  programCode: 0x8c,
  translationException: 0x90,
};

const Z_LOWCORE: Lowcore = {
  bytes: 8192,
  psws: psws([
    ["restart", 0x120, 0x1a0],
    ["external", 0x130, 0x1b0],
    ["svc", 0x140, 0x1c0],
    ["program", 0x150, 0x1d0],
    ["machineCheck", 0x160, 0x1e0],
    ["io", 0x170, 0x1f0],
  ]),
  svcCode: 0x88,
  programCode: 0x8c,
  translationException: 0xa8,
};

const HISTORY = "IBM's history of MVS as kept at os390-mvs.freesurf.fr";
const SIXTY_FOUR = "z/OS MVS Extended Addressability, What is the 64-bit address space?";
const CONTAINERS =
  "z/OS 3.1 and 3.2 documentation, BPX1UNS unshare and BPX1SNS setns; OCI runtime specification, config-zos.md";
const CONTAINER_EXTENSIONS = "z/OS 2.4 announcement: z/OS Container Extensions, September 2019";

const never = (source: string): Fact => ({ holds: false, evidence: "verified", source });
const always = (source: string): Fact => ({ holds: true, evidence: "verified", source });
const recalled = (source: string): Fact => ({ holds: true, evidence: "recalled", source });

const ESA_TECHNIQUES = {
  programCall: always(HISTORY),
  stackingProgramCall: always(`${HISTORY}: ESA/370 of February 1988 brought the linkage stack`),
  dataSpaces: always(`${HISTORY}: ESA/370 brought data spaces`),
  bar: never(SIXTY_FOUR),
  linuxContainers: never(CONTAINER_EXTENSIONS),
  nativeContainers: never(CONTAINERS),
};

const FOUR_KIB = {
  bytes: 4096,
  source: "z/OS MVS Diagnosis: Reference, storage protection: a key for each 4 KB frame",
};
const LARGE_PAGES = [
  {
    bytes: 2 ** 20,
    source: "E. Tzortzatos et al., IBM Journal of Research and Development 53(1), 2009: z10 and z/OS 1.9",
  },
  { bytes: 2 ** 31, source: "z/OS 3.1 documentation, using large pages" },
];

const ESA_MACHINE = {
  pswFormat: "ESA/390",
  lowcore: ESA_LOWCORE,
  addressingModes: [24, 31],
  addressBits: 31,
  pageSizes: [FOUR_KIB],
} as const satisfies Partial<Era>;

const ERAS: Readonly<Record<EraName, Era>> = {
  "MVS/XA": {
    name: "MVS/XA",
    architecture: "370-XA",
    since: { year: 1983, source: `${HISTORY}: available in March 1983`, evidence: "verified" },
    ...ESA_MACHINE,
    programCall: recalled("the dual address space facility of System/370, from memory"),
    stackingProgramCall: never(`${HISTORY}: the linkage stack came with ESA/370`),
    dataSpaces: never(`${HISTORY}: data spaces came with ESA/370`),
    bar: never(SIXTY_FOUR),
    linuxContainers: never(CONTAINER_EXTENSIONS),
    nativeContainers: never(CONTAINERS),
  },
  "MVS/ESA": {
    name: "MVS/ESA",
    architecture: "ESA/370 and ESA/390",
    since: { year: 1988, source: `${HISTORY}: ESA/370, February 1988`, evidence: "verified" },
    ...ESA_MACHINE,
    ...ESA_TECHNIQUES,
  },
  "OS/390": {
    name: "OS/390",
    architecture: "ESA/390",
    since: { year: 1996, source: "the first release, from memory", evidence: "recalled" },
    ...ESA_MACHINE,
    ...ESA_TECHNIQUES,
  },
  "z/OS": {
    name: "z/OS",
    architecture: "z/Architecture",
    since: { year: 2000, source: "the z900 and its architecture came in late 2000", evidence: "verified" },
    pswFormat: "z/Architecture",
    lowcore: Z_LOWCORE,
    addressingModes: [24, 31, 64],
    addressBits: 64,
    pageSizes: [FOUR_KIB, ...LARGE_PAGES],
    ...ESA_TECHNIQUES,
    bar: always(`${SIXTY_FOUR}: as of release 2`),
    linuxContainers: always(CONTAINER_EXTENSIONS),
    nativeContainers: always(`${CONTAINERS}; since March 2024`),
  },
};

/** @returns the configuration of an era. */
export function eraOf(name: EraName): Era {
  return ERAS[name];
}
