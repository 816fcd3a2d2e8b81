import express from "express";
import request from "supertest";
import { setUpViews } from "../../src/http/pages";
import { todayPage } from "../../src/reports/live/routes";
import { aVisit, type Booth, openBooth } from "../support/booth";
import { NOON } from "../support/databases";

let booth: Booth;
beforeEach(async () => {
  booth = await openBooth();
});
afterEach(() => booth.close());

const text = (html: string) => html.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");
const at = (hour: number) => new Date(Date.UTC(2024, 1, 3, hour, 30)).toISOString();

describe("today's picture", () => {
  /** The page by itself: which page stands at `/` for whom is the access tests' matter. */
  const look = (query = "") => {
    const app = express();
    setUpViews(app);
    app.get("/", todayPage(booth.deps));
    return request(app).get(`/${query}`);
  };

  test("leads to setting up where there is no event", async () => {
    await booth.db.write(async (writer) => {
      for (const list of ["booths", "projects", "topics", "platforms", "remarks", "giveaways"] as const)
        await writer.deleteFrom(list).execute();
      await writer.deleteFrom("events").execute();
    });
    await look().expect(303).expect("Location", "/events/new");
  });

  test("is dark before the first visit of a day", async () => {
    const page = await look().expect(200);
    expect(text(page.text)).toContain("0 visits in the last hour");
    expect(page.text).toContain('class="orb" data-level="0"');
    expect(text(page.text)).toContain("No visit yet.");
  });

  test("shows today's visits, the light of the last hour, and the questions that wait", async () => {
    const tablet = await booth.tablet();
    booth.setClock(Date.UTC(2024, 1, 3, 11, 0));
    await tablet.send(
      aVisit({ happenedAt: "2024-02-02T11:00:00Z" }),
      aVisit({ happenedAt: at(8), people: 4 }),
      aVisit({ happenedAt: at(10), category: "curious", project: "lantern", questions: [{ text: "When?" }] }),
    );
    const page = await look("?event=winter-camp").expect(200);
    expect(text(page.text)).toContain("1 visit in the last hour");
    expect(text(page.text)).toContain("2 visits with 5 people");
    expect(text(page.text)).toContain("1 waits for an expert");
    expect(text(page.text)).toContain("1 paired");
    expect(text(page.text)).toContain("3 Feb, 11:30, Ada");
    expect(page.text).not.toContain("When?");
  });

  test("of an event that is over is its last day", async () => {
    await (await booth.tablet()).send(aVisit({ happenedAt: new Date(NOON).toISOString() }));
    booth.setClock(Date.UTC(2024, 5, 1));
    const page = await look().expect(200);
    expect(page.text).toContain("<h1>The last day</h1>");
    expect(page.text).toContain("Sat 3 Feb 2024");
  });

  test("of an event to come counts the days", async () => {
    booth.setClock(Date.UTC(2024, 0, 31, 12));
    expect(text((await look().expect(200)).text)).toContain("Starts Fri 2 Feb 2024, in 2 days");
  });
});
