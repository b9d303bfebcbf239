/** The options of `run` and `explain`, by Docker's names. docker-run(1). */
import type { Command } from "commander";
import { hostDevices, parseDevice } from "../container/device-arguments.ts";
import { type NamespaceChoice, parseNamespaceChoice } from "../container/join-arguments.ts";
import { parseMount, parseTmpfs, parseVolume } from "../container/mount-arguments.ts";
import {
  type ContainerOptions,
  type FurtherOptions,
  parseEnv,
  parseMemory,
  parseNetwork,
  parseSeconds,
  parseUserNamespace,
  parseWorkdir,
} from "../container/options.ts";
import {
  chosenCapabilities,
  grantableNames,
  parseExtraHost,
  parseLabel,
  parseNameServer,
  parseOomScore,
  parsePair,
  parseUlimit,
  readEnvFile,
} from "../container/process-arguments.ts";
import { parseSecurityOptions } from "../container/security-arguments.ts";
import { parseSignal } from "../container/signal.ts";
import { RingsideError } from "../error.ts";
import type { NamespaceType, OciMount, OciResources } from "../oci/config.ts";
import { DEFAULT_CAPABILITIES } from "../plan/capabilities.ts";
import { addResourceOptions, type ResourceFlags, resourcesOf } from "./resource-options.ts";

/** As commander hands them over. */
export interface ContainerFlags extends ResourceFlags {
  readonly interactive?: boolean;
  readonly tty?: boolean;
  readonly rm?: boolean;
  readonly name?: string;
  readonly hostname?: string;
  readonly domainname?: string;
  readonly env: readonly string[];
  readonly envFile: readonly string[];
  readonly label: readonly string[];
  readonly annotation: readonly string[];
  readonly entrypoint?: string;
  readonly init?: boolean;
  readonly workdir?: string;
  readonly user?: string;
  readonly groupAdd: readonly string[];
  readonly readOnly?: boolean;
  readonly volume: readonly string[];
  readonly mount: readonly string[];
  readonly tmpfs: readonly string[];
  readonly shmSize?: string;
  readonly device: readonly string[];
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  readonly securityOpt: readonly string[];
  readonly privileged?: boolean;
  readonly ulimit: readonly string[];
  readonly sysctl: readonly string[];
  readonly oomScoreAdj?: string;
  readonly network: string;
  readonly pid?: string;
  readonly ipc?: string;
  readonly uts?: string;
  readonly userns?: string;
  readonly addHost: readonly string[];
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly stopSignal?: string;
  readonly stopTimeout?: string;
}

const MS_PER_SECOND = 1000;

/** For options that may be given several times. */
export function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}

/** Adds the options to `command`; what follows IMAGE belongs to the program. */
export function addContainerOptions(command: Command): Command {
  const several = (flags: string, words: string): Command => command.option(flags, words, collect, []);
  command
    .option("-i, --interactive", "keep standard input open")
    .option("-t, --tty", "give it a terminal of its own")
    .option("--rm", "remove the container when it ends")
    .option("--name <name>", "a name to call it by")
    .option("-h, --hostname <name>", "its hostname (default: its id)")
    .option("--domainname <name>", "its NIS domain name");
  several("-e, --env <NAME=value>", "set a variable; NAME alone passes the caller's on");
  several("--env-file <file>", "set the variables that a file has, one a line");
  several("-l, --label <name=value>", "note something about it; ps --filter label= finds it");
  several("--annotation <name=value>", "put an annotation into its configuration");
  command
    .option("--entrypoint <program>", "the program, in place of the image's; what follows IMAGE are its arguments")
    .option("--init", "let PID 1 be a program that takes the exits of orphans and hands signals on")
    .option("-w, --workdir <path>", "its working directory")
    .option("-u, --user <user[:group]>", "who it runs as, by name or number");
  several("--group-add <group>", "a further group of that user, by name or number");
  addResourceOptions(command);
  several("--ulimit <name=soft[:hard]>", "limit each process, such as nofile=1024");
  command
    .option("--oom-score-adj <number>", "how soon it is killed when memory runs out, -1000 to 1000")
    .option("--read-only", "make its root file system read-only");
  several("-v, --volume <here:there[:ro]>", "show a directory or file of this machine inside");
  several("--mount <type=bind,source=…,target=…>", "the same with names, or type=tmpfs");
  several("--tmpfs <there[:size=64m]>", "put a file system in memory there");
  command.option("--shm-size <amount>", "how large /dev/shm is (default: 64m)");
  several("--device <here[:there[:rwm]]>", "let it use a device of this machine");
  several("--cap-add <capability>", "give it more rights, such as NET_ADMIN");
  several("--cap-drop <capability>", "take rights away, such as ALL");
  several("--security-opt <option>", "no-new-privileges=false, seccomp=unconfined, seccomp=FILE");
  command.option("--privileged", "keep nothing from it: all rights that Ringside has, all devices, no filter");
  several("--sysctl <name=value>", "a kernel setting of its own namespaces");
  command
    .option("--network <none|host|container:NAME>", "a network with a loopback only, the host's, or another's", "none")
    .option("--pid <host|container:NAME>", "see the host's processes, or another container's")
    .option("--ipc <host|private>", "share the host's shared memory and message queues")
    .option("--uts <host|private>", "share the host's name")
    .option("--userns <host|auto>", "the machine's users, or ids of its own that are nobody's outside");
  several("--add-host <name:address>", "a further line of its /etc/hosts");
  several("--dns <address>", "a name server for its /etc/resolv.conf");
  several("--dns-search <domain>", "a domain for its /etc/resolv.conf");
  return command
    .option("--stop-signal <signal>", "what asks it to end (default: TERM)")
    .option("--stop-timeout <seconds>", "how long stop waits before it kills (default: 10)")
    .passThroughOptions();
}

/** @throws RingsideError naming the option whose value makes no sense */
export function containerOptions(
  image: string,
  command: readonly string[],
  flags: ContainerFlags,
): Omit<ContainerOptions, "terminal" | "stdio"> {
  const { name, hostname, workdir, user, network } = flags;
  const resources = resourcesOf(flags);
  const env = [...flags.envFile.flatMap(readEnvFile), ...flags.env];
  return {
    image,
    command,
    env: env.flatMap((entry) => parseEnv(entry) ?? []),
    readOnly: flags.readOnly === true,
    network: network.startsWith("container:") ? "none" : parseNetwork(network),
    remove: flags.rm === true,
    resources,
    ...limitsToTell(resources),
    labels: Object.fromEntries(flags.label.map(parseLabel)),
    ...(name !== undefined && { name }),
    ...(hostname !== undefined && { hostname }),
    ...(workdir !== undefined && { cwd: parseWorkdir(workdir) }),
    ...(user !== undefined && { user }),
    ...(flags.privileged === true && privilegedOptions()),
    ...processOptions(flags),
    ...fileOptions(flags),
    ...namespaceOptions(flags),
    ...nameOptions(flags),
    ...parseSecurityOptions(flags.securityOpt),
  };
}

/** Those that are named when they are reached. */
function limitsToTell({ memory, pids }: OciResources): Pick<ContainerOptions, "memoryBytes" | "pidsLimit"> {
  return {
    ...(memory?.limit !== undefined && memory.limit >= 0 && { memoryBytes: memory.limit }),
    ...(pids?.limit !== undefined && pids.limit >= 0 && { pidsLimit: pids.limit }),
  };
}

/** As Docker has it. Namespaces, groups and their limits stay. */
function privilegedOptions(): FurtherOptions {
  return {
    capabilities: grantableNames(),
    seccomp: null,
    noNewPrivileges: false,
    unguarded: true,
    devices: hostDevices(),
    deviceRules: [{ allow: true, access: "rwm" }],
  };
}

function processOptions(flags: ContainerFlags): FurtherOptions {
  const { entrypoint, groupAdd, capAdd, capDrop, ulimit, sysctl, oomScoreAdj, annotation, stopSignal, stopTimeout } =
    flags;
  return {
    ...(entrypoint !== undefined && { entrypoint: entrypoint === "" ? [] : [entrypoint] }),
    ...(flags.init === true && { reaper: true }),
    ...(groupAdd.length > 0 && { groups: groupAdd }),
    ...(capAdd.length + capDrop.length > 0 && {
      capabilities: chosenCapabilities(DEFAULT_CAPABILITIES, capAdd, capDrop),
    }),
    ...(ulimit.length > 0 && { rlimits: ulimit.map(parseUlimit) }),
    ...(sysctl.length > 0 && { sysctl: Object.fromEntries(sysctl.map((text) => parsePair("--sysctl", text))) }),
    ...(oomScoreAdj !== undefined && { oomScoreAdj: parseOomScore(oomScoreAdj) }),
    ...(annotation.length > 0 && {
      annotations: Object.fromEntries(annotation.map((text) => parsePair("--annotation", text))),
    }),
    ...(stopSignal !== undefined && { stopSignal: parseSignal(stopSignal) }),
    ...(stopTimeout !== undefined && { stopTimeoutMs: parseSeconds(stopTimeout) * MS_PER_SECOND }),
  };
}

function fileOptions({ volume, mount, tmpfs, shmSize, device }: ContainerFlags): FurtherOptions {
  const mounts = [...volume.map(parseVolume), ...mount.map(parseMount), ...tmpfs.map(parseTmpfs)];
  refuseTwoAtOnePlace(mounts);
  const devices = device.map(parseDevice);
  return {
    ...(mounts.length > 0 && { mounts }),
    ...(shmSize !== undefined && { shmBytes: parseMemory(shmSize) }),
    ...(devices.length > 0 && {
      devices: devices.map((one) => one.device),
      deviceRules: devices.map(({ rule }) => rule),
    }),
  };
}

function refuseTwoAtOnePlace(mounts: readonly OciMount[]): void {
  const seen = new Set<string>();
  for (const { destination } of mounts) {
    if (seen.has(destination)) {
      throw new RingsideError(`two mounts are to be at ${destination}`, {
        fix: "leave one out, or give it another place",
      });
    }
    seen.add(destination);
  }
}

function namespaceOptions({ network, pid, ipc, uts, userns }: ContainerFlags): FurtherOptions {
  const choices: [NamespaceType, NamespaceChoice][] = [];
  const choose = (option: string, type: NamespaceType, text: string | undefined): void => {
    if (text !== undefined) choices.push([type, parseNamespaceChoice(option, type, text)]);
  };
  choose("--network", "network", network.startsWith("container:") ? network : undefined);
  choose("--pid", "pid", pid);
  choose("--ipc", "ipc", ipc);
  choose("--uts", "uts", uts);
  return {
    ...(userns !== undefined && { userNamespace: parseUserNamespace(userns) }),
    hostNamespaces: choices.flatMap(([type, { kind }]) => (kind === "host" ? [type] : [])),
    joinedNamespaces: choices.flatMap(([, choice]) => (choice.kind === "joined" ? [choice.namespace] : [])),
  };
}

function nameOptions({ domainname, addHost, dns, dnsSearch }: ContainerFlags): FurtherOptions {
  const resolver = [
    ...dns.map((address) => `nameserver ${parseNameServer(address)}`),
    ...(dnsSearch.length > 0 ? [`search ${dnsSearch.map(parseSearchDomain).join(" ")}`] : []),
  ];
  return {
    ...(domainname !== undefined && { domainname }),
    ...(addHost.length > 0 && { extraHosts: addHost.map(parseExtraHost) }),
    ...(resolver.length > 0 && { resolver }),
  };
}

function parseSearchDomain(text: string): string {
  if (/^[A-Za-z0-9._-]+$/.test(text)) return text;
  throw new RingsideError(`--dns-search ${JSON.stringify(text)} is not a domain`, { fix: "write it as example.org" });
}
