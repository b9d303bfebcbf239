/**
 * Valid configurations at random: every field of config.json, within the specification's rules. What depends on
 * namespaces (hostname, sysctls, id maps, time offsets) is there only with them.
 */
import fc from "fast-check";
import {
  NAMESPACE_TYPES,
  type NamespaceType,
  type OciConfig,
  type OciHooks,
  type OciIdMapping,
  type OciLinux,
  type OciMount,
  type OciProcess,
  type OciResources,
  PROPAGATIONS,
} from "../../runtime/oci/config.ts";
import { MEMORY_POLICY_MODES, RLIMITS, SCHEDULER_FLAGS } from "../../runtime/oci/kernel-names.ts";
import type { SeccompProfile } from "../../runtime/oci/seccomp.ts";
import { SECCOMP_ACTIONS, SECCOMP_FLAGS, SECCOMP_OPERATORS } from "../../runtime/oci/seccomp-fields.ts";
import { CAPABILITIES } from "../../runtime/plan/capabilities.ts";

/** A record whose fields may each be missing. */
function some<T extends object>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) {
  return fc.record<T, never>(fields, { requiredKeys: [] });
}

const word = fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9_.-]{0,11}$/);
const anyText = fc.string({ maxLength: 20 }).map((text) => text.replaceAll("\0", ""));
const path = fc.array(word, { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join("/")}`);
const id = fc.integer({ min: 0, max: 0xffff_fffe });
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const safe = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const wide = fc
  .bigInt({ min: 0n, max: 2n ** 64n - 1n })
  .map((value) => (value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value));
const number64 = fc.oneof(safe, wide);
const cpus = fc.constantFrom("0", "0-1", "0,2-3");
const major = fc.integer({ min: 0, max: 0xfff });
const minor = fc.integer({ min: 0, max: 0xf_ffff });
const keys = <T extends object>(table: T) => Object.keys(table).filter((key): key is keyof T & string => key in table);

const idMappings: fc.Arbitrary<OciIdMapping[]> = fc
  .array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1, maxLength: 5 })
  .map((sizes) => {
    let next = 0;
    return sizes.map((size) => {
      const mapping = { containerID: next, hostID: 100_000 + next, size };
      next += size;
      return mapping;
    });
  });

const MOUNT_KINDS: readonly OciMount[] = [
  { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
  { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "strictatime", "mode=755"] },
  { destination: "/data", type: "bind", source: "/etc", options: ["rbind", "ro", "rprivate"] },
  { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "ro"] },
  { destination: "/scratch", type: "tmpfs", source: "tmpfs" },
];
const mount: fc.Arbitrary<OciMount> = fc
  .tuple(
    fc.constantFrom(...MOUNT_KINDS),
    path,
    fc.option(fc.tuple(idMappings, idMappings), { nil: undefined, freq: 5 }),
  )
  .map(([kind, destination, maps]) => ({
    ...kind,
    destination,
    ...(maps !== undefined && kind.type === "bind" && { uidMappings: maps[0], gidMappings: maps[1] }),
  }));

const capabilityList = fc.subarray(keys(CAPABILITIES));
const rlimits = fc.subarray(keys(RLIMITS)).chain((types) =>
  fc.tuple(
    ...types.map((type) =>
      fc.tuple(number64, number64).map(([left, right]) => {
        return left <= right ? { type, soft: left, hard: right } : { type, soft: right, hard: left };
      }),
    ),
  ),
);
const scheduler = fc.oneof(
  fc.record({
    policy: fc.constantFrom("SCHED_OTHER", "SCHED_BATCH", "SCHED_IDLE"),
    nice: fc.integer({ min: -20, max: 19 }),
    flags: fc.subarray(keys(SCHEDULER_FLAGS)),
  }),
  fc.record({ policy: fc.constantFrom("SCHED_FIFO", "SCHED_RR"), priority: fc.integer({ min: 1, max: 99 }) }),
  fc.record({ policy: fc.constant("SCHED_DEADLINE"), runtime: number64, deadline: number64, period: number64 }),
);

export const arbitraryProcess: fc.Arbitrary<OciProcess> = fc
  .record({
    required: fc.record({
      user: fc
        .tuple(
          id,
          id,
          some({ umask: fc.integer({ min: 0, max: 0o777 }), additionalGids: fc.array(id, { maxLength: 3 }) }),
        )
        .map(([uid, gid, rest]) => ({ uid, gid, ...rest })),
      args: fc.array(anyText, { minLength: 1, maxLength: 4 }),
      cwd: path,
    }),
    rest: some({
      terminal: fc.boolean(),
      consoleSize: fc.record({ width: fc.integer({ min: 0, max: 999 }), height: fc.integer({ min: 0, max: 999 }) }),
      env: fc.array(
        fc.tuple(word, anyText).map(([name, value]) => `${name}=${value}`),
        { maxLength: 4 },
      ),
      capabilities: some({
        bounding: capabilityList,
        effective: capabilityList,
        permitted: capabilityList,
        inheritable: capabilityList,
        ambient: capabilityList,
      }),
      rlimits,
      noNewPrivileges: fc.boolean(),
      apparmorProfile: word,
      selinuxLabel: word,
      oomScoreAdj: fc.integer({ min: -1000, max: 1000 }),
      scheduler,
      ioPriority: fc.record({
        class: fc.constantFrom("IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE"),
        priority: fc.integer({ min: 0, max: 7 }),
      }),
      execCPUAffinity: some({ initial: cpus, final: cpus }),
    }),
  })
  .map(({ required, rest }) => ({ ...required, ...rest }));

const hook = fc
  .tuple(
    path,
    some({
      args: fc.array(anyText, { maxLength: 3 }),
      env: fc.array(anyText, { maxLength: 2 }),
      timeout: fc.integer({ min: 1, max: 1000 }),
    }),
  )
  .map(([program, rest]) => ({ path: program, ...rest }));
const hookList = fc.array(hook, { maxLength: 2 });
const hooks: fc.Arbitrary<OciHooks> = some({
  prestart: hookList,
  createRuntime: hookList,
  createContainer: hookList,
  startContainer: hookList,
  poststart: hookList,
  poststop: hookList,
});

const rate = fc.record({ major, minor, rate: safe });
const rates = fc.array(rate, { maxLength: 2 });
const limit = fc.oneof(fc.constant(-1), safe);
export const arbitraryResources: fc.Arbitrary<OciResources> = some({
  devices: fc.array(
    fc
      .tuple(
        fc.boolean(),
        some({ type: fc.constantFrom("a", "c", "b"), major, minor, access: fc.constantFrom("r", "rwm", "m") }),
      )
      .map(([allow, rest]) => ({ allow, ...rest })),
    { maxLength: 3 },
  ),
  memory: some({
    limit,
    reservation: limit,
    swap: limit,
    swappiness: fc.integer({ min: 0, max: 100 }),
    disableOOMKiller: fc.boolean(),
    checkBeforeUpdate: fc.boolean(),
  }),
  cpu: some({ shares: safe, period: safe, quota: fc.constant(-1), cpus, mems: cpus, idle: fc.constantFrom(0, 1) }),
  pids: fc.record({ limit }),
  blockIO: some({
    weight: fc.integer({ min: 10, max: 1000 }),
    throttleReadBpsDevice: rates,
    throttleWriteBpsDevice: rates,
    throttleReadIOPSDevice: rates,
    throttleWriteIOPSDevice: rates,
  }),
  hugepageLimits: fc.array(fc.record({ pageSize: fc.constantFrom("2MB", "1GB", "64KB"), limit: safe }), {
    maxLength: 2,
  }),
  network: some({
    classID: uint32,
    priorities: fc.array(fc.record({ name: fc.constantFrom("lo", "eth0"), priority: uint32 }), { maxLength: 2 }),
  }),
  rdma: fc.dictionary(word, fc.record({ hcaHandles: uint32, hcaObjects: uint32 }), { maxKeys: 2 }),
  unified: fc.dictionary(fc.constantFrom("memory.high", "io.max", "cpu.weight"), anyText, { maxKeys: 2 }),
});

const FILTERING = keys(SECCOMP_ACTIONS).filter((action) => action !== "SCMP_ACT_NOTIFY");
const seccomp: fc.Arbitrary<SeccompProfile> = fc
  .tuple(
    fc.constantFrom(...FILTERING),
    some({
      architectures: fc.subarray(["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_AARCH64", "SCMP_ARCH_MIPS"]),
      flags: fc.subarray(keys(SECCOMP_FLAGS)),
      syscalls: fc.array(
        fc
          .tuple(
            fc.array(fc.constantFrom("read", "openat", "clone", "no_such_call"), { minLength: 1, maxLength: 3 }),
            fc.constantFrom(...FILTERING),
            uint32.map((number) => number % 4096),
            fc.array(
              fc.record({
                index: fc.integer({ min: 0, max: 5 }),
                value: number64,
                valueTwo: number64,
                op: fc.constantFrom(...keys(SECCOMP_OPERATORS)),
              }),
              { maxLength: 3 },
            ),
          )
          .map(([names, action, errnoRet, args]) => ({
            names,
            action,
            ...(SECCOMP_ACTIONS[action].carriesErrno && { errnoRet }),
            args,
          })),
        { maxLength: 4 },
      ),
    }),
  )
  .map(([defaultAction, rest]) => ({ defaultAction, ...rest }));

const device = fc
  .tuple(path, some({ fileMode: fc.integer({ min: 0, max: 0o777 }), uid: id, gid: id }), major, minor)
  .chain(([where, rest, one, two]) =>
    fc.oneof(
      fc.constant({ type: "p" as const, path: where, ...rest }),
      fc.constantFrom("c" as const, "b" as const, "u" as const).map((type) => {
        return { type, path: where, major: one, minor: two, ...rest };
      }),
    ),
  );

const memoryPolicy = fc.oneof(
  fc.record({ mode: fc.constantFrom("MPOL_DEFAULT", "MPOL_LOCAL") }),
  fc.record({
    mode: fc.constantFrom(...keys(MEMORY_POLICY_MODES).filter((mode) => !/DEFAULT|LOCAL/.test(mode))),
    nodes: fc.constantFrom("0", "0-1"),
    flags: fc.constantFrom([], ["MPOL_F_STATIC_NODES"], ["MPOL_F_RELATIVE_NODES"]),
  }),
);

const SYSCTLS: readonly (readonly [type: NamespaceType, name: string])[] = [
  ["network", "net.ipv4.ip_forward"],
  ["network", "net/ipv4/conf/eth0.100/rp_filter"],
  ["ipc", "kernel.shmmax"],
  ["ipc", "fs.mqueue.msg_max"],
  ["uts", "kernel.domainname"],
];

function linuxWith(types: readonly NamespaceType[]): fc.Arbitrary<OciLinux> {
  const has = (type: NamespaceType) => types.includes(type);
  const names = SYSCTLS.filter(([type]) => has(type)).map(([, name]) => name);
  return fc
    .tuple(
      fc.tuple(
        ...types.map((type) =>
          // Most are new. The clocks of a time namespace that is joined cannot be shifted any more.
          fc.tuple(path, fc.integer({ min: 0, max: 5 })).map(([to, chance]) => {
            return chance === 0 && type !== "time" ? { type, path: to } : { type };
          }),
        ),
      ),
      some<OciLinux>({
        ...(has("user") && { uidMappings: idMappings, gidMappings: idMappings }),
        ...(has("time") && {
          timeOffsets: some({
            monotonic: some({
              secs: fc.integer({ min: -1000, max: 100_000 }),
              nanosecs: fc.integer({ min: 0, max: 999_999_999 }),
            }),
            boottime: fc.record({ secs: safe }),
          }),
        }),
        ...(has("network") && {
          netDevices: fc.dictionary(fc.constantFrom("veth0", "eth9"), some({ name: fc.constantFrom("eth0", "wan") }), {
            maxKeys: 2,
          }),
        }),
        ...(has("mount") && {
          maskedPaths: fc.array(path, { maxLength: 3 }),
          readonlyPaths: fc.array(path, { maxLength: 3 }),
        }),
        ...(names.length > 0 && {
          sysctl: fc.dictionary(fc.constantFrom(...names), fc.constantFrom("1", "0", "32000"), { maxKeys: 3 }),
        }),
        devices: fc.array(device, { maxLength: 3 }),
        cgroupsPath: fc.oneof(path, word),
        resources: arbitraryResources,
        memoryPolicy,
        seccomp,
        rootfsPropagation: fc.constantFrom(...PROPAGATIONS),
        mountLabel: word,
        personality: fc.record({ domain: fc.constantFrom("LINUX", "LINUX32"), flags: fc.constant([]) }),
        intelRdt: some({
          closID: word,
          memBwSchema: fc.constant("MB:0=20"),
          schemata: fc.array(word, { maxLength: 2 }),
          enableMonitoring: fc.boolean(),
        }),
      }),
    )
    .map(([namespaces, rest]) => ({ namespaces, ...rest }));
}

/** Any configuration that the specification allows. */
export const arbitraryConfig: fc.Arbitrary<OciConfig> = fc.subarray([...NAMESPACE_TYPES]).chain((types) =>
  fc
    .record({
      required: fc.record({
        ociVersion: fc.constantFrom("1.0.0", "1.0.2-dev", "1.1.0+dev", "1.3.0", "1.3.0-rc.1"),
        root: fc
          .tuple(fc.oneof(path, word), some({ readonly: fc.boolean() }))
          .map(([to, rest]) => ({ path: to, ...rest })),
      }),
      rest: some({
        mounts: fc.array(mount, { maxLength: 5 }),
        process: arbitraryProcess,
        hooks,
        annotations: fc.dictionary(word, anyText, { maxKeys: 3 }),
        linux: linuxWith(types),
        ...(types.includes("uts") && { hostname: word, domainname: word }),
      }),
    })
    .map(({ required, rest }) => {
      // What depends on namespaces is nothing without them.
      const { hostname, domainname, ...others } = rest;
      return rest.linux === undefined ? { ...required, ...others } : { ...required, ...rest };
    }),
);
