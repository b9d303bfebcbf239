/**
 * The bundle of the command line: runtime/cli/main.ts and all that it imports → dist/cli.js, since loading some fifty
 * modules one by one costs more than a container's start. What is imported with import() becomes a chunk of its own, so
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
  plugins: [globalProcess(), removeOldChunks()],
  ssr: { noExternal: true, external: [] },
  build: {
    ssr: "runtime/cli/main.ts",
    target: "node24",
    outDir: "dist",
    // dist/web lies there too.
    emptyOutDir: false,
    minify: false,
    rolldownOptions: {
      external: EXTERNAL,
      output: {
        format: "esm",
        entryFileNames: "cli.js",
        chunkFileNames: "cli-[name]-[hash].js",
        banner: (chunk) => (chunk.isEntry ? KEEP_COMPILED : ""),
      },
    },
  },
});

/**
 * "node:process" as the global that it is. Importing the module makes Node copy every property of `process`, and so opens
 * the three standard streams, of which a container's foreground needs none: a third of the command's own time.
 */
function globalProcess(): Plugin {
  const name = "\0global-process";
  return {
    name: "ringside:global-process",
    enforce: "pre",
    resolveId: (source) => (source === "node:process" ? name : undefined),
    load: (id) => (id === name ? "export default globalThis.process;" : undefined),
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
