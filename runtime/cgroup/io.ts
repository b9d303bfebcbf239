/**
 * The controller of block I/O, `blkio` on v1 and `io` on v2: a share of each disk (weight) and limits on bytes and
 * operations a second. Kernel: admin-guide/cgroup-v1/blkio-controller.rst, block/bfq-iosched.rst;
 * admin-guide/cgroup-v2.rst, "IO". config-linux.md, Block IO.
 */
import type { OciBlockIo, OciBlockRate } from "../oci/config.ts";
import { type Controller, given, type Setting, type SettingsContext } from "./controller.ts";
import { deviceNumber, digits, refused } from "./values.ts";

const FIELD = "linux.resources.blockIO";
const LEAST_WEIGHT = 10;
const MOST_WEIGHT = 1000;

export const io: Controller = {
  name: "blkio",
  unifiedName: "io",
  why: "Its reads and writes on disks are counted against shares and limits of their own.",
  asked: ({ blockIO = {} }) => given(FIELD, { ...blockIO }),
  joinedOnV1: false,

  settings({ blockIO = {} }, context) {
    return [...weightSettings(blockIO, context), ...throttleSettings(blockIO, context.version)];
  },

  reports: () => [],
};

/**
 * @param field the weight's name in the configuration
 * @returns the weight
 * @throws RingsideError where it is outside of the specification's range
 */
export function checkedWeight(field: string, weight: number): number {
  digits(field, weight, LEAST_WEIGHT, MOST_WEIGHT);
  return weight;
}

/** Where weights are written: by which scheduler or cost model they are kept, and in which range. */
interface WeightFiles {
  readonly file: string;
  readonly deviceFile: string;
  valueOf(weight: number): number;
}

const BFQ_V1: WeightFiles = {
  file: "blkio.bfq.weight",
  deviceFile: "blkio.bfq.weight_device",
  valueOf: (weight) => weight,
};
const CFQ_V1: WeightFiles = { file: "blkio.weight", deviceFile: "blkio.weight_device", valueOf: (weight) => weight };
const BFQ_V2: WeightFiles = { file: "io.bfq.weight", deviceFile: "io.bfq.weight", valueOf: (weight) => weight };
const COST_V2: WeightFiles = { file: "io.weight", deviceFile: "io.weight", valueOf: ioWeightOf };

/** v1's weight (10 to 1000) as v2's io.weight (1 to 10000): the straight line that crun and runc draw. */
export function ioWeightOf(weight: number): number {
  return 1 + Math.floor(((weight - LEAST_WEIGHT) * 9999) / (MOST_WEIGHT - LEAST_WEIGHT));
}

/** The first that a group here has; where there is no group yet, the files at the top tell (BFQ, iocost). */
function weightFiles({ version, has, atTop }: SettingsContext): WeightFiles | undefined {
  const known = version === 1 ? [BFQ_V1, CFQ_V1] : [BFQ_V2, COST_V2];
  const there = known.find(({ file }) => has(file) === true);
  if (there !== undefined) return there;
  if (version === 1) return atTop("blkio.bfq.io_service_bytes") === undefined ? undefined : BFQ_V1;
  return has("io.weight") === undefined && atTop("io.cost.qos") !== undefined ? COST_V2 : undefined;
}

function weightSettings(wanted: OciBlockIo, context: SettingsContext): Setting[] {
  const { weight, leafWeight, weightDevice = [] } = wanted;
  const leaf = leafWeight || weightDevice.find((device) => device.leafWeight)?.leafWeight;
  if (leaf) {
    throw refused(`${FIELD}.leafWeight`, leaf, "its scheduler (CFQ) has gone from Linux 5.0", "use weight");
  }
  const devices = weightDevice.filter((device) => device.weight);
  if (!weight && devices.length === 0) return [];
  const files = weightFiles(context);
  const field = weight ? `${FIELD}.weight` : `${FIELD}.weightDevice`;
  if (files === undefined) {
    const why = "no disk scheduler here keeps weights";
    throw refused(field, weight || weightDevice, why, "modprobe bfq, or leave it out");
  }
  const why = "When a disk is busy, groups get its time in proportion to this weight.";
  const text = (name: string, value: number) => String(files.valueOf(checkedWeight(name, value)));
  return [
    ...(weight ? [{ file: files.file, value: text(`${FIELD}.weight`, weight), why }] : []),
    ...devices.map((device, index) => {
      const name = `${FIELD}.weightDevice[${index}]`;
      return { file: files.deviceFile, value: `${deviceNumber(name, device)} ${text(name, device.weight ?? 0)}`, why };
    }),
  ];
}

/** One row: the configuration's list, v1's file, v2's key in io.max. */
const THROTTLES = [
  ["throttleReadBpsDevice", "blkio.throttle.read_bps_device", "rbps", "bytes read a second"],
  ["throttleWriteBpsDevice", "blkio.throttle.write_bps_device", "wbps", "bytes written a second"],
  ["throttleReadIOPSDevice", "blkio.throttle.read_iops_device", "riops", "reads a second"],
  ["throttleWriteIOPSDevice", "blkio.throttle.write_iops_device", "wiops", "writes a second"],
] as const;

function throttleSettings(wanted: OciBlockIo, version: 1 | 2): Setting[] {
  return THROTTLES.flatMap(([list, file, key, unit]) =>
    (wanted[list] ?? []).map((rate: OciBlockRate, index: number): Setting => {
      const field = `${FIELD}.${list}[${index}]`;
      const device = deviceNumber(field, rate);
      const most = digits(`${field}.rate`, rate.rate, 0);
      const why = `On the disk ${device}: at most so many ${unit}.`;
      if (version === 1) return { file, value: `${device} ${most}`, why };
      // v1 reads 0 as "no limit"; v2 has a word for it.
      return { file: "io.max", value: `${device} ${key}=${most === "0" ? "max" : most}`, why };
    }),
  );
}
