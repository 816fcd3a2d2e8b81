// Bundles the tablet's browser code: one file a page and one a worker, into public/built/.
import { readdirSync } from "node:fs";
import path from "node:path";
import { build } from "esbuild";
import { ROOT } from "./set-up.mjs";

const scriptsIn = (folder) =>
  readdirSync(path.join(ROOT, folder))
    .filter((file) => file.endsWith(".ts"))
    .map((file) => path.join(ROOT, folder, file));
const common = {
  outdir: path.join(ROOT, "public/built"),
  bundle: true,
  minify: true,
  sourcemap: true,
  target: ["es2022", "safari16"],
  logLevel: "warning",
};
await build({ ...common, entryPoints: scriptsIn("src/tablet/pages"), format: "esm" });
// Not every browser takes a module for a service worker, and that one is served from elsewhere than its map.
const workers = scriptsIn("src/tablet/workers");
await build({ ...common, entryPoints: workers, format: "iife", sourcemap: "external" });
