/**
 * The entry of the bundle dist/oci.js, which `ringside-oci` (native/oci.cc) runs: `ringside oci` without the rest of the
 * command line. Engines wait for every one of its starts.
 */
import { ociCommandLine } from "./command-line.ts";

void ociCommandLine(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
