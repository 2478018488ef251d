import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { licences } from "./build/licences.ts";
import { precompress } from "./build/precompress.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [react(), tailwindcss(), licences(), precompress()],
  resolve: { alias: { "@": here("./src") } },
  build: {
    outDir: here("../src/pleiade/web/dist"),
    emptyOutDir: true,
    target: "es2023",
    assetsInlineLimit: 0, // a data: URL would need a wider Content-Security-Policy
    modulePreload: { polyfill: false },
    manifest: true, // which files a route needs: the size budget reads it
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1000, // grammars and formulas are large, and come when they are needed: tests hold the budget
  },
  // `npm run dev` beside a running `pleiade up`.
  server: { proxy: { "/v1": "http://127.0.0.1:8000", "/auth": "http://127.0.0.1:8000", "/healthz": "http://127.0.0.1:8000" } },
});
