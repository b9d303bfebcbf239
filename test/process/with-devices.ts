/**
 * Runs a script in a container into which interfaces of this network namespace move; started by net-devices.test.ts in a
 * network namespace of its own: with-devices.ts DIRECTORY NETDEVICES SCRIPT. Prints what the script printed.
 */
import { explainFailure } from "../../runtime/container/failure.ts";
import type { OciLinux } from "../../runtime/oci/config.ts";
import { runBundle, USUAL_NAMESPACES } from "./bundle.ts";

const [directory = "", devices = "{}", script = ""] = process.argv.slice(2);
const netDevices: NonNullable<OciLinux["netDevices"]> = JSON.parse(devices);
try {
  const { output } = await runBundle(script, { directory, linux: { namespaces: USUAL_NAMESPACES, netDevices } });
  process.stdout.write(output);
} catch (error) {
  const explained = explainFailure(error, { program: script });
  process.stdout.write(`refused: ${explained instanceof Error ? explained.message : String(explained)}\n`);
}
