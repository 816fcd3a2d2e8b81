// Writes docs/event-file.schema.json anew from the program's own check of event files.
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { built, ROOT, run } from "./set-up.mjs";

built();
const { eventFileSchema } = createRequire(import.meta.url)(path.join(ROOT, "dist/imports/form.js"));
const file = path.join(ROOT, "docs/event-file.schema.json");
writeFileSync(file, JSON.stringify(eventFileSchema(), undefined, 2));
run("npx", ["--no-install", "biome", "format", "--write", file]);
