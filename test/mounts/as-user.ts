/**
 * Runs a bundle as whoever this process is, which may not be root: `node as-user.ts ROOTFS BUNDLE`, its configuration
 * on standard input. Ends as the container ends.
 */
import { readFileSync } from "node:fs";
import { Launcher } from "../../native/kernel.ts";
import { ownPrivilege } from "../../runtime/container/privilege.ts";
import { parseConfig } from "../../runtime/oci/parse.ts";
import { containerPlan } from "../../runtime/plan/container.ts";

const [rootfs = "", bundle = ""] = process.argv.slice(2);
const { config } = parseConfig(readFileSync(0, "utf8"));
if (config.process === undefined) throw new Error("the configuration has no process");
const { plan } = containerPlan(
  { ...config, process: config.process },
  {
    id: `as-user-${process.pid}`,
    root: { kind: "directory", path: rootfs },
    layout: { mode: "none", controllers: {} },
    filter: undefined,
    ephemeral: true,
    privilege: ownPrivilege(),
    bundle,
  },
);
await using launcher = await Launcher.open();
const started = await launcher.start(plan, [0, 1, 2]);
const { status } = await started.exited;
process.exitCode = status.kind === "exited" ? status.code : 1;
