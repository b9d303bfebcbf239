/**
 * Which devices may be used: a list of rules of which the last that matches counts, for each of reading, writing and
 * making a node. config-linux.md, Allowed Device list. v1 takes such a list as files (devices.ts), v2 as a program
 * (device-filter.ts); both are made from the same rules.
 */
import { RingsideError } from "../error.ts";
import type { OciDeviceRule } from "../oci/config.ts";
import { digits, refused } from "./values.ts";

export interface DeviceRule {
  readonly allow: boolean;
  readonly type: "c" | "b";
  /** undefined: any. */
  readonly major: number | undefined;
  readonly minor: number | undefined;
  /** r: read, w: write, m: mknod; in this order, each at most once. */
  readonly access: string;
  readonly why: string;
}

const ALL = "rwm";
const FIELD = "linux.resources.devices";

function allowed(type: "c" | "b", major: number | undefined, minor: number | undefined, access: string, why: string) {
  return { allow: true, type, major, minor, access, why } as const;
}

/**
 * The list of Docker (moby, oci/defaults.go) and runc (libcontainer/specconv, AllowedDevices): everything is denied,
 * then these are allowed. A configuration's own list comes between: what the specification calls default devices is
 * always there.
 */
export const DEFAULT_DEVICE_RULES: readonly DeviceRule[] = [
  allowed("c", undefined, undefined, "m", "A character node may be made, not opened."),
  allowed("b", undefined, undefined, "m", "A block node may be made, not opened."),
  allowed("c", 1, 3, ALL, "/dev/null may be used."),
  allowed("c", 1, 5, ALL, "/dev/zero may be used."),
  allowed("c", 1, 7, ALL, "/dev/full may be used."),
  allowed("c", 1, 8, ALL, "/dev/random may be used."),
  allowed("c", 1, 9, ALL, "/dev/urandom may be used."),
  allowed("c", 5, 0, ALL, "/dev/tty, the controlling terminal, may be used."),
  allowed("c", 5, 1, ALL, "/dev/console may be used."),
  allowed("c", 5, 2, ALL, "/dev/ptmx, which makes terminals, may be used."),
  allowed("c", 136, undefined, ALL, "The terminals made there may be used."),
];

/**
 * The whole list that holds for a container: the configuration's rules in their order, then the default devices. Before
 * the first rule everything is denied.
 *
 * @param always what follows the configuration's own
 * @throws RingsideError for a rule that no kernel could hold
 */
export function deviceRules(wanted: readonly OciDeviceRule[] = [], always = DEFAULT_DEVICE_RULES): DeviceRule[] {
  return [...wanted.flatMap(expand), ...always];
}

/** A rule for all types is one for each. */
function expand(rule: OciDeviceRule, index: number): DeviceRule[] {
  const field = `${FIELD}[${index}]`;
  const { allow, type = "a" } = rule;
  const access = accessOf(`${field}.access`, rule.access);
  const major = numberOf(`${field}.major`, rule.major, 0xfff);
  const minor = numberOf(`${field}.minor`, rule.minor, 0xf_ffff);
  const why = allow ? "Allowed by the configuration." : "Denied by the configuration.";
  const types = type === "a" ? (["c", "b"] as const) : ([type] as const);
  return types.map((one) => ({ allow, type: one, major, minor, access, why }));
}

function accessOf(field: string, access: string | undefined): string {
  if (access === undefined || access === "") return ALL;
  if (/^[rwm]+$/.test(access)) return [...ALL].filter((letter) => access.includes(letter)).join("");
  throw refused(field, access, "it is made of other letters than r, w and m", "write rwm, or what of it is meant");
}

/** -1 stands for any, with engines that cannot leave a number out. */
function numberOf(field: string, value: number | undefined, most: number): number | undefined {
  if (value === undefined || value === -1) return undefined;
  digits(field, value, 0, most);
  return value;
}

/** What a list comes to on v1: all but these, or none but these. */
export interface DeviceList {
  readonly allowAll: boolean;
  readonly exceptions: readonly Omit<DeviceRule, "allow">[];
}

/** @returns whether the first list lets everything through */
export function allowsEverything({ allowAll, exceptions }: DeviceList): boolean {
  return allowAll && exceptions.length === 0;
}

/**
 * The rules as v1 can hold them: one default and exceptions to it (admin-guide/cgroup-v1/devices.rst).
 * @throws RingsideError when an exception to an exception would be needed, which v1 does not have
 */
export function deviceList(rules: readonly DeviceRule[]): DeviceList {
  let allowAll = false;
  let exceptions: Omit<DeviceRule, "allow">[] = [];
  for (const [index, rule] of rules.entries()) {
    const { allow, ...exception } = rule;
    if (isForAll(rules, index)) {
      allowAll = allow;
      exceptions = [];
    } else if (allow === allowAll) {
      exceptions = exceptions.flatMap((other) => without(other, rule));
    } else {
      exceptions = merged(exceptions, exception);
    }
  }
  return { allowAll, exceptions };
}

/** Everything of both types, in two rules side by side. */
function isForAll(rules: readonly DeviceRule[], index: number): boolean {
  const isWide = (rule: DeviceRule | undefined) =>
    rule !== undefined && rule.major === undefined && rule.minor === undefined && rule.access === ALL;
  const rule = rules[index];
  const isPair = (other: DeviceRule | undefined) =>
    isWide(other) && other?.allow === rule?.allow && other?.type !== rule?.type;
  return isWide(rule) && (isPair(rules[index - 1]) || isPair(rules[index + 1]));
}

function covers(wide: number | undefined, narrow: number | undefined): boolean {
  return wide === undefined || wide === narrow;
}

type Exception = Omit<DeviceRule, "allow">;

/** Takes from an exception what a later rule of the default's own kind takes back. */
function without(exception: Exception, rule: DeviceRule): Exception[] {
  const left = [...exception.access].filter((letter) => !rule.access.includes(letter)).join("");
  const isUntouched =
    exception.type !== rule.type ||
    left === exception.access ||
    (!covers(rule.major, exception.major) && !covers(exception.major, rule.major)) ||
    (!covers(rule.minor, exception.minor) && !covers(exception.minor, rule.minor));
  if (isUntouched) return [exception];
  if (covers(rule.major, exception.major) && covers(rule.minor, exception.minor)) {
    return left === "" ? [] : [{ ...exception, access: left }];
  }
  const word = rule.allow ? "allow" : "deny";
  throw new RingsideError(
    `cannot enforce ${FIELD}: cgroup v1 cannot ${word} ${deviceRuleText(rule)} out of ${deviceRuleText(exception)}`,
    { fix: `name the devices one by one instead of ${deviceRuleText(exception)}, or use cgroup v2` },
  );
}

function merged(exceptions: readonly Exception[], exception: Exception): Exception[] {
  const isSame = ({ type, major, minor }: Exception) =>
    type === exception.type && major === exception.major && minor === exception.minor;
  const other = exceptions.find(isSame);
  if (other === undefined) return [...exceptions, exception];
  const access = [...ALL].filter((letter) => `${other.access}${exception.access}`.includes(letter)).join("");
  return exceptions.map((each) => (each === other ? { ...each, access } : each));
}

/** One rule as the kernel reads it: `c 1:3 rwm`. */
export function deviceRuleText({ type, major, minor, access }: Exception): string {
  return `${type} ${major ?? "*"}:${minor ?? "*"} ${access}`;
}

/** Whether a configuration's own list ends in "everything is allowed", as --privileged writes it. */
export function allowsAllDevices(wanted: readonly OciDeviceRule[] = []): boolean {
  const last = wanted.findLastIndex(
    ({ type = "a", major = -1, minor = -1, access = "" }) =>
      type === "a" &&
      major === -1 &&
      minor === -1 &&
      (access === "" || [...ALL].every((letter) => access.includes(letter))),
  );
  return last >= 0 && wanted.slice(last).every(({ allow }) => allow);
}
