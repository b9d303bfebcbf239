/**
 * In Firecracker's place, where there is no Firecracker: it speaks the same API over the same socket, and when it is told
 * to start the machine, starts QEMU's microvm with what it was told. Its serial line is this process's own streams, and
 * it has no debug console. It shows that the order, the shapes and the milestones over the console fit; not what the real
 * program makes of them.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { z } from "zod";
import { guestKernel } from "../../runtime/vm/guest-files.ts";
import { tscKhz } from "../../runtime/vm/host.ts";
import { problemsOf } from "./firecracker-api.ts";

const { values } = parseArgs({
  options: { "api-sock": { type: "string" }, id: { type: "string" }, version: { type: "boolean" } },
});
if (values.version === true) {
  console.log("Firecracker v1.17.0");
  process.exit(0);
}

const machineSchema = z.object({ mem_size_mib: z.int() });
const bootSchema = z.object({ boot_args: z.string(), initrd_path: z.string() });
const driveSchema = z.object({ path_on_host: z.string() });
const stateSchema = z.object({ state: z.enum(["Paused", "Resumed"]) });

const told = new Map<string, unknown>();
let qemu: ChildProcess | undefined;
let isPaused = false;

const server = createServer((request, response) => {
  let text = "";
  request.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  request.on("end", () => {
    const { method = "", url = "" } = request;
    const body: unknown = text === "" ? undefined : JSON.parse(text);
    const problems = problemsOf(method, url, body);
    const answer = problems.length > 0 ? { fault_message: problems.join("; ") } : carryOut(method, url, body);
    response.writeHead(problems.length > 0 ? 400 : answer === undefined ? 204 : 200);
    response.end(answer === undefined ? "" : JSON.stringify(answer));
  });
});
server.listen(values["api-sock"]);

function carryOut(method: string, path: string, body: unknown): unknown {
  if (method === "GET") {
    const state = qemu === undefined ? "Not started" : isPaused ? "Paused" : "Running";
    return path === "/" ? { state } : told.get(path);
  }
  if (path === "/vm") {
    isPaused = stateSchema.parse(body).state === "Paused";
    qemu?.kill(isPaused ? "SIGSTOP" : "SIGCONT");
  } else if (path === "/actions") start();
  else told.set(path, body);
  return undefined;
}

function start(): void {
  const { mem_size_mib: mebibytes } = machineSchema.parse(told.get("/machine-config"));
  const { boot_args: kernelArguments, initrd_path: initrd } = bootSchema.parse(told.get("/boot-source"));
  const drive = driveSchema.safeParse(told.get("/drives/root"));
  const disk = drive.success
    ? [
        "-drive",
        `if=none,id=root,format=raw,readonly=on,file=${drive.data.path_on_host}`,
        "-device",
        "virtio-blk-device,drive=root",
      ]
    : [];
  // Goes with this process, also when that is killed.
  qemu = spawn(
    "setpriv",
    [
      ...["--pdeathsig", "KILL", "qemu-system-x86_64"],
      ...[
        "-machine",
        `microvm,acpi=${drive.success ? "on" : "off"},pit=on,pic=on,rtc=on`,
        "-accel",
        "tcg",
        "-cpu",
        "max",
        "-m",
        `${mebibytes}M`,
      ],
      ...["-no-user-config", "-nodefaults", "-display", "none", "-no-reboot", "-serial", "stdio"],
      ...[
        "-kernel",
        guestKernel().path,
        "-initrd",
        initrd,
        "-append",
        `${kernelArguments} tsc_early_khz=${tscKhz()}`,
        ...disk,
      ],
    ],
    { stdio: ["inherit", "inherit", "inherit", 3] },
  );
  qemu.once("exit", () => process.exit(0));
}
