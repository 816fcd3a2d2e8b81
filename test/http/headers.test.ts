import { get } from "node:http";
import { type Booth, openBooth } from "../support/booth";

let booth: Booth;
beforeEach(async () => {
  booth = await openBooth();
});
afterEach(() => booth.close());

test.each([
  "/",
  "/sign-in",
  "/healthz",
  "/no/such/page",
  "/events",
  "/api/visits",
  "/assets/styles/base.css",
])("%s comes with the headers that keep strangers out", async (address) => {
  const { headers } = await booth.nobody().get(address);
  const policy = Object.fromEntries(
    (headers["content-security-policy"] as string).split(";").map((rule) => {
      const [name, ...sources] = rule.trim().split(" ");
      return [name, sources.join(" ")];
    }),
  );
  expect(policy).toMatchObject({
    "default-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
  });
  expect(policy["frame-src"]).toBe("'none'");
  expect(policy["font-src"]).toBe("'self'");
  expect(policy["script-src-attr"]).toBe("'none'");
  // There may be no HTTPS to upgrade to.
  expect(policy).not.toHaveProperty("upgrade-insecure-requests");
  expect(headers["content-security-policy"]).not.toContain("unsafe");
  expect(headers["x-content-type-options"]).toBe("nosniff");
  expect(headers["referrer-policy"]).toBe("same-origin");
  expect(headers["cross-origin-resource-policy"]).toBe("same-origin");
  expect(headers["cross-origin-opener-policy"]).toBe("same-origin");
  expect(headers["origin-agent-cluster"]).toBe("?1");
  expect(headers["x-frame-options"]).toBe("DENY");
  expect(headers["x-robots-tag"]).toBe("noindex, nofollow");
  expect(headers["permissions-policy"]).toMatch(/^camera=\(\), .*microphone=\(\)/);
  expect(headers["x-powered-by"]).toBeUndefined();
  // A laptop at a booth is reached by HTTP too: a browser must not be told otherwise for good.
  expect(headers["strict-transport-security"]).toBeUndefined();
});

test("pages stay in nobody's cache, problems and files to save neither", async () => {
  const organizer = await booth.organizer();
  const addresses = ["/", "/events", "/no/such/page", "/devices", "/events/winter-camp/report.json"];
  for (const address of addresses) {
    expect((await organizer.get(address)).get("Cache-Control")).toBe("no-store");
  }
});

test("the camera is the capture page's alone", async () => {
  const { token } = await booth.tablet();
  const camera = async (address: string) => {
    const { headers } = await booth.nobody().get(address).set("Authorization", `Bearer ${token}`).expect(200);
    return /camera=(\(\w*\))/.exec(headers["permissions-policy"] as string)?.[1];
  };
  for (const address of ["/", "/capture", "/capture/shell"]) expect(await camera(address)).toBe("(self)");
  for (const address of ["/capture/visits", "/asked", "/ask", "/s"]) expect(await camera(address)).toBe("()");
});

test("over plain HTTP from another machine nothing is asked of browsers that they refuse there", async () => {
  const { headers } = await booth.nobody().get("/").set("Host", "boothlight.local:8080");
  expect(headers["cross-origin-opener-policy"]).toBeUndefined();
  expect(headers["origin-agent-cluster"]).toBeUndefined();
});

test("whoever signs in over plain HTTP from another machine is told who can read along", async () => {
  const from = async (host: string) => (await booth.nobody().get("/sign-in").set("Host", host)).text;
  expect(await from("boothlight.local:8080")).toContain("Others on this Wi-Fi can read");
  expect(await from("localhost:8080")).not.toContain("Others on this Wi-Fi can read");
  booth.deps.network = { port: 8080, localName: "boothlight.local" };
  expect(await from("boothlight.local:8080")).not.toContain("Go on over a secure connection");
  booth.deps.network.https = { port: 8443, names: ["boothlight.local"] };
  expect(await from("boothlight.local:8080")).toContain("Go on over a secure connection");
});

test("styles and scripts are kept for good, because their address changes with their content", async () => {
  const page = await booth.nobody().get("/");
  const style = /href="(\/assets\/styles\/base\.css\?v=[0-9a-f]{10})"/.exec(page.text)?.[1] as string;
  const answer = await booth.nobody().get(style).expect(200);
  expect(answer.get("Cache-Control")).toBe("public, max-age=31536000, immutable");
});

/** Asks for a path as it stands: other clients resolve its dots before they send it. */
function askFor(path: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    get(new URL(booth.address), { path }, (answer) => {
      let text = "";
      answer.on("data", (chunk) => {
        text += chunk;
      });
      answer.on("end", () => resolve({ status: answer.statusCode as number, text }));
    }).on("error", reject);
  });
}

test.each([
  "/assets/../package.json",
  "/assets/..%2fpackage.json",
  "/assets/%2e%2e/package.json",
  "/assets/..%5cpackage.json",
  "/assets//etc/passwd",
  "/assets/.gitignore",
  "/assets/",
  "/package.json",
  "/src/app.ts",
  "/.git/config",
])("nothing but the public files is handed out: %s", async (path) => {
  const { status, text } = await askFor(path);
  expect([400, 403, 404]).toContain(status);
  expect(text).toContain("Number of this message");
});
