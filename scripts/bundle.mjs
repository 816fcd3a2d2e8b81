// Bundles the tablet's browser code: one file a page, into public/built/.
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { build } from "esbuild";
import { ROOT } from "./set-up.mjs";

const pages = path.join(ROOT, "src/tablet/pages");
await build({
  entryPoints: existsSync(pages) ? readdirSync(pages).map((file) => path.join(pages, file)) : [],
  outdir: path.join(ROOT, "public/built"),
  bundle: true,
  minify: true,
  sourcemap: true,
  format: "esm",
  target: ["es2022", "safari16"],
  logLevel: "warning",
});
