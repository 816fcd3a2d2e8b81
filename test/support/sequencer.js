const Sequencer = require("@jest/test-sequencer").default;

/** Folders whose tests wait much of their time: for a browser's clock, for a program to start or to end. */
const WAITING = ["/test/browser/", "/test/languages/", "/test/delivery/", "/test/crash/"];
/** Folders whose tests take longest, and have the processor all the while. */
const LONG = ["/test/hostile/"];
/** Seconds that a file takes about, by what it does. */
const TAKES = { waiting: 20, long: 50, other: 6 };

/**
 * Where nothing is known of how long files took, as in a clean clone: the longest first, so that none is left over alone, and
 * those that wait beside those that do not: three at once that want the processor get in each other's way.
 */
module.exports = class extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    if (sorted.some(({ duration }) => duration !== undefined)) return sorted;
    const isIn = (folders) => (test) => folders.some((folder) => test.path.includes(folder));
    const kind = (test) => (isIn(WAITING)(test) ? "waiting" : isIn(LONG)(test) ? "long" : "other");
    const of = (wanted) => sorted.filter((test) => kind(test) === wanted);
    const waiting = of("waiting");
    const busy = [...of("long"), ...of("other")];
    const time = (list) => list.reduce((sum, test) => sum + TAKES[kind(test)], 0);
    const share = time(waiting) / (time(busy) || 1);
    const order = [];
    // Whichever of the two is behind its share goes on.
    for (let [waited, worked] = [0, 0]; order.length < sorted.length; ) {
      const next =
        waited <= worked * share && waiting.length > 0 ? waiting : busy.length > 0 ? busy : waiting;
      const test = next.shift();
      if (next === waiting) waited += TAKES.waiting;
      else worked += TAKES[kind(test)];
      order.push(test);
    }
    return order;
  }
};
