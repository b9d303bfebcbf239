/**
 * What Ringside itself runs on and is built with: Node, the native part, the compiler, the image, Chromium for tests.
 */
import { kernelProblem, nativeProgram } from "../../native/kernel.ts";
import { findProgram } from "../host-program.ts";
import { BASE_IMAGE, findImage } from "../image/image.ts";
import { type Check, gap, ok, type Question } from "./check.ts";
import { installLine } from "./install-line.ts";

export const askNode: Question = async () => [ok("node", `${process.version}, ${process.execPath}`)];

export const askNative: Question = async () => {
  const problem = kernelProblem();
  if (problem !== undefined) return [gap("native part", "missing", problem.reason, problem.fix)];
  return [ok("native part", `launcher ${nativeProgram("ringside-launcher") ?? "missing"}`)];
};

export const askImage: Question = async () => {
  const name = `image ${BASE_IMAGE}`;
  const image = findImage(BASE_IMAGE);
  if (image === undefined) return [gap(name, "missing", "not made yet", "ringside image build")];
  const id = image.id.slice(0, "sha256:".length + 12);
  if (image.builtFrom.startsWith("static busybox")) return [ok(name, `${id}, from ${image.builtFrom}`)];
  return [gap(name, "limited", `${id}, from ${image.builtFrom}`, installLine(["busybox-static"]))];
};

const COMPILER = { "g++": "g++", make: "make", python3: "python3" } as const;

export const askCompiler: Question = async (lab) => {
  const missing = Object.values(COMPILER).filter((program) => findProgram(program) === undefined);
  if (missing.length > 0) {
    return [
      gap(
        "compiler",
        "missing",
        `no ${missing.join(", no ")}; the native part cannot be rebuilt`,
        installLine(missing),
      ),
    ];
  }
  const path = findProgram("g++");
  const version = path === undefined ? undefined : await lab.output([path, "-dumpfullversion"]);
  return [ok("compiler", `g++ ${version?.trim() ?? ""}`.trim())];
};

/** Debian calls it chromium, others by its maker's name. Its version is not asked for: starting it takes too long. */
const CHROMIUMS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

export const askChromium: Question = async () => [chromium()];

function chromium(): Check {
  const path = CHROMIUMS.map((name) => findProgram(name)).find((found) => found !== undefined);
  if (path === undefined)
    return gap("chromium", "missing", "the tests in a browser are skipped", installLine(["chromium"]));
  return ok("chromium", path);
}
