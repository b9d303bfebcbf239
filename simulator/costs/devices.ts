/** What a machine's own disk and network take, without any hypervisor: published measurements. */
import type { Cost } from "./cost.ts";

const M5D = { date: "2020-02-09", machine: "AWS m5d.metal, NVMe, Linux 4.15" } as const;

export const DEVICE_COSTS: readonly Cost[] = [
  {
    id: "device.disk.read",
    value: 60_705,
    unit: "ns",
    status: "derived",
    source:
      "nsdi2020-data, data/m5d.metal/fio-*.dat: 4 KiB random read at queue depth 1, 16,473 a second; 10^9 / 16,473",
    ...M5D,
  },
  {
    id: "device.disk.write",
    value: 30_524,
    unit: "ns",
    status: "derived",
    source:
      "nsdi2020-data, data/m5d.metal/fio-*.dat: 4 KiB random write at queue depth 1, 32,761 a second; 10^9 / 32,761",
    ...M5D,
  },
  {
    id: "device.disk.bytesPerMicrosecond",
    value: 1728,
    unit: "count",
    status: "derived",
    source: "nsdi2020-data, data/m5d.metal/fio-*.dat: reads of 128 KiB, 1648 MiB a second; 1648 * 1048576 / 10^6",
    ...M5D,
  },
  {
    id: "device.network.roundTrip",
    value: 37_580,
    unit: "ns",
    status: "published",
    source: "thewmf/kvm-docker-comparison, netperf TCP_RR, native: 37.58 us a transaction",
    date: "2014-07-21",
    machine: "the authors' host arldcn24; its logs show 32 CPUs at 3.09 GHz",
  },
];
