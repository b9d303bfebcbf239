/** Hooks that run inside of the container's namespaces, and the pause for those that run outside. */
import { chmodSync, existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { StepError } from "../../native/step-error.ts";
import { processIdentity } from "../../runtime/container/process-identity.ts";
import type { OciHook, OciHooks } from "../../runtime/oci/config.ts";
import { DEFAULT_CAPABILITIES } from "../../runtime/plan/capabilities.ts";
import { CREATE_RUNTIME } from "../../runtime/plan/hooks.ts";
import { compileSeccomp } from "../../runtime/plan/seccomp/compile.ts";
import { defaultSeccomp } from "../../runtime/plan/seccomp/default-profile.ts";
import { CONTAINERS, describeWhere } from "../support/needs.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { printed, runBundle } from "./bundle.ts";

/** A hook on the host's disk that runs a shell script. */
function hook(script: string, more: Partial<OciHook> = {}): OciHook {
  const path = join(temporaryDirectory(), "hook");
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return { path, env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"], ...more };
}

const inContainer = (script: string, more: Partial<OciHook> = {}): OciHook => ({
  path: "/bin/sh",
  args: ["sh", "-c", script],
  env: ["PATH=/usr/bin:/bin"],
  ...more,
});

const changes = (hooks: OciHooks) => ({ config: { hooks, annotations: { "org.example": "yes" } } });

/** What every process of the machine was started as; one that ends while it is looked at is none. */
function commandLines(): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")];
      } catch {
        return [];
      }
    });
}

async function failure(hooks: OciHooks): Promise<StepError> {
  const result = await runBundle("echo ran", changes(hooks)).catch((error: StepError) => error);
  if (!(result instanceof Error)) throw new Error(`it started, and printed ${result.output}`);
  return result;
}

describeWhere(CONTAINERS, "a createContainer hook", () => {
  test("is found on the host and runs in the container's namespaces, before the root is entered", async () => {
    const directory = temporaryDirectory();
    const file = join(directory, "seen");
    await runBundle(
      "true",
      changes({ createContainer: [hook(`readlink /proc/self/ns/uts > ${file}; ls / >> ${file}`)] }),
    );
    const [uts, ...host] = readFileSync(file, "utf8").trim().split("\n");
    expect(uts).toMatch(/^uts:\[\d+\]$/);
    expect(uts).not.toBe(readlinkSync("/proc/self/ns/uts"));
    expect(host).toContain("etc");
  });

  test("gets the container's state on its standard input, with the pid as the host has it", async () => {
    const file = join(temporaryDirectory(), "state");
    let seen = 0;
    await runBundle("true", {
      config: {
        annotations: { "org.example": "yes" },
        hooks: { createRuntime: [hook("true")], createContainer: [hook(`cat > ${file}`)] },
      },
      context: { bundle: "/the/bundle" },
      start: {
        onPause: async (name, pid) => {
          expect(name).toBe(CREATE_RUNTIME);
          expect(processIdentity(pid)).toBeDefined();
          seen = pid;
        },
      },
    });
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({
      ociVersion: "1.3.0",
      status: "creating",
      pid: seen,
      bundle: "/the/bundle",
      annotations: { "org.example": "yes" },
    });
  });

  test("has its own arguments and its own environment, and nothing of ours", async () => {
    const file = join(temporaryDirectory(), "seen");
    const path = hook(`echo "$0 $* $FOO" > ${file}; ls /proc/self/fd | wc -l >> ${file}`).path;
    const args = ["name", "one", "two"];
    await runBundle("true", changes({ createContainer: [{ path, args, env: ["FOO=bar", "PATH=/usr/bin:/bin"] }] }));
    const [line, descriptors] = readFileSync(file, "utf8").trim().split("\n");
    expect(line).toBe(`${path} one two bar`);
    // Standard input, output, error, and the directory that ls itself reads.
    expect(Number(descriptors)).toBeLessThanOrEqual(4);
  });

  test("that fails ends the start and leaves nothing, and the next one does not run", async () => {
    const file = join(temporaryDirectory(), "second");
    const error = await failure({ createContainer: [hook("exit 3"), hook(`touch ${file}`)] });
    expect(error.syscall).toBe("runHook");
    expect(error.message).toContain("exit status 3");
    expect(existsSync(file)).toBe(false);
  });

  test("that is not there is named", async () => {
    const error = await failure({ createContainer: [{ path: "/no/such/hook" }] });
    expect(error).toMatchObject({ syscall: "runHook", code: "ENOENT" });
  });

  test("that takes longer than its timeout is ended, with all that it started", async () => {
    const seconds = `600.${process.pid}`;
    const slow = hook(`sleep ${seconds} & sleep ${seconds}; wait`, { timeout: 1 });
    const error = await failure({ createContainer: [slow] });
    expect(error).toMatchObject({ syscall: "runHook", code: "ETIMEDOUT" });
    expect(commandLines().filter((line) => line.includes(seconds))).toEqual([]);
  });

  test("is ended by a signal: the error says by which", async () => {
    expect((await failure({ createContainer: [hook("kill -9 $$")] })).message).toContain("signal 9");
  });
});

describeWhere(CONTAINERS, "a startContainer hook", () => {
  test("is found in the container, runs there, and before the program", async () => {
    const startContainer = [inContainer("hostname > /hook; cat >> /hook")];
    const text = await printed("cat /hook", changes({ startContainer }));
    const [name, state] = text.split("\n");
    expect(name).toBe("inside");
    expect(JSON.parse(state ?? "")).toMatchObject({ status: "created", annotations: { "org.example": "yes" } });
  });

  test("has the program's environment when it has none of its own", async () => {
    const base = changes({ startContainer: [{ path: "/bin/sh", args: ["sh", "-c", "echo $OURS > /hook"] }] });
    const process = { env: ["PATH=/usr/bin:/bin", "OURS=the program's"] };
    expect(await printed("cat /hook", { ...base, process })).toBe("the program's");
  });

  test("that fails keeps the program from running", async () => {
    const error = await failure({ startContainer: [inContainer("exit 1")] });
    expect(error).toMatchObject({ syscall: "runHook", code: "ECANCELED" });
  });
});

describeWhere(CONTAINERS, "the pause for hooks outside", () => {
  test("is there only where such hooks are", async () => {
    const names: string[] = [];
    const onPause = async (name: string): Promise<void> => {
      names.push(name);
    };
    await runBundle("true", { start: { onPause } });
    expect(names).toEqual([]);
    await runBundle("true", { ...changes({ prestart: [hook("true")] }), start: { onPause } });
    expect(names).toEqual([CREATE_RUNTIME]);
  });

  test("comes when the namespaces and mounts are there and the root is still the host's", async () => {
    let network = "";
    const onPause = async (_: string, pid: number): Promise<void> => {
      network = readlinkSync(`/proc/${pid}/ns/net`);
      expect(readFileSync(`/proc/${pid}/mountinfo`, "utf8")).toContain("/dev/mqueue");
    };
    await runBundle("true", { ...changes({ createRuntime: [hook("true")] }), start: { onPause } });
    expect(network).not.toBe(readlinkSync("/proc/self/ns/net"));
  });
});

describeWhere(CONTAINERS, "a startContainer hook under a filter", () => {
  test.each([true, false])(
    "may do what the filter lets the program do, and no more (noNewPrivileges %s)",
    async (value) => {
      const profile = defaultSeccomp(DEFAULT_CAPABILITIES, process.arch);
      const forbidden = { names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO" as const };
      const names = (profile.syscalls ?? []).map((rule) => ({
        ...rule,
        names: rule.names.filter((name) => !forbidden.names.includes(name)),
      }));
      const seccomp = { ...profile, syscalls: [forbidden, ...names.filter((rule) => rule.names.length > 0)] };
      const script =
        "mkdir /tmp/made 2>/dev/null && echo made > /tmp/said; grep Seccomp: /proc/self/status > /tmp/said";
      const { output } = await runBundle("ls /tmp; cat /tmp/said", {
        config: { hooks: { startContainer: [inContainer(script)] } },
        linux: { seccomp },
        process: { noNewPrivileges: value },
        context: { filter: compileSeccomp(seccomp, { arch: process.arch }) },
      });
      expect(output).toBe("said\nSeccomp:\t2\n");
    },
  );
});
