/** A host that speaks with a guest's agent and never stops, to be killed by a test. */
import { execInGuest } from "../../runtime/vm/agent-exec.ts";
import { vmDirectory } from "../../runtime/vm/directory.ts";

const place = vmDirectory(process.argv[2] ?? "");
const sleeper = await execInGuest(place, { command: ["/bin/sleep", "34567"], timeoutMs: 180_000 });
const reader = await execInGuest(place, { command: ["sh", "-c", "cat > /dev/null"], input: true, timeoutMs: 180_000 });
process.stdout.write(`${sleeper.pid}\n`);
const bytes = new Uint8Array(1_000_000).fill(0xab);
for (;;) await reader.stdin.write(bytes);
