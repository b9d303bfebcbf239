/**
 * The bundles of the command line: runtime/cli/main.ts and all that it imports → dist/cli.js, and `ringside oci` alone,
 * as engines start it (runtime/cli/oci/main.ts → dist/oci.js), since loading some fifty modules one by one costs more
 * than a container's start. What is imported with import() becomes a chunk of its own, so
 * that `run` does not load the server. Chunks lie beside cli.js (dist/cli-NAME-HASH.js), never deeper: modules that look
 * for something in the checkout by their own place (the native part, the pages) so have one place to count from.
 *
 * The native addon and the pages are not bundled: they are found by their place in the checkout.
 */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { defineConfig, type Plugin } from "vite";
import { FORMAT_VERSION } from "./native/plan/format-version.ts";

/** Loaded as they are from node_modules: they are only needed by the server, and load parts of themselves by name. */
const EXTERNAL = [/^fastify$/, /^@fastify\//, /^ws$/, /^@xterm\//];

/**
 * V8's compiled code of the chunks is kept beside them (node:module, enableCompileCache): a third of a start's time is
 * otherwise spent on compiling the same text again. Where the directory cannot be written, nothing is kept.
 */
const KEEP_COMPILED = `require("node:module").enableCompileCache(__dirname + "/.compiled");`;

export default defineConfig({
  // Nothing of the web client's public files belongs beside the command line.
  publicDir: false,
  plugins: [knownFormat(), lightCommander(), withoutGetters(), laterModules(), removeOldChunks(), markCommonJs()],
  ssr: { noExternal: true, external: [] },
  build: {
    ssr: true,
    target: "node24",
    outDir: "dist",
    // dist/web lies there too.
    emptyOutDir: false,
    minify: false,
    rolldownOptions: {
      input: { cli: "runtime/cli/main.ts", oci: "runtime/cli/oci/main.ts" },
      external: EXTERNAL,
      output: {
        // Node finds, reads and links CommonJS in half the time of as many ES modules.
        format: "cjs",
        comments: false,
        entryFileNames: "[name].js",
        chunkFileNames: "cli-[name]-[hash].js",
        banner: (chunk) => (chunk.isEntry ? KEEP_COMPILED : ""),
        codeSplitting: {
          groups: [{ name: chunkOf, debugName: "commands", minSize: 0, includeDependenciesRecursively: false }],
        },
      },
    },
  },
});

/**
 * The commands whose start is waited for, by the modules that each loads. What the same ones of them need is one chunk: to
 * find and read a file costs more than the file's code, and no command shall load what only another one needs.
 */
const WAITED_FOR: Readonly<Record<string, readonly string[]>> = {
  // Apart, since they are loaded before compiled code is kept.
  cli: ["runtime/cli/main.ts"],
  oci: ["runtime/cli/oci/main.ts"],
  run: ["runtime/cli/run.ts"],
  create: ["runtime/cli/oci/create.ts"],
  // What engines call beside it; `state` most often, and it needs least.
  start: ["start", "kill", "delete"].map((name) => `runtime/cli/oci/${name}.ts`),
  state: ["runtime/cli/oci/state.ts"],
};

interface Modules {
  getModuleInfo(id: string): { readonly importedIds: readonly string[] } | null;
}

let reachedBy: Map<string, Set<string>> | undefined;

/** The chunk of a module: the commands that need it; undefined where none of them does. */
function chunkOf(id: string, all: Modules): string | undefined {
  reachedBy ??= new Map(Object.entries(WAITED_FOR).map(([command, modules]) => [command, reachedFrom(modules, all)]));
  // What begins by itself stays a file of its own.
  if (id.endsWith("/main.ts")) return undefined;
  const commands = [...reachedBy].filter(([, reached]) => reached.has(id)).map(([command]) => command);
  const entries = commands.filter((command) => command === "cli" || command === "oci");
  const name = (entries.length > 0 ? entries : commands).join("-");
  return name === "" ? undefined : name;
}

/** All that is loaded with these modules, as far as it does not come with import(). */
function reachedFrom(modules: readonly string[], all: Modules): Set<string> {
  const waiting = modules.map((path) => join(import.meta.dirname, path));
  const reached = new Set<string>();
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (reached.has(id)) continue;
    reached.add(id);
    waiting.push(...(all.getModuleInfo(id)?.importedIds ?? []));
  }
  return reached;
}

/**
 * Modules of Node that commander imports and we never use through it, as what they cost nothing as. Importing
 * "node:process" makes Node copy every property of `process`, and so opens the three standard streams; importing
 * "node:child_process", which starts commands that are files of their own, loads all of Node's networking.
 */
const WITHOUT: Readonly<Record<string, string>> = {
  "node:process": "export default globalThis.process;",
  "node:child_process": "export default {};",
};

function lightCommander(): Plugin {
  const prefix = "\0light:";
  return {
    name: "ringside:light-commander",
    enforce: "pre",
    resolveId: (source, importer) =>
      source in WITHOUT && importer?.includes("/commander/") === true ? prefix + source : undefined,
    load: (id) => (id.startsWith(prefix) ? WITHOUT[id.slice(prefix.length)] : undefined),
  };
}

/** Modules of Node that every command loads. */
const EAGER = ["node:fs", "node:crypto", "node:os", "node:path", "node:util", "node:url", "node:events"];

/** Modules of Node of which a function is called now and then: they are loaded by that call. */
const LAZY = ["node:child_process", "node:net", "node:timers/promises"];

/**
 * Takes Node's modules by `process.getBuiltinModule`. A plain import copies every property, and so runs the getters that
 * load `fs.promises`, the streams and WebCrypto, which no command needs; properties with a getter are left out here.
 */
function withoutGetters(): Plugin {
  const prefix = "\0eager:";
  return {
    name: "ringside:without-getters",
    enforce: "pre",
    resolveId: (source) => (EAGER.includes(source) ? prefix + source : undefined),
    load(id) {
      if (!id.startsWith(prefix)) return undefined;
      const name = id.slice(prefix.length);
      const properties = Object.entries(Object.getOwnPropertyDescriptors(process.getBuiltinModule(name)));
      const plain = properties.filter(([key, { get }]) => get === undefined && /^[a-zA-Z]\w*$/.test(key));
      const names = plain.map(([key]) => key).filter((key) => key !== "default");
      return `const all = process.getBuiltinModule("${name}");
export default all;
${names.map((key) => `export const ${key} = /* @__PURE__ */ (() => all.${key})();`).join("\n")}`;
    },
  };
}

function laterModules(): Plugin {
  const prefix = "\0later:";
  return {
    name: "ringside:later-modules",
    enforce: "pre",
    resolveId: (source) => (LAZY.includes(source) ? prefix + source : undefined),
    load(id) {
      if (!id.startsWith(prefix)) return undefined;
      const name = id.slice(prefix.length);
      const members = Object.entries(process.getBuiltinModule(name) ?? {}).filter(([key]) => key !== "default");
      // A class is not called but extended or made, so it comes with its module wherever it is used.
      const exports = members.map(([key, value]) =>
        typeof value === "function" && /^[a-z]/.test(key)
          ? `export const ${key} = (...args) => all().${key}(...args);`
          : `export const ${key} = /* @__PURE__ */ (() => all().${key})();`,
      );
      return `const all = () => process.getBuiltinModule("${name}");
export default /* @__PURE__ */ all();
${exports.join("\n")}`;
    },
  };
}

/** Chunks carry a hash in their names; those of earlier builds, and their compiled code, would stay for ever. */
function removeOldChunks(): Plugin {
  return {
    name: "ringside:remove-old-chunks",
    writeBundle({ dir = "dist" }, bundle) {
      rmSync(join(dir, ".compiled"), { recursive: true, force: true });
      for (const name of readdirSync(dir)) {
        if (/^cli-.+\.js$/.test(name) && !(name in bundle)) rmSync(join(dir, name));
      }
    },
  };
}

/** The number of the plan's format, which every start would otherwise reckon anew from the whole table of operations. */
function knownFormat(): Plugin {
  return {
    name: "ringside:known-format",
    load: (id) =>
      id.endsWith("/native/plan/format-version.ts") ? `export const FORMAT_VERSION = ${FORMAT_VERSION};` : undefined,
  };
}

/** Files below the checkout are ES modules unless a package.json that is nearer says otherwise. */
function markCommonJs(): Plugin {
  return {
    name: "ringside:mark-common-js",
    generateBundle() {
      this.emitFile({ type: "asset", fileName: "package.json", source: '{ "type": "commonjs" }\n' });
    },
  };
}
