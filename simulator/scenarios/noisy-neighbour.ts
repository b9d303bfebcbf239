/**
 * A server that needs part of a processor and most of the memory, and a neighbour that takes what it can get: in every
 * world, with that world's remedy.
 */
import { inVirtualMachines, onOneKernel } from "./noisy-neighbour-linux.ts";
import { NOISY_NEIGHBOUR_KNOBS, NOISY_NEIGHBOUR_METRICS, settingsOf } from "./noisy-neighbour-settings.ts";
import { inAddressSpaces } from "./noisy-neighbour-zos.ts";
import type { Scenario } from "./scenario.ts";

export const NOISY_NEIGHBOUR: Scenario = {
  name: "noisy-neighbour",
  title: "A noisy neighbour, and what each world does about it",
  description: [
    "A server answers a request every 10 ms; each one takes a part of a processor and reads a file from the page cache.",
    "Beside it begin busy threads, and one process that takes memory page after page. As processes nothing keeps the two",
    "apart. Containers have control groups: cpu.weight or cpu.max, and memory.max. Each virtual machine has vCPUs that the",
    "host schedules like threads, and memory of its own. On z/OS the server's address space has the higher dispatching",
    "priority, which WLM gives to what is more important; its lane counts steps. Memory on z/OS is not followed here, nor",
    "are caches, disks and networks that neighbours share, and there is no swap.",
  ].join("\n"),
  question: {
    text: "The server has 40 of 64 MiB, and a process of its neighbour wants 96 MiB. Both are plain processes. Whom does the kernel kill when memory runs out?",
    choices: [
      "the neighbour: it asked for too much",
      "the server: it has most",
      "nobody: whoever asks is told that there is none",
      "both",
    ],
    answer: "the server: it has most",
  },
  claim: {
    text: "Containers share one kernel, so a container can take the machine from its neighbours; virtual machines are kept apart.",
    verdict: "holds loosely",
    because:
      "with cpu.weight and memory.max the server in a container is served as well as the one in a virtual machine, and its neighbour is killed for its own memory; without them it fares like a plain process",
  },
  captions: [
    { at: "answers a request", text: "On z/OS the more important one simply goes first: its priority is higher." },
    { at: "loop", text: "The neighbour's threads take every slice that they are given." },
    {
      at: "out of memory: kill",
      text: "Memory has run out. As processes the server goes; elsewhere the neighbour's own, for its group's limit or its guest's.",
    },
  ],
  knobs: NOISY_NEIGHBOUR_KNOBS,
  metrics: NOISY_NEIGHBOUR_METRICS,
  run: (input) => {
    const settings = settingsOf(input.knobs);
    onOneKernel(input, "process", settings);
    onOneKernel(input, "container", settings);
    inVirtualMachines(input, settings);
    inAddressSpaces(input, settings);
  },
};
