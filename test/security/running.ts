/** A running container with hostile programs in it, and further processes that are held at the worst moment. */
import { closeSync, openSync } from "node:fs";
import { onTestFinished } from "vitest";
import { Launcher, openPipe } from "../../native/kernel.ts";
import type { PlanStep } from "../../native/plan/plan.ts";
import { detectCgroups } from "../../runtime/cgroup/layout.ts";
import { engineExecPlan } from "../../runtime/container/oci/exec-plan.ts";
import { processIdentity } from "../../runtime/container/process-identity.ts";
import type { OciProcess } from "../../runtime/oci/config.ts";
import { containerPlan } from "../../runtime/plan/container.ts";
import { type Bundle, type BundleRun, bundleConfig } from "../support/bundle.ts";
import { readAll } from "../support/inside.ts";

export interface ExecOptions {
  /** What happens while it has become what it will be, and has not yet let go of our descriptors. */
  readonly meanwhile?: () => Promise<void>;
  /** Handed over as descriptor 3. */
  readonly descriptor?: number;
}

export interface Running {
  readonly pid: number;
  readonly launcher: Launcher;
  /** Its control groups. */
  readonly cgroups: readonly string[];
  /** What a further process prints. @throws StepError when it cannot be started */
  exec(args: readonly string[], process?: Partial<OciProcess>, options?: ExecOptions): Promise<string>;
}

/** Holds the process right before its descriptors are closed, which is when it has most to lose. */
function heldBeforeClosing(plan: readonly PlanStep[]): PlanStep[] {
  const at = plan.findLastIndex(({ op }) => op === "closeDescriptors");
  const words = { stage: "exec", why: "For a look at it." } as const;
  return [...plan.slice(0, at), { ...words, phase: "child", op: "pause", name: "look" }, ...plan.slice(at)];
}

let containers = 0;

/** Starts `args` in a container of `bundle` that ends with the test. */
export async function startHostile(
  bundle: Bundle,
  args: readonly string[],
  run: Omit<BundleRun, "script"> = {},
): Promise<Running> {
  const id = `hostile-${process.pid}-${containers++}`;
  const config = bundleConfig(bundle, { ...run, script: "", process: { ...run.process, args } });
  const layout = detectCgroups();
  const root = { kind: "directory", path: bundle.rootfs } as const;
  const context = {
    id,
    root,
    layout,
    filter: undefined,
    ephemeral: true,
    ownership: "lab",
    bundle: bundle.path,
  } as const;
  const { plan, cgroups } = containerPlan(config, { ...context, ...run.context });
  const launcher = await Launcher.open();
  onTestFinished(() => launcher.close());
  const nothing = openSync("/dev/null", "r+");
  const { pid } = await launcher.start(plan, [nothing, nothing, nothing]).finally(() => closeSync(nothing));
  const init = { pid, startTicks: processIdentity(pid)?.startTicks ?? 0 };
  const common = { ociVersion: "1.3.0", createdAt: "", owner: "root", annotations: {}, cgroupParents: [] };
  const state = {
    id,
    bundle: bundle.path,
    rootfs: bundle.rootfs,
    cgroups,
    hooks: false,
    hasProgram: true,
    systemd: false,
  };
  const record = { schema: "ringside.oci/1" as const, ...common, ...state };
  return {
    pid,
    launcher,
    cgroups,
    async exec(words, process = {}, { meanwhile, descriptor } = {}) {
      const wanted = { ...config.process, args: words, ...process };
      const preserveFds = descriptor === undefined ? 0 : 1;
      const whole = engineExecPlan(wanted, { record, init, config, layout, filter: undefined, preserveFds });
      const pipe = openPipe();
      const output = readAll(pipe.readFd);
      const descriptors = [pipe.readFd, pipe.writeFd, pipe.writeFd, ...(descriptor === undefined ? [] : [descriptor])];
      const options = meanwhile === undefined ? {} : { onPause: meanwhile };
      const held = meanwhile === undefined ? whole : heldBeforeClosing(whole);
      const started = launcher.start(held, descriptors, options);
      const { exited } = await started.finally(() => closeSync(pipe.writeFd));
      await exited;
      return await output;
    },
  };
}
