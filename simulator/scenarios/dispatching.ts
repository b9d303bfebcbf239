/** Run queue against dispatcher: the same mix of work under Linux's fair scheduler and under z/OS's strict order. */
import { runQueue } from "./dispatching-linux.ts";
import { drawMix } from "./dispatching-mix.ts";
import { runDispatcher } from "./dispatching-zos.ts";
import type { Knob } from "./knob.ts";
import type { Scenario } from "./scenario.ts";

const KNOBS: readonly Knob[] = [
  integer("cpus", 1, 4, 1, "processor", "how many processors each of the two systems has"),
  integer(
    "online",
    1,
    4,
    2,
    "job",
    "jobs that wait for data and answer: 100 to 300 steps of work each time, from the seed",
  ),
  integer(
    "think",
    100,
    5000,
    600,
    "step",
    "how long they wait for their data: this long to twice this long, from the seed",
  ),
  integer("batch", 0, 8, 3, "job", "jobs that only compute, and matter least"),
  integer(
    "nice",
    0,
    19,
    5,
    "nice",
    "how nice the batch jobs are on Linux (nice(2)); on z/OS they have a lower dispatching priority",
  ),
  choice(
    "runaway",
    ["off", "on"],
    "off",
    "a job of the highest importance loops: nice -20 on Linux, the highest dispatching priority of the three on z/OS",
  ),
  choice(
    "srb",
    ["not preemptable", "preemptable"],
    "not preemptable",
    "the SRB that completes an I/O operation on z/OS (Authorized Assembler Services Guide, IEAMSCHD)",
  ),
  integer(
    "timeSlice",
    50,
    5000,
    700,
    "step",
    "after how many steps z/OS gives the processor to an equal; no figure is published, so it is set like EEVDF's 0.70 ms at 1000 ns a step",
  ),
  integer(
    "nsPerStep",
    100,
    10_000,
    1000,
    "ns",
    "how long a step of work is taken to be on Linux, whose slices are times: nobody's figure, and shares hardly depend on it",
  ),
  integer("length", 2000, 100_000, 20_000, "step", "how long the two are watched"),
];

export const DISPATCHING: Scenario = {
  name: "dispatching",
  title: "Run queue against dispatcher",
  description: [
    "The same jobs run on Linux and on z/OS: some wait for data and answer quickly, some only compute, and one may run away.",
    "Linux's EEVDF gives each a share by its weight, however important the others are. The dispatcher of z/OS takes SRBs",
    "before tasks and the highest dispatching priority first; what is below waits. WLM, which would change the priorities",
    "every ten seconds or so, is not modelled, nor is a page, a lock or a second address space in the way of a job.",
    "Turn `runaway` on to see a job of the highest importance in a loop, and `cpus` to give the others room.",
    "The two lanes have different units, so compare shares, order and counts.",
  ].join("\n"),
  question: {
    text: "Two jobs that answer and three that only compute share one processor. Where do the answers wait longer?",
    choices: ["on Linux", "on z/OS", "in both alike"],
    answer: "on Linux",
  },
  claim: {
    text: "Address spaces are dispatched on the same z/OS instance, as containers are run by the same kernel.",
    verdict: "holds loosely",
    because:
      "both have one kernel that hands out the processors; but it dispatches TCBs and SRBs by strict priority, not shares, and the instance itself is usually a guest of PR/SM, dispatched in turn",
  },
  captions: [
    {
      at: "online 1",
      text: "Its data have come. On Linux it is owed time since it slept; on z/OS its space comes first.",
    },
    { at: "SRB for online 1", text: "Work that is no task: it outranks every TCB of its space, and is not preempted." },
    {
      at: "I/O interruption: IOS schedules an SRB",
      text: "After an interruption the dispatcher chooses again, if it may.",
    },
    {
      at: "interrupt: the disk is done",
      text: "The handler wakes the task; whether it runs now, its virtual deadline says.",
    },
  ],
  knobs: KNOBS,
  metrics: [
    { name: "onlineShare", unit: "permille", help: "of all processors, the part that answering took" },
    { name: "batchShare", unit: "permille", help: "of all processors, the part that batch got" },
    { name: "runawayShare", unit: "permille", help: "of all processors, the part that the looping job got" },
    {
      name: "systemShare",
      unit: "permille",
      help: "of all processors, the part that switching, interruptions, SVCs and SRBs took",
    },
    { name: "answered", unit: "count", help: "transactions that were answered" },
    {
      name: "response",
      unit: "permille",
      help: "all times from data to answer against the work in them: 100 % is without any waiting",
    },
    { name: "worstResponse", unit: "permille", help: "the same of the one that took longest for its work" },
    {
      name: "longestBatchWait",
      unit: "permille",
      help: "the longest that a batch job stood ready and did not run, of the whole run",
    },
    { name: "dispatches", unit: "count", help: "how often a processor was given to somebody" },
    { name: "preemptions", unit: "count", help: "how often one was taken away from a job for another" },
  ],
  run: (input) => {
    const mix = drawMix(input);
    runQueue(input, mix);
    runDispatcher(input, mix);
  },
};

function integer(name: string, low: number, high: number, standard: number, unit: string, help: string): Knob {
  return { kind: "integer", name, low, high, unit, default: standard, help };
}

function choice(name: string, choices: readonly string[], standard: string, help: string): Knob {
  return { kind: "choice", name, choices, default: standard, help };
}
