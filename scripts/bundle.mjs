// Bundles the tablet's browser code: one file a page and one a worker, into public/built/.
import { copyFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { ROOT } from "./set-up.mjs";

const scriptsIn = (folder) =>
  readdirSync(path.join(ROOT, folder))
    .filter((file) => file.endsWith(".ts"))
    .map((file) => path.join(ROOT, folder, file));
/** Each page brings the messages of its language along, English too: the code has none built in. */
const messagesFromThePage = {
  name: "messages from the page",
  setup: ({ onLoad }) =>
    onLoad({ filter: /languages.en\.json$/ }, () => ({ contents: "{}", loader: "json" })),
};
const common = {
  outdir: path.join(ROOT, "public/built"),
  bundle: true,
  minify: true,
  sourcemap: true,
  target: ["es2022", "safari16"],
  loader: { ".svg": "text" },
  alias: { i18next: path.join(ROOT, "src/tablet/i18next.ts") },
  plugins: [messagesFromThePage],
  logLevel: "warning",
};
await build({ ...common, entryPoints: scriptsIn("src/tablet/pages"), format: "esm" });
// Not every browser takes a module for a service worker, and that one is served from elsewhere than its map.
const workers = scriptsIn("src/tablet/workers");
await build({ ...common, entryPoints: workers, format: "iife", sourcemap: "external" });
// The program that reads codes, for its worker to load.
const reader = "zxing_reader.wasm";
copyFileSync(
  fileURLToPath(import.meta.resolve(`zxing-wasm/reader/${reader}`)),
  path.join(ROOT, "public/built", reader),
);
// What visitors read on a tablet that is turned round: the program's own words, in all languages.
const { visitorWords } = createRequire(import.meta.url)(path.join(ROOT, "dist/capture/rules.js"));
writeFileSync(path.join(ROOT, "public/built/slip-words.json"), JSON.stringify(visitorWords()));
