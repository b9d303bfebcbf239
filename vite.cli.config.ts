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

/** Loaded as they are from node_modules: they are only needed by the server, and load parts of themselves by name. */
const EXTERNAL = [/^fastify$/, /^@fastify\//, /^ws$/, /^@xterm\//];

/**
 * V8's compiled code of the chunks is kept beside them (node:module, enableCompileCache): a third of a start's time is
 * otherwise spent on compiling the same text again. Where the directory cannot be written, nothing is kept.
 */
const KEEP_COMPILED = `import { enableCompileCache } from "node:module";
enableCompileCache(import.meta.dirname + "/.compiled");`;

export default defineConfig({
  // Nothing of the web client's public files belongs beside the command line.
  publicDir: false,
  plugins: [lightCommander(), withoutGetters(), removeOldChunks()],
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
        format: "esm",
        entryFileNames: "[name].js",
        chunkFileNames: "cli-[name]-[hash].js",
        banner: (chunk) => (chunk.isEntry ? KEEP_COMPILED : ""),
      },
    },
  },
});

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
const EAGER = ["node:fs", "node:crypto", "node:os"];

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
