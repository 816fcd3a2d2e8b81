// `npm run bench -- NAME`: builds what is missing, then runs bench/NAME.mjs.
import { existsSync } from "node:fs";
import path from "node:path";
import { built, installed, ROOT, run, say } from "./set-up.mjs";

const file = path.join(ROOT, "bench", `${process.argv[2]}.mjs`);
if (!existsSync(file)) {
  say("Say which bench to run, as in: npm run bench -- lists");
  process.exit(1);
}
installed();
built();
run(process.execPath, [file]);
