/**
 * A hundred sites, each with a database, on one machine: as processes, in containers, in virtual machines, and as regions
 * of a z/OS. What fits, how long they take to start, who has copies of what, and what one noisy site does to the others.
 */
import type { CostBook } from "../costs/cost-book.ts";
import { RESOURCES, viewOf } from "../isolation/isolation.ts";
import { stepNs } from "../linux/container.ts";
import type { BootStage } from "../virtualization/parallel-boots.ts";
import { DEFAULT_CONTAINER_PLAN } from "./default-container-plan.generated.ts";
import { HUNDRED_SITES_KNOBS, type SitesSettings, sitesSettings } from "./hundred-sites-knobs.ts";
import { fillMemory, type LinuxWorld } from "./hundred-sites-memory.ts";
import { regions, SPACE_SWITCH } from "./hundred-sites-regions.ts";
import { ALL_THERE, SitesMachine } from "./hundred-sites-work.ts";
import type { Scenario, ScenarioInput } from "./scenario.ts";

const TITLES: Readonly<Record<LinuxWorld, string>> = {
  process: "Processes",
  container: "Containers",
  vm: "Virtual machines",
};

export const HUNDRED_SITES: Scenario = {
  name: "hundred-sites",
  title: "A hundred sites, each with a database, on one machine",
  description: [
    "A provider of platforms has a hundred customers with a small site each. All run on one machine: as processes of one",
    "system, in containers, in a virtual machine each, or in a region each of one z/OS. Memory is filled frame by frame,",
    "starts and answers are shared out by Linux's scheduler; one site computes without end. How large a site is and how",
    "long an answer takes is yours to set. Not modelled: disks and networks, merging of equal pages (see the scenario",
    "memory), and of z/OS anything but the steps of making regions and who has which module.",
  ].join("\n"),
  question: {
    text: "The machine has 16 GiB, and a database keeps 64 MiB. How many of the hundred sites fit in virtual machines?",
    choices: ["all of them", "about sixty", "about twenty", "fewer than ten"],
    answer: "about sixty",
  },
  claim: {
    text: "A hundred sites with a database each share one machine as containers; as virtual machines they do not fit.",
    verdict: "holds loosely",
    because:
      "each machine brings a kernel, a distribution and its own copy of the program; with a minimal guest they do fit, and a larger machine fits any of them",
  },
  captions: [
    { at: "start the next site", text: "The next site is started as soon as there is room among those on their way." },
    { at: ALL_THERE, text: "From here on sites answer requests, and the first one computes without end." },
    { at: "noise", text: "Processes of one site count each for itself; a control group makes all of them one." },
    {
      at: SPACE_SWITCH,
      text: "The database manager is another address space: a PROGRAM CALL takes the caller's task there and back.",
    },
    {
      at: "address space",
      text: "A region is an address space: tables and control blocks of its own, one nucleus for all.",
    },
  ],
  knobs: HUNDRED_SITES_KNOBS,
  metrics: [
    { name: "fit", unit: "count", help: "sites that the machine has memory for; a thousand at most are tried" },
    { name: "started", unit: "count", help: "sites of those asked for that were started" },
    { name: "memory", unit: "bytes", help: "what the started sites take, beside the host's kernel" },
    { name: "memoryPerSite", unit: "bytes", help: "the same for one of them, on average" },
    { name: "kernels", unit: "count", help: "kernels in memory, the host's included" },
    {
      name: "databaseManagers",
      unit: "count",
      help: "how many there are: one a site, or one subsystem for all of z/OS",
    },
    { name: "requestSteps", unit: "step", help: "of z/OS: one call of the database manager and back" },
    { name: "programCopies", unit: "count", help: "how often the database's program is in memory" },
    { name: "startTime", unit: "ns|step", help: "from the first request until the last site is there" },
    { name: "answerMedian", unit: "ns", help: "from a request to its answer, of the quiet sites, the middle one" },
    { name: "answerSlowest", unit: "ns", help: "the same, of a hundred the slowest but one" },
    {
      name: "keptApart",
      unit: "count",
      help: `resources of ${RESOURCES.length} that a container does not share with the host`,
    },
    { name: "notKnown", unit: "count", help: "resources of which no source says it for this kind of container" },
  ],
  run: hundredSites,
};

function hundredSites(input: ScenarioInput): void {
  const settings = sitesSettings(input.knobs);
  for (const world of ["process", "container", "vm"] as const) linuxWorld(input, settings, world);
  const known = RESOURCES.flatMap(({ id }) => viewOf(settings.isolation, id) ?? []);
  input.metric("container", "keptApart", known.filter(({ whose }) => whose !== "host").length);
  input.metric("container", "notKnown", RESOURCES.length - known.length);
  regions(input, settings);
}

function linuxWorld(input: ScenarioInput, settings: SitesSettings, world: LinuxWorld): void {
  const { costs, recorder, provenance, random } = input;
  const { cpus, parallel, answerNs, noisy, isolation } = settings;
  const memory = fillMemory(world, costs, settings);
  const trackOf = (cpu: number): string => `${world} ${cpu}`;
  for (let cpu = 0; cpu < cpus; cpu++) {
    const name = `${TITLES[world]}: processor ${cpu}`;
    recorder.track({ id: trackOf(cpu), name, world, unit: "ns", provenance });
  }
  const stages = stagesOf(world, costs, settings);
  const done = new SitesMachine({
    sites: memory.started,
    cpus,
    parallel,
    launchNs: costs.ns("linux.fork"),
    stages: stages ?? [],
    startMode: "kernel",
    answerNs,
    // A machine of one processor cannot be louder than that.
    noisyThreads: world === "vm" ? Math.min(noisy, 1) : noisy,
    grouped: world === "container" && settings.ownShare,
    random: random.stream(world),
    recorder,
    trackOf,
  }).run();
  const { started } = memory;
  input.metric(world, "fit", memory.fit);
  input.metric(world, "started", started);
  input.metric(world, "memory", memory.bytes);
  input.metric(world, "memoryPerSite", Math.round(memory.bytes / Math.max(1, started)));
  input.metric(world, "kernels", memory.kernels);
  input.metric(world, "databaseManagers", started);
  input.metric(world, "programCopies", memory.programCopies);
  if (stages !== undefined) input.metric(world, "startTime", done.startedNs);
  reportAnswers(input, world, done.answersNs);
  if (stages === undefined) {
    const text = `nobody published how long ${isolation.title} takes to start: its sites are there from the beginning`;
    recorder.instant({ track: trackOf(0), name: text, at: 0 });
  }
}

function reportAnswers({ metric }: ScenarioInput, world: LinuxWorld, sorted: readonly number[]): void {
  const median = sorted[Math.floor(sorted.length / 2)];
  const slowest = sorted[Math.floor((sorted.length * 99) / 100)];
  if (median !== undefined) metric(world, "answerMedian", median);
  if (slowest !== undefined) metric(world, "answerSlowest", slowest);
}

/** What one start takes, stage by stage; undefined where nobody published it. */
function stagesOf(world: LinuxWorld, costs: CostBook, settings: SitesSettings): BootStage[] | undefined {
  const stage = (name: string, cost: string | undefined): BootStage[] =>
    cost === undefined ? [] : [{ name, ns: costs.ns(cost), computes: true }];
  switch (world) {
    case "process":
      return stage("exec", "linux.execve");
    case "container":
      if (settings.isolation.id === "chroot") return stage("exec", "linux.execve");
      return settings.isolation.id === "ringside" ? containerStages(costs) : undefined;
    case "vm": {
      const { boot } = settings;
      const first = [...stage("VMM", boot.vmmCost), ...stage("firmware", boot.firmware?.cost)];
      return [...first, ...stage("kernel", boot.kernelCost), ...stage("init", "linux.execve")];
    }
    default:
      return world satisfies never;
  }
}

/** The plan of a default container, its steps added up by stage. */
function containerStages(costs: CostBook): BootStage[] {
  const sums = new Map<string, number>();
  for (const step of DEFAULT_CONTAINER_PLAN) {
    if (step.phase === "cleanup") continue;
    const ns = costs.ns("linux.clock") + stepNs(costs, step, "source");
    sums.set(step.stage, (sums.get(step.stage) ?? 0) + ns);
  }
  return [...sums].map(([name, ns]) => ({ name, ns, computes: true }));
}
