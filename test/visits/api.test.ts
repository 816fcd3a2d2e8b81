import { aVisit, type Booth, openBooth, type Tablet } from "../support/booth";

let booth: Booth;
let tablet: Tablet;
beforeEach(async () => {
  booth = await openBooth();
  tablet = await booth.tablet();
});
afterEach(() => booth.close());

const visitCount = async () =>
  (await booth.db.read.selectFrom("visits").select("id").where("deleted_at", "is", null).execute()).length;

test("a visit sent twice is counted once", async () => {
  const visit = aVisit({ questions: [{ text: "Does it run on my laptop?" }] });
  expect(await tablet.send(visit)).toEqual([{ id: visit.id, status: "recorded" }]);
  expect(await tablet.send(visit)).toEqual([{ id: visit.id, status: "replayed" }]);
  expect(await visitCount()).toBe(1);
});
