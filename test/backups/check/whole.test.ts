import { uuidv7 } from "uuidv7";
import { findingsOf } from "../../../src/backups/check/store";
import { aVisit, openBooth } from "../../support/booth";

test("a database that is whole is found whole, however often it is looked through while questions come and change", async () => {
  const booth = await openBooth();
  const tablet = await booth.tablet();
  const found: unknown[] = [];
  for (let time = 0; time < 4; time++) {
    const id = uuidv7();
    await tablet.send(aVisit({ questions: [{ id, text: `Which disk is best for number ${time}?` }] }));
    await booth.db.write((writer) =>
      writer
        .updateTable("questions")
        .set({ text: `Other words ${time}` })
        .where("id", "=", id)
        .execute(),
    );
    const findings = await findingsOf(booth.deps, { thorough: true });
    found.push(findings.find(({ of }) => of === "database"));
  }
  expect(found).toEqual(found.map(() => expect.objectContaining({ of: "database", verdict: "good" })));
  await booth.close();
});
