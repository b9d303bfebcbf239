/**
 * What the table of docs/security.md says of ours, crun and runc as Debian 12 installs them is what they do. Another
 * version of theirs may do better, and is not asked.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { command } from "../support/engines.ts";
import { CONTAINERS, describeWhere, needsPrograms } from "../support/needs.ts";
import { acceptCrun, Bench } from "../support/oci-runtime.ts";
import { HOSTILE_CASES } from "./peers.ts";
import { PEER_VERDICTS, PEER_VERSIONS } from "./table.ts";

const NAMES = ["ringside", "crun", "runc"] as const;
const SETUP_LIMIT_MS = 60_000;

describeWhere(
  [...CONTAINERS, needsPrograms("crun", "runc")],
  "the same hostile bundles through ours, crun and runc",
  () => {
    let bench: Bench;
    let crun: Awaited<ReturnType<typeof acceptCrun>>;

    beforeAll(async () => {
      bench = new Bench();
      crun = await acceptCrun(bench.directory);
    }, SETUP_LIMIT_MS);

    afterAll(async () => {
      await bench[Symbol.asyncDispose]();
      await crun.release();
    }, SETUP_LIMIT_MS);

    /** Why a peer is not asked here. */
    async function notAsked(name: (typeof NAMES)[number]): Promise<string | undefined> {
      if (name === "ringside") return undefined;
      if (name === "crun" && crun.problem !== undefined) return crun.problem;
      const { stdout } = await command(name, ["--version"]);
      return stdout.includes(PEER_VERSIONS[name]) ? undefined : `not the ${name} of the table: ${PEER_VERSIONS[name]}`;
    }

    test.for(HOSTILE_CASES.flatMap((one) => NAMES.map((name) => ({ ...one, name }))))(
      "$cve with $name: $what",
      async ({ cve, name, attempt }, { skip }) => {
        const reason = await notAsked(name);
        skip(reason !== undefined, reason);
        const id = `hostile-${process.pid}-${name}-${HOSTILE_CASES.findIndex((one) => one.cve === cve)}`;
        expect(await attempt({ bench, name, id })).toBe(PEER_VERDICTS[cve]?.[name]);
      },
    );
  },
);
