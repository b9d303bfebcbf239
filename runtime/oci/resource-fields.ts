/** config-linux.md, Control groups: reading limits. Also what `update --resources` reads. */
import type {
  OciBlockIo,
  OciBlockRate,
  OciBlockWeight,
  OciCpu,
  OciDeviceRule,
  OciHugepageLimit,
  OciMemory,
  OciNetworkResources,
  OciRdma,
  OciResources,
} from "./config.ts";
import {
  flag,
  int64,
  integer,
  list,
  Misfit,
  object,
  oneOf,
  optional,
  type Reader,
  record,
  required,
  text,
  textLike,
  UINT16,
  UINT32,
  uint64,
} from "./readers.ts";

/** Twelve bits for the major number, twenty for the minor (makedev(3)). */
export const MAJOR = integer(0, 0xfff);
export const MINOR = integer(0, 0xf_ffff);

/** -1 is any number, as is a missing one. */
function orAny(number: Reader<number>): Reader<number> {
  return (value) => (value === -1 ? -1 : number(value));
}

const deviceFields = object<OciDeviceRule>({
  allow: required(flag),
  type: optional(oneOf("a type of device", ["a", "c", "b"])),
  major: optional(orAny(MAJOR)),
  minor: optional(orAny(MINOR)),
  access: optional(textLike("letters of rwm", /^[rwm]*$/)),
});

/** A number that is missing and -1 are the same: any. */
function deviceRule(value: unknown): OciDeviceRule {
  const { major = -1, minor = -1, ...rest } = deviceFields(value);
  return { ...rest, ...(major >= 0 && { major }), ...(minor >= 0 && { minor }) };
}

/** Older engines wrote -1, also as an unsigned number, for "as the system has it". */
const UNSET_SWAPPINESS = new Set<unknown>([-1, 2n ** 64n - 1n]);
const percent = integer(0, 100);

const memoryFields = object<OciMemory>({
  limit: optional(int64),
  reservation: optional(int64),
  swap: optional(int64),
  kernel: optional(int64),
  kernelTCP: optional(int64),
  swappiness: optional((value) => (UNSET_SWAPPINESS.has(value) ? -1 : percent(value))),
  disableOOMKiller: optional(flag),
  useHierarchy: optional(flag),
  checkBeforeUpdate: optional(flag),
});

function memory(value: unknown): OciMemory {
  const { swappiness = -1, ...rest } = memoryFields(value);
  for (const [field, amount] of Object.entries(rest)) {
    if (typeof amount === "number" && amount < -1) {
      throw new Misfit(`expected bytes, or -1 for no limit, found ${amount}`, [field]);
    }
  }
  return swappiness < 0 ? rest : { ...rest, swappiness };
}

/** The kernel's own reader takes more than ranges: `0-31:2/8` is two of every eight (Documentation/core-api/cpu_list). */
const RANGE = "\\d{1,5}(-\\d{1,5}(:\\d{1,5}/\\d{1,5})?)?";
const cpusetList = textLike("a list of numbers such as 0-3,8", new RegExp(`^(${RANGE}(, *${RANGE})*)?$`));

const cpuFields = object<OciCpu>({
  shares: optional(uint64),
  quota: optional(int64),
  burst: optional(uint64),
  period: optional(uint64),
  realtimeRuntime: optional(int64),
  realtimePeriod: optional(uint64),
  cpus: optional(cpusetList),
  mems: optional(cpusetList),
  idle: optional(integer(0, 1)),
});

function cpu(value: unknown): OciCpu {
  const found = cpuFields(value);
  const { quota = 0, burst = 0 } = found;
  if (quota > 0 && burst > quota) throw new Misfit(`${burst} is more than the quota of ${quota}`, ["burst"]);
  return found;
}

const weightFields = object<OciBlockWeight>({
  major: required(MAJOR),
  minor: required(MINOR),
  weight: optional(UINT16),
  leafWeight: optional(UINT16),
});

function deviceWeight(value: unknown): OciBlockWeight {
  const found = weightFields(value);
  if (found.weight === undefined && found.leafWeight === undefined) {
    throw new Misfit("missing; expected a weight or a leafWeight", ["weight"]);
  }
  return found;
}

const rates = list(object<OciBlockRate>({ major: required(MAJOR), minor: required(MINOR), rate: required(uint64) }));

const blockIo = object<OciBlockIo>({
  weight: optional(UINT16),
  leafWeight: optional(UINT16),
  weightDevice: optional(list(deviceWeight)),
  throttleReadBpsDevice: optional(rates),
  throttleWriteBpsDevice: optional(rates),
  throttleReadIOPSDevice: optional(rates),
  throttleWriteIOPSDevice: optional(rates),
});

/** The page size is part of a file's name. */
const hugepages = object<OciHugepageLimit>({
  pageSize: required(textLike("a page size such as 2MB or 1GB", /^[1-9]\d{0,9}[KMG]B$/)),
  limit: required(uint64),
});

const network = object<OciNetworkResources>({
  classID: optional(UINT32),
  priorities: optional(
    list(
      object<{ readonly name: string; readonly priority: number }>({
        name: required(textLike("the name of an interface", /^[^\s/]{1,15}$/)),
        priority: required(UINT32),
      }),
    ),
  ),
});

const rdmaFields = object<OciRdma>({ hcaHandles: optional(UINT32), hcaObjects: optional(UINT32) });

function rdma(value: unknown): OciRdma {
  const found = rdmaFields(value);
  if (found.hcaHandles === undefined && found.hcaObjects === undefined) {
    throw new Misfit("missing; expected hcaHandles or hcaObjects", ["hcaHandles"]);
  }
  return found;
}

/** What is written into a line of a control file as its first word. */
const deviceName = textLike("the name of an RDMA device", /^[^\s/]+$/);
/** A control file of the group itself: never a path that leads out of it. */
const controlFile = textLike("the name of a file of cgroup v2 such as memory.high", /^[a-z0-9_]+\.[A-Za-z0-9_.]+$/);

/** Reads linux.resources. */
export const resources: Reader<OciResources> = object<OciResources>({
  devices: optional(list(deviceRule)),
  memory: optional(memory),
  cpu: optional(cpu),
  pids: optional(object<{ readonly limit?: number }>({ limit: optional(int64) })),
  blockIO: optional(blockIo),
  hugepageLimits: optional(list(hugepages)),
  network: optional(network),
  rdma: optional(record(rdma, deviceName)),
  unified: optional(record(text, controlFile)),
});
