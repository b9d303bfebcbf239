/** Commands and their effects: runtime.md of the specification, and those who call them. */
import type { Chapter, TestName } from "./feature.ts";

const TEMPLATE: TestName = ["oci/template.test.ts", "runs for the user: %s"];
const ORDINARY: TestName = [
  "oci/template.test.ts",
  "gives an ordinary user what takes no control group; pause and update say what they lack",
];

export const RUNTIME: readonly Chapter[] = [
  {
    title: "Commands (runtime.md, and what engines call)",
    rows: [
      {
        feature: "create, start, delete: in that order, each once",
        tests: [
          [
            "conformance/lifecycle.test.ts",
            "create makes all but the program; start runs it once; delete leaves nothing",
          ],
          ["conformance/lifecycle.test.ts", "operations in the wrong state fail and change nothing"],
          ["conformance/lifecycle.test.ts", "what is in config.json after create does not matter any more"],
        ],
        rootless: { run: ORDINARY },
      },
      {
        feature: "run",
        tests: [
          [
            "conformance/lifecycle.test.ts",
            "run passes the program's exit code on, and a signal as 128 and its number",
          ],
        ],
        rootless: { run: TEMPLATE },
      },
      {
        feature: "exec",
        tests: [
          ["conformance/lifecycle.test.ts", "exec runs a program beside the first one and passes its exit code on"],
          ["conformance/lifecycle.test.ts", "exec --detach comes back at once and writes the process's number"],
          ["process/exec.test.ts", "is another user with limits and rights of its own"],
          ["process/exec.test.ts", "is under the container's filter, and not in the caller's session"],
        ],
        rootless: { run: ORDINARY },
      },
      {
        feature: "state, list",
        tests: [["conformance/lifecycle.test.ts", "list shows every container, as a table, as JSON, and by id"]],
        rootless: { run: ORDINARY },
      },
      {
        feature: "ps",
        onGroups: true,
        tests: [["cgroup/live.test.ts", "are listed, also those in groups that it made itself"]],
        rootless: { run: ORDINARY },
      },
      {
        feature: "kill, and delete by force",
        tests: [
          ["conformance/lifecycle.test.ts", "kill takes a signal as %s"],
          ["conformance/lifecycle.test.ts", "kill --all reaches every process"],
          ["conformance/lifecycle.test.ts", "a process that was never started can be killed, and deleted by force"],
        ],
        rootless: { run: ORDINARY },
      },
      {
        feature: "pause, resume",
        onGroups: true,
        tests: [
          ["conformance/lifecycle.test.ts", "pause holds every process, resume lets them go on"],
          ["cgroup/live.test.ts", "stands still and then goes on as if nothing had been"],
        ],
        rootless: { refused: ORDINARY },
      },
      {
        feature: "update",
        onGroups: true,
        tests: [
          [
            "conformance/lifecycle.test.ts",
            "update changes limits by file, by standard input and by option; events counts",
          ],
          ["cgroup/live.test.ts", "are all as they were when the kernel refuses one of them"],
        ],
        rootless: { refused: ORDINARY },
      },
      {
        feature: "events",
        onGroups: true,
        tests: [
          ["cgroup/live.test.ts", "as runc's event have its names, and numbers everywhere"],
          ["cgroup/live.test.ts", "is told at the moment when it happens, with the number of processes killed"],
        ],
        rootless: { run: ORDINARY },
      },
      {
        feature: "features",
        tests: [["oci/features.test.ts", "has all that runc's has, but what runc keeps to itself"]],
      },
      { feature: "spec", tests: [["oci/template.test.ts", "runs for the user: %s"]], rootless: { run: TEMPLATE } },
      {
        feature: "ids",
        tests: [["runtime/oci-command-line.test.ts", "nothing that names another directory is ever one"]],
      },
      {
        feature: "`--log`, `--log-format`, `--root`, `--pid-file`",
        tests: [
          ["conformance/lifecycle.test.ts", "errors go to the log in the form that was asked for"],
          ["runtime/oci-command-line.test.ts", "has one object alone for one error, as podman reads it"],
          ["conformance/lifecycle.test.ts", "--pid-file has the first process's number, and nothing else"],
        ],
      },
      {
        feature: "`--no-pivot`",
        tests: [["mounts/root.test.ts", "is all that the inside sees, upwards and in its mounts"]],
      },
      {
        feature: "what fails leaves nothing",
        tests: [["conformance/lifecycle.test.ts", "create fails when %s, and nothing is left"]],
      },
    ],
  },
  {
    title: "Beside crun and runc",
    rows: [
      {
        feature: "the same bundle: what the inside sees, and what is left outside, but for a table of reasons",
        onGroups: true,
        tests: [
          ["conformance/differential.test.ts", "agree on $what"],
          ["conformance/differential.test.ts", "agrees on what is left outside: nothing"],
        ],
        rootless: "untried",
      },
    ],
  },
  {
    title: "Under engines",
    rows: [
      {
        feature: "docker",
        tests: [
          ["engines/docker.test.ts", "runs a program: its output, both streams, and its exit code"],
          ["engines/docker.test.ts", "leaves nothing behind: no group, no mount, no process, no state"],
        ],
        rootless: "untried",
      },
      {
        feature: "podman",
        tests: [
          ["engines/podman.test.ts", "runs a program: its output, both streams, and its exit code"],
          ["engines/podman.test.ts", "leaves nothing behind: no group, no mount, no process"],
        ],
        rootless: "untried",
      },
      {
        feature: "containerd",
        tests: [["engines/containerd.test.ts", "runs, lists, executes in, pauses, counts, and ends a task"]],
        rootless: "untried",
      },
    ],
  },
];
