/**
 * The race: the same tiny program is started as a process, in a container, in a virtual machine and in a z/OS address
 * space, each from nothing to its first instruction, its first byte, and gone.
 */
import { PROBE } from "../workload/probe.ts";
import { scenarioFrom } from "./data/from-data.ts";
import { START_METRICS } from "./metrics.ts";
import type { Scenario } from "./scenario.ts";
import { STARTUP_RACE_KNOBS } from "./startup-race-knobs.ts";

export const STARTUP_RACE: Scenario = scenarioFrom({
  name: "startup-race",
  title: "Four worlds start the same program",
  description: [
    "A process, a container, a virtual machine and a z/OS address space start the same static program, which writes one",
    "byte and ends. The first three lanes are in nanoseconds. No timings of z/OS are public, so its lane counts steps.",
    "The container's steps are those of the real plan of a default container. How often a VM leaves its guest was",
    "counted with Debian's cloud kernel; how long its stages take was published for other kernels. Where nobody",
    "published a combination, it is refused.",
  ].join("\n"),
  question: {
    text: "How much longer does the virtual machine take to its first instruction than the container?",
    choices: ["about as long", "about seven times", "about seventy times", "thousands of times"],
    answer: "about seventy times",
  },
  claim: {
    text: "A container starts much faster than a virtual machine, since no operating system has to boot.",
    verdict: "holds",
    because: "the container's start has no firmware, no kernel and no init in it; the machine's has little else",
  },
  captions: [
    { at: "execve()", text: "A process is there as soon as the kernel has given it a program." },
    { at: "clone", text: "A container is a process, too: the kernel only gives it views of its own first." },
    { at: "firmware", text: "A machine that is not real still begins as a real one does." },
    { at: "tasks", text: "An address space gets tasks before it gets a program." },
  ],
  knobs: STARTUP_RACE_KNOBS.map(({ name }) => name),
  part: "life",
  program: PROBE.name,
  workload: PROBE.operations,
  metrics: START_METRICS.map(({ name }) => name),
});
