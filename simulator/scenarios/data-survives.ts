/**
 * A program writes to every place that it can write to, and then its container, its virtual machine or its address space
 * is stopped, removed, or loses its power. What is read back afterwards is what has survived.
 */
import { dataOnLinux } from "./data-survives-linux.ts";
import { ENDS } from "./data-survives-settings.ts";
import { dataOnZos } from "./data-survives-zos.ts";
import type { Knob } from "./knob.ts";
import { choiceOf, integerOf, type Scenario } from "./scenario.ts";

const KNOBS: readonly Knob[] = [
  {
    kind: "choice",
    name: "end",
    choices: ENDS,
    default: "removed",
    help: "what becomes of it: removed with all that is its own, stopped and started again, or the machine's power fails",
  },
  {
    kind: "choice",
    name: "fsync",
    choices: ["no", "yes"],
    default: "no",
    help: "whether the program says fsync(2) after each file that it has written",
  },
  {
    kind: "integer",
    name: "imageFileKiB",
    low: 4,
    high: 65_536,
    unit: "KiB",
    default: 1024,
    help: "how large the file of the image is of which the program changes 4 KiB",
  },
];

const SURVIVES = "whether what was written there can be read afterwards";

export const DATA_SURVIVES: Scenario = {
  name: "data-survives",
  title: "A container is destroyed: what data survives?",
  description: [
    "A program writes 4 KiB to each place that it has: its memory, a file system in memory, a file that came with the image,",
    "a new file beside it, and a volume; on z/OS its storage, a temporary data set and a permanent one. Then it is ended in",
    "the way that the knob says, begun anew where it can be, and each place is read again. A virtual machine's disk is made",
    "from an image that many share, as a container's layers are; a second disk is what a volume is. On a power failure",
    "everything is gone that no disk has: the kernel writes back by itself only after a while, which is not waited for.",
    "A dash is a place that the world has not got. Not modelled: disks that lose their own cache, backups, snapshots, and",
    "engines that remove volumes, too.",
  ].join("\n"),
  question: {
    text: "A program in a container changes a file of its image, makes a new file, and writes to a volume. The container is removed. What is left of it?",
    choices: ["everything", "the changed file and the volume's", "the volume's file alone", "nothing"],
    answer: "the volume's file alone",
  },
  claim: {
    text: "What a container writes is lost with it; a virtual machine keeps its data.",
    verdict: "holds loosely",
    because:
      "what is its own goes with either, the writable layer as the disk; what was mounted into it stays with either, the volume as the second disk. Merely stopped, both keep their files",
  },
  captions: [
    {
      at: "copy up",
      text: "To change 4 KiB of a file of the image, the whole file is copied to the container's own layer.",
    },
    { at: "kept: the volume", text: "A volume is not a part of the container; it was only mounted there." },
    { at: "lost: its memory", text: "Memory goes with the process, in every world." },
    {
      at: "kept: the permanent data set",
      text: "A data set belongs to the system's catalog, not to the job that wrote it.",
    },
  ],
  knobs: KNOBS,
  metrics: [
    { name: "memory", unit: "yes|no", help: `the program's own memory: ${SURVIVES}` },
    { name: "memoryFiles", unit: "yes|no", help: `a file in a tmpfs: ${SURVIVES}` },
    { name: "imageFile", unit: "yes|no", help: `the change of a file that came with the image: ${SURVIVES}` },
    { name: "newFile", unit: "yes|no", help: `a new file on its own root: ${SURVIVES}` },
    { name: "volume", unit: "yes|no", help: `a file on a volume, or on a second disk: ${SURVIVES}` },
    { name: "temporaryDataSet", unit: "yes|no", help: `a data set named &&X: ${SURVIVES}` },
    { name: "dataSet", unit: "yes|no", help: `a cataloged data set: ${SURVIVES}` },
    {
      name: "copiedUp",
      unit: "bytes",
      help: "what was copied from the image before 4 KiB of it could be changed: the file, or a cluster of the disk (qcow2)",
    },
    { name: "imageChanged", unit: "yes|no", help: "whether the image itself is another one now" },
    { name: "gone", unit: "ns|step", help: "from the first write until it has ended" },
  ],
  run: (input) => {
    const end = ENDS.find((one) => one === choiceOf(input.knobs, "end")) ?? "removed";
    const settings = {
      end,
      fsync: choiceOf(input.knobs, "fsync") === "yes",
      imageFileBytes: integerOf(input.knobs, "imageFileKiB") * 1024,
    };
    for (const world of ["process", "container", "vm"] as const) dataOnLinux(input, world, settings);
    dataOnZos(input, settings);
  },
};
