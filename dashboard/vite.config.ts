import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const NODE = process.env.COUCHETTE_URL ?? 'http://127.0.0.1:5984'

/** Builds into the package beside the compiled server, which serves it at `/_utils`. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  // Links are relative, so that the page also works below the path of a proxy.
  base: './',
  build: {
    outDir: fileURLToPath(new URL('../dist/utils/', import.meta.url)),
    emptyOutDir: true,
    target: 'es2022',
    // Nothing may be inlined: the page's policy takes scripts, styles and images from files alone.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  // `npx vite dashboard` serves the source beside a node that runs.
  server: { proxy: { '^/(?!_utils|src|@|node_modules)': NODE } },
})
