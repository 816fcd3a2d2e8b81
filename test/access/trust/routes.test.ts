import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { get } from "node:https";
import request from "supertest";
import { inviteToPair } from "../../../src/access/store";
import { type Booth, openBooth, PASSPHRASE } from "../../support/booth";
import { NOON } from "../../support/databases";
import { openTrustedBooth, type TrustedBooth } from "../../support/trusted";

const IPAD = "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1";

describe("at a booth with a certificate of its own authority", () => {
  let booth: TrustedBooth;
  beforeEach(async () => {
    booth = await openTrustedBooth();
  });
  afterEach(() => booth.close());

  const authority = () => new X509Certificate(readFileSync(booth.authorityFile));
  const securePort = () => new URL(booth.secureAddress).port;
  const newCode = () =>
    booth.db.write((writer) => inviteToPair(writer, { eventId: booth.eventId, boothId: null }, NOON));

  test("the page has the certificate, its fingerprint, and the steps of the device that asks first", async () => {
    const page = await booth.nobody().get("/trust").set("User-Agent", IPAD).expect(200);
    expect(page.text.replace(/<\/?span>|\s/g, "")).toContain(authority().fingerprint256.replaceAll(":", ""));
    expect([...page.text.matchAll(/data-system="(\w+)"( open)?/g)].map((found) => found.slice(1))).toEqual([
      ["apple", " open"],
      ["android", undefined],
      ["laptop", undefined],
    ]);
  });

  test("anyone gets the certificate, as a file that Android keeps and an iPad takes for a profile; never the key", async () => {
    const answer = await booth.nobody().get("/trust/certificate").responseType("blob").expect(200);
    expect(answer.get("Content-Type")).toBe("application/x-x509-ca-cert");
    expect(answer.get("Content-Disposition")).toMatch(/^attachment; filename="?boothlight[a-z0-9-]*\.crt"?$/);
    expect(new X509Certificate(answer.body).fingerprint256).toBe(authority().fingerprint256);
  });

  test("the check answers over HTTPS, for a page of plain HTTP to ask, and tells nothing else", async () => {
    const answer = await new Promise<{ headers: Record<string, unknown>; text: string }>(
      (resolve, reject) => {
        const ca = readFileSync(booth.authorityFile);
        get(`${booth.secureAddress}/trust/check`, { ca, agent: false }, (response) => {
          let text = "";
          response.on("data", (chunk) => {
            text += chunk;
          });
          response.on("end", () => resolve({ headers: response.headers, text }));
        }).on("error", reject);
      },
    );
    expect(answer.headers["access-control-allow-origin"]).toBe("*");
    expect(answer.headers["access-control-allow-credentials"]).toBeUndefined();
    expect(JSON.parse(answer.text)).toEqual({ status: "ok" });
  });

  test("no other address lets another site read", async () => {
    for (const path of ["/trust", "/trust/certificate", "/", "/healthz"]) {
      const answer = await booth.nobody().get(path).set("Origin", "http://evil.example");
      expect(answer.get("Access-Control-Allow-Origin")).toBeUndefined();
    }
  });

  test("the page may ask the secure addresses of the laptop, and no other page may", async () => {
    const policy = async (path: string) => (await booth.nobody().get(path)).get("Content-Security-Policy");
    expect(await policy("/trust")).toMatch(
      new RegExp(`;connect-src 'self' https://127\\.0\\.0\\.1:${securePort()}$`),
    );
    expect(await policy("/")).not.toContain("connect-src");
  });

  test("it leads on to a page of this booth alone", async () => {
    const links = async (next: string) => {
      const { text } = await booth.nobody().get("/trust").query({ next }).expect(200);
      return [...text.matchAll(/<a [^>]*href="([^"]+)"[^>]*>/g)].map((found) => found[1] as string);
    };
    expect(await links("/pair/abc")).toContain(`https://127.0.0.1:${securePort()}/pair/abc`);
    for (const next of [
      "https://evil.example",
      "//evil.example",
      "/\\evil.example",
      "evil",
      "javascript:alert(1)",
    ]) {
      const found = await links(next);
      expect(found).toContain(`https://127.0.0.1:${securePort()}/`);
      expect(found.join()).not.toContain("evil");
    }
  });

  test("a page that came over HTTPS says that it is trusted", async () => {
    const page = await request(booth.secure.server).get("/trust?next=/capture").trustLocalhost().expect(200);
    expect(page.text).toContain("Trusted ✔");
    expect(page.text).toMatch(/<a [^>]*href="\/capture" data-on/);
    expect(page.text).not.toContain("Not trusted yet</h2>\n    <p>Follow");
  });

  describe("the organizer's page", () => {
    const shown = async (query = "") => {
      const organizer = await booth.organizer();
      const { text } = await organizer.get(`/pair${query}`).expect(200);
      return { text, address: new URL(/href="([^"]+)" data-pairing-address/.exec(text)?.[1] as string) };
    };

    test("pairs at once over the plain address, and says what that leaves out", async () => {
      const { text, address } = await shown();
      expect(address.href).toMatch(new RegExp(`^${booth.address}/pair/[a-z2-9]{20}$`));
      expect(text).toContain("Everything works but starting without network");
      expect(text).toContain(`https://127.0.0.1:${securePort()}/pair/`);
    });

    test("leads through trusting it first where that is chosen, and keeps the choice", async () => {
      const { text, address } = await shown("?way=trusted&booth=lounge");
      expect(address.href).toMatch(new RegExp(`^${booth.address}/trust\\?next=/pair/[a-z2-9]{20}$`));
      expect(text).toContain('href="/pair?event=winter-camp&amp;booth=hall&amp;way=trusted"');
      const code = address.href.split("/").at(-1);
      await booth.nobody().get(`/pair/${code}`).expect(200);
    });

    test("shows the fingerprint to compare", async () => {
      const { text } = await shown();
      expect(text.replace(/<\/?span>|\s/g, "")).toContain(authority().fingerprint256.replaceAll(":", ""));
    });

    test("shows the plain address to tablets also where the organizer came over HTTPS", async () => {
      const agent = request.agent(booth.secure.server, { ca: readFileSync(booth.authorityFile) });
      await agent.post("/session").type("form").send({ passphrase: PASSPHRASE }).expect(303);
      const { text } = await agent.get("/pair").expect(200);
      expect(text).toContain(`href="${booth.address}/pair/`);
    });
  });

  describe("a tablet that is about to be paired", () => {
    const pairingPage = async (host?: string) => {
      const asked = booth.nobody().get(`/pair/${await newCode()}`);
      return (await (host ? asked.set("Host", host) : asked).expect(200)).text;
    };

    test("is told over plain HTTP what it does without, and how it can trust the laptop first", async () => {
      const text = await pairingPage(`192.0.2.7:${new URL(booth.address).port}`);
      expect(text).toContain("This is the plain address.");
      expect(text).toMatch(/href="\/trust\?next=\/pair\/[a-z2-9]{20}"/);
    });

    test("is told over HTTPS that it is trusted", async () => {
      const page = await request(booth.secure.server)
        .get(`/pair/${await newCode()}`)
        .trustLocalhost();
      expect(page.text).toContain("This connection is trusted");
      // The way to the steps is there for a browser that was only talked into the page, which its script finds out.
      const [, untrusted = ""] = page.text.split(/<div [^>]*data-state="talked-into" hidden>/);
      expect(untrusted).toContain("/trust?next=");
      expect(page.text.replace(untrusted, "")).not.toContain("/trust?next=");
    });

    test("is told the same on the laptop itself, which browsers trust anyway", async () => {
      expect(await pairingPage(`localhost:${new URL(booth.address).port}`)).toContain(
        "This connection is trusted",
      );
    });
  });
});

describe("at a booth", () => {
  let booth: Booth;
  afterEach(() => booth.close());

  test("without HTTPS the page says so, and leads on", async () => {
    booth = await openBooth();
    const page = await booth.nobody().get("/trust?next=/capture").expect(200);
    expect(page.text).toContain("This booth has no secure address");
    expect(page.text).toContain('href="/capture"');
    expect(page.text).not.toContain("/trust/certificate");
    await booth.nobody().get("/trust/certificate").expect(404);
    const organizer = await booth.organizer();
    expect((await organizer.get("/pair")).text).not.toContain("Trust first");
  });

  test("behind a proxy with HTTPS there is nothing to trust: QR codes show PUBLIC_URL, and its pages are trusted", async () => {
    booth = await openBooth({ config: { publicUrl: "https://booth.example.org" } });
    booth.deps.network = {
      port: 8080,
      https: { port: 8443, names: ["localhost"], authority: anAuthority() },
    };
    const page = await booth.nobody().get("/trust").set("X-Forwarded-Proto", "https").expect(200);
    expect(page.text).toContain("Trusted ✔");
    expect(page.text).not.toContain("/trust/certificate");
    const plain = await booth.nobody().get("/trust").expect(200);
    expect(plain.text).toContain("https://booth.example.org");
    const organizer = await booth.organizer();
    const { text } = await organizer.get("/pair").expect(200);
    expect(text).toMatch(/href="https:\/\/booth\.example\.org\/pair\/[a-z2-9]{20}" data-pairing-address/);
    expect(text).not.toContain("Trust first");
  });

  test("with a certificate of its owner's, tablets are led to its name, and there is nothing to trust", async () => {
    booth = await openBooth({ config: { host: "" } });
    booth.deps.network = { port: 8080, https: { port: 8443, names: ["booth.example.org"] } };
    const organizer = await booth.organizer();
    const { text } = await organizer.get("/pair").expect(200);
    expect(text).toMatch(
      /href="https:\/\/booth\.example\.org:8443\/pair\/[a-z2-9]{20}" data-pairing-address/,
    );
    expect(text).toContain("booth.example.org (HTTPS)");
    expect(text).not.toContain("Trust first");
    const page = await booth.nobody().get("/trust?next=/capture").expect(200);
    expect(page.text).toContain("https://booth.example.org:8443/capture");
    expect(page.text).not.toContain("/trust/certificate");
  });

  test("that has a name on its network, the organizer can choose it", async () => {
    booth = await openBooth({ config: { host: "" } });
    booth.deps.network = { port: 8080, localName: "boothlight-2.local" };
    const organizer = await booth.organizer();
    const { text } = await organizer.get("/pair?address=http://boothlight-2.local:8080").expect(200);
    expect(text).toMatch(/href="http:\/\/boothlight-2\.local:8080\/pair\/[a-z2-9]{20}" data-pairing-address/);
  });
});

function anAuthority() {
  return { name: "Boothlight on lamp", der: Buffer.of(1), fingerprint: "00:11" };
}
