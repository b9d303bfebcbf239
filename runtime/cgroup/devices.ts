/**
 * The devices controller of v1: which device nodes a container may open and make. Root inside keeps CAP_MKNOD, so
 * without this list it could make a node for the host's disk and write to it.
 * Kernel: admin-guide/cgroup-v1/devices.rst. On v2 there is no such controller.
 */
import type { Controller } from "./controller.ts";
import type { CgroupLayout } from "./layout.ts";

export interface DeviceRule {
  readonly type: "c" | "b";
  /** undefined: any. */
  readonly major: number | undefined;
  readonly minor: number | undefined;
  /** r: read, w: write, m: mknod. */
  readonly access: string;
  readonly why: string;
}

/**
 * The list of Docker (moby, oci/defaults.go) and runc (libcontainer/specconv, AllowedDevices): everything is denied,
 * then these are allowed.
 */
export const DEFAULT_DEVICE_RULES: readonly DeviceRule[] = [
  { type: "c", major: undefined, minor: undefined, access: "m", why: "A character node may be made, not opened." },
  { type: "b", major: undefined, minor: undefined, access: "m", why: "A block node may be made, not opened." },
  { type: "c", major: 1, minor: 3, access: "rwm", why: "/dev/null may be used." },
  { type: "c", major: 1, minor: 5, access: "rwm", why: "/dev/zero may be used." },
  { type: "c", major: 1, minor: 7, access: "rwm", why: "/dev/full may be used." },
  { type: "c", major: 1, minor: 8, access: "rwm", why: "/dev/random may be used." },
  { type: "c", major: 1, minor: 9, access: "rwm", why: "/dev/urandom may be used." },
  { type: "c", major: 5, minor: 0, access: "rwm", why: "/dev/tty, the controlling terminal, may be used." },
  { type: "c", major: 5, minor: 1, access: "rwm", why: "/dev/console may be used." },
  { type: "c", major: 5, minor: 2, access: "rwm", why: "/dev/ptmx, which makes terminals, may be used." },
  { type: "c", major: 136, minor: undefined, access: "rwm", why: "The terminals made there may be used." },
];

/**
 * Whether an opened device can be refused here. Where it cannot, the inside must have neither CAP_MKNOD nor device nodes
 * that work. (On v2 a list is a BPF program on the group, not a file.)
 */
export function devicesCanBeGuarded(layout: CgroupLayout): boolean {
  const place = layout.controllers.devices;
  return place !== undefined && place.version === 1 && !place.readOnly;
}

export const devices: Controller = {
  name: "devices",
  why: "Only harmless devices may be opened: root inside may make nodes, and must not reach the host's disks by them.",
  option: undefined,
  needed: () => false,
  joinedOnV1: true,

  settings: () => [
    { file: "devices.deny", value: "a", why: "First every device is denied." },
    ...DEFAULT_DEVICE_RULES.map((rule) => ({ file: "devices.allow", value: deviceRuleText(rule), why: rule.why })),
  ],

  reports: () => [],
};

/** One rule as the kernel reads it: `c 1:3 rwm`. */
export function deviceRuleText({ type, major, minor, access }: DeviceRule): string {
  return `${type} ${major ?? "*"}:${minor ?? "*"} ${access}`;
}
