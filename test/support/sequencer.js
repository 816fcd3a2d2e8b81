const Sequencer = require("@jest/test-sequencer").default;

/** Folders whose tests take longest. Of most of their files the size says nothing, which is what Jest goes by at first. */
const LONG = ["/test/hostile/", "/test/browser/", "/test/languages/", "/test/crash/", "/test/delivery/"];

/** Where nothing is known of how long files took, as in a clean clone: the longest first, so that none is left over alone. */
module.exports = class extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    if (sorted.some(({ duration }) => duration !== undefined)) return sorted;
    const isIn = (folder) => (test) => test.path.includes(folder);
    const others = sorted.filter((test) => !LONG.some((folder) => isIn(folder)(test)));
    return [...LONG.flatMap((folder) => sorted.filter(isIn(folder))), ...others];
  }
};
