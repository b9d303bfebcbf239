/**
 * The build of the browser's part: `vite build web/client` → dist/web, which web/server serves.
 */

import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { lessonsPlugin } from "./build/lessons-plugin.ts";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** Where `npm run dev:web` sends what it does not serve itself: the address of a running `ringside serve`. */
const server = process.env.RINGSIDE_SERVER;

export default defineConfig({
  root: path("."),
  plugins: [lessonsPlugin(path("../../lessons"))],
  build: {
    outDir: path("../../dist/web"),
    emptyOutDir: true,
    target: "es2023",
    // A preload polyfill is an inline script, which the content security policy forbids.
    modulePreload: { polyfill: false },
    // Every asset is a file of its own: `data:` addresses would need a hole in the policy.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
    reportCompressedSize: false,
  },
  server: {
    fs: { allow: [path("../..")] },
    ...(server === undefined ? {} : { proxy: { "/api": { target: server, ws: true, changeOrigin: true } } }),
  },
});
