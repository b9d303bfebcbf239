/**
 * What happens before the first program: a machine's firmware, loader, kernel and init, step by step, beside the start of
 * a container, which has none of them, and the IPL of a z/OS in steps. With `parallel`, many machines on few processors.
 */
import type { CostBook } from "../costs/cost-book.ts";
import { containerLife } from "../linux/container.ts";
import { kernel, LinuxKernel, type OutputDevice } from "../linux/kernel.ts";
import { EevdfPolicy } from "../linux/scheduler/eevdf.ts";
import type { Activities, Activity } from "../machine/activity.ts";
import type { Thread } from "../machine/thread.ts";
import { stagesOf } from "../trace/stages.ts";
import { MARKS, type World } from "../trace/timeline.ts";
import { Hypervisor } from "../virtualization/hypervisor.ts";
import { kataLife } from "../virtualization/kata.ts";
import { type BootConfiguration, machineLife } from "../virtualization/machine.ts";
import { type BootStage, bootInParallel } from "../virtualization/parallel-boots.ts";
import { Sentry } from "../virtualization/sentry.ts";
import { tinyLife } from "../virtualization/tiny.ts";
import { unikernelLife } from "../virtualization/unikernel.ts";
import { PROBE } from "../workload/probe.ts";
import { ipl } from "../zos/ipl.ts";
import { ZosSystem } from "../zos/system.ts";
import { BOOT_KNOBS, type BootSettings, bootSettings } from "./boot-knobs.ts";
import { DEFAULT_CONTAINER_PLAN } from "./default-container-plan.generated.ts";
import { type Lane, runLane, Z_OS_STEPS } from "./lane.ts";
import { START_METRICS } from "./metrics.ts";
import type { MetricDescription, Scenario, ScenarioInput } from "./scenario.ts";

const STAGE_METRICS: readonly (MetricDescription & { readonly stage: string })[] = [
  { name: "monitorTime", unit: "ns", help: "the host's program that makes the machine", stage: "VMM" },
  {
    name: "firmwareTime",
    unit: "ns",
    help: "firmware and loader, to the kernel's first instruction",
    stage: "firmware",
  },
  { name: "kernelBootTime", unit: "ns", help: "the guest's kernel, to its first program", stage: "kernel" },
  { name: "initTime", unit: "ns", help: "from the first program to the one that is wanted", stage: "init" },
];

export const BOOT: Scenario = {
  name: "boot",
  title: "Before the first program: firmware, loader, kernel, init",
  description: [
    "One machine of the chosen flavour comes up, with its stages as they were published, beside the start of a container,",
    "step by step as its plan has it, and the initial program load of a z/OS, in steps since no times are public. Where a",
    "flavour was published as a whole only, it is one stage. With parallel, so many are in flight at once on so many",
    "processors, and the host's scheduler shares them out; one track is one processor then.",
  ].join("\n"),
  question: {
    text: "Where does a machine with SeaBIOS and a compressed kernel spend most of the time before its first program?",
    choices: ["in the monitor", "in firmware and loader", "in the guest's kernel", "in init"],
    answer: "in firmware and loader",
  },
  claim: {
    text: "A virtual machine boots an operating system of its own; a container uses the one that is running.",
    verdict: "holds",
    because: "firmware, kernel and init are stages of the machine alone; the container's list has none of them",
  },
  captions: [
    { at: "firmware", text: "A processor begins in the state of 1978; firmware finds devices and a kernel to load." },
    {
      at: "kernel",
      text: "The guest's kernel looks for hardware that its monitor pretends to have: most exits are here.",
    },
    { at: "init", text: "Only now there is an operating system, and its first program." },
    { at: "clone", text: "A container's list begins where the machine has just arrived: with a running kernel." },
    { at: "NIP", text: "z/OS builds its nucleus and common storage once, for every address space to come." },
  ],
  knobs: BOOT_KNOBS,
  metrics: [
    ...START_METRICS,
    ...STAGE_METRICS.map(({ name, unit, help }) => ({ name, unit, help })),
    { name: "bootTime", unit: "ns", help: "from the request until it has gone; with parallel the median of all" },
    { name: "waitedTime", unit: "ns", help: "ready, but the host's processors had others: all boots together" },
  ],
  run: boot,
};

function boot(input: ScenarioInput): void {
  const settings = bootSettings(input.knobs);
  const costsOf = (world: World) => {
    const { spreadPermille } = settings;
    return input.costs.scaled(1000 + input.random.stream(world).integer(-spreadPermille, spreadPermille));
  };
  runLane(input, containerLane(costsOf("container")));
  if (settings.parallel > 1) inParallel(input, settings, costsOf("vm"));
  else alone(input, settings, costsOf("vm"));
  runLane(input, iplLane());
}

/** How long each stage of the machine's lane is: the bars of its track. */
function alone(input: ScenarioInput, settings: BootSettings, costs: CostBook): void {
  runLane(input, flavourLane(settings, costs));
  const timeline = input.recorder.timeline("");
  const bars = stagesOf(timeline, "vm");
  for (const { name, stage } of STAGE_METRICS) {
    const own = bars.filter((bar) => bar.stage === stage);
    input.metric(
      "vm",
      name,
      own.reduce((sum, { start, end }) => sum + end - start, 0),
    );
  }
  const gone = timeline.instants.find(({ track, name }) => track === "vm" && name === MARKS.gone);
  input.metric("vm", "bootTime", gone?.at ?? 0);
  input.metric("vm", "waitedTime", 0);
}

const PIPE: OutputDevice = { name: "pipe", writeCost: "linux.write.pipe", traps: [] };

function containerLane(costs: CostBook): Lane {
  const linux = new LinuxKernel({ costs, output: PIPE, pageTableIsolation: false });
  const life = containerLife({ linux, costs, plan: DEFAULT_CONTAINER_PLAN, hostKernel: "source" }, PROBE);
  return { world: "container", name: "Container", unit: "ns", life };
}

function flavourLane(settings: BootSettings, costs: CostBook): Lane {
  const { flavour, accelerator } = settings;
  return { world: "vm", name: flavour.title, unit: "ns", life: flavourLife(settings, costs), accelerator };
}

function flavourLife(settings: BootSettings, costs: CostBook): Activities {
  const { flavour, boot: configuration, initCost, accelerator } = settings;
  const hypervisor = new Hypervisor(costs, accelerator);
  const output: OutputDevice = {
    name: "serial console",
    writeCost: "linux.write.pipe",
    traps: [
      { handledIn: "monitor", reason: "serial console", count: costs.count("vm.exits.serialByte"), included: false },
    ],
  };
  const guest = new LinuxKernel({ costs, output, pageTableIsolation: false });
  switch (flavour.boot.kind) {
    case "machine": {
      const row = known(configuration);
      const kernelCost = initCost === "vm.init.distribution" ? "vm.kernel.distribution" : row.kernelCost;
      const options = { costs, hypervisor, guest, network: false, verbose: false, initCost };
      return machineLife({ ...options, boot: { ...row, kernelCost } }, PROBE);
    }
    case "machine with a container":
      return kataLife({ costs, hypervisor, guest, boot: known(configuration), plan: DEFAULT_CONTAINER_PLAN }, PROBE);
    case "undivided":
      return hypervisor.run(undividedLife(costs.ns(flavour.boot.cost), guest, costs));
    case "sentry": {
      const host = new LinuxKernel({ costs, output: PIPE, pageTableIsolation: false });
      return new Sentry({ costs, platform: flavour.boot.platform, host }).life(PROBE);
    }
    case "unikernel": {
      const { monitor, guest: image } = flavour.boot;
      return unikernelLife({ costs, hypervisor, output, monitorCost: monitor, guestCost: image }, PROBE);
    }
    case "tiny":
      return tinyLife(costs);
    case "no times":
      throw new TypeError(flavour.boot.why);
    default:
      return flavour.boot satisfies never;
  }
}

function* undividedLife(wholeNs: number, guest: LinuxKernel, costs: CostBook): Generator<Activity> {
  yield kernel("monitor, firmware, loader and kernel, not told apart", "kernel", wholeNs);
  yield kernel("execve(/init)", "init", costs.ns("linux.execve"), { manual: "execve(2)" });
  yield* guest.run(PROBE, "program");
  yield { kind: "mark", name: MARKS.gone };
}

function known(configuration: BootConfiguration | undefined): BootConfiguration {
  if (configuration === undefined) throw new TypeError("the flavour has no row in the table of boots");
  return configuration;
}

/** Many at once: one track a processor, each stretch of a machine's thread a span. */
function inParallel(
  input: ScenarioInput,
  { boot: configuration, cpus, parallel, boots }: BootSettings,
  costs: CostBook,
): void {
  const stages = parallelStages(known(configuration), costs);
  const { provenance } = input;
  for (let cpu = 0; cpu < cpus; cpu++) {
    input.recorder.track({ id: `cpu ${cpu}`, name: `Processor ${cpu}`, world: "vm", unit: "ns", provenance });
  }
  const ran = (thread: Thread | undefined) => thread?.name ?? "switch";
  const done = bootInParallel({
    costs,
    cpus,
    parallel,
    boots,
    stages,
    policy: (simulation) => new EevdfPolicy({ simulation, cpus }),
    ran: ({ cpu, thread, activity, start, end }) => {
      const { mode, stage } = activity;
      input.recorder.span({ track: `cpu ${cpu}`, name: `${ran(thread)}: ${activity.name}`, start, end, mode, stage });
    },
  });
  for (const { name, stage } of STAGE_METRICS) {
    input.metric(
      "vm",
      name,
      stages.filter((one) => one.name === stage).reduce((sum, { ns }) => sum + ns, 0),
    );
  }
  input.metric("vm", "bootTime", done.medianNs);
  input.metric("vm", "waitedTime", done.waitedNs);
}

/** Everything computes but the end, which waits for grace periods: the kernel frees a guest only when nobody looks. */
function parallelStages(boot: BootConfiguration, costs: CostBook): BootStage[] {
  const stage = (name: string, cost: string | undefined, computes: boolean): BootStage[] =>
    cost === undefined ? [] : [{ name, ns: costs.ns(cost), computes }];
  return [
    ...stage("VMM", boot.vmmCost, true),
    ...stage("firmware", boot.firmware?.cost, true),
    ...stage("kernel", boot.kernelCost, true),
    ...stage("init", "linux.execve", true),
    ...stage("gone", boot.teardownCost, false),
  ];
}

function iplLane(): Lane {
  const name = "IPL of z/OS (steps, not time)";
  return { world: "address-space", name, unit: "step", life: ipl(new ZosSystem()), note: Z_OS_STEPS };
}
