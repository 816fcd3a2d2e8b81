import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import en from "../../src/languages/en.json";
import { type CodeSymbol, codeOf, photograph, qrCode, type Shot } from "../support/badge";
import { type Booth, openBooth } from "../support/booth";
import { faultsOf, launchOptions, openBrowser, pairedContext } from "../support/browser";

const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const CARD = [
  ...["BEGIN:VCARD", "VERSION:3.0", "N:Byron;Ada;;;", "FN:Ada Byron", "ORG:Analytical Engines"],
  ...["TITLE:Programmer", "EMAIL;type=WORK:ada@engines.example", "TEL;type=CELL:+44 20 7946 0001"],
  ...["URL:https://engines.example/ada", "END:VCARD"],
].join("\r\n");
const ADA = {
  name: "Ada Byron",
  organization: "Analytical Engines",
  role: "Programmer",
  email: "ada@engines.example",
  phone: "+44 20 7946 0001",
  website: "https://engines.example/ada",
};

const folder = mkdtempSync(path.join(tmpdir(), "boothlight-scanner-"));
const film = path.join(folder, "badge.mjpeg");
let browser: Browser;
let booth: Booth;
let context: BrowserContext;
let page: Page;
let faults: string[];

/** Without a camera, as most desks are. */
const openTablet = async (address = booth.address) => {
  context = await pairedContext(browser, booth);
  faults = faultsOf(context);
  page = await context.newPage();
  await page.addInitScript(`
    tracks = [];
    const media = navigator.mediaDevices;
    if (media) {
      const ask = media.getUserMedia.bind(media);
      media.getUserMedia = async (wish) => {
        const stream = await ask(wish);
        tracks.push(...stream.getTracks());
        return stream;
      };
    }
  `);
  await page.goto(`${address}/`);
};

/** Opens the scanner as the page does; `result` is there once it is closed. */
async function openScanner(options: object = {}): Promise<void> {
  await page.evaluate(`(async () => {
    const messages = ${JSON.stringify(en)};
    const at = document.querySelector("[data-capture]").dataset;
    const { openScanner } = await import(at.scanner);
    result = "open";
    openScanner({
      say: (key, values = {}) => messages[key].replace(/{{(\\w+)}}/g, (_, name) => values[name]),
      worker: at.scannerWorker,
      wasm: at.scannerWasm,
      styles: at.scannerStyles,
      trust: "/trust?next=/capture",
      ...${JSON.stringify(options)},
    }).then((given) => { result = given; });
  })()`);
  await dialog().waitFor();
}

const dialog = () => page.getByRole("dialog", { name: "Scan badge or card" });
const status = (words: string | RegExp) => dialog().getByRole("status").filter({ hasText: words }).waitFor();
const press = (name: string) => dialog().getByRole("button", { name }).click();
const result = async () => {
  await dialog().waitFor({ state: "detached" });
  // The dialog is gone a moment before whoever opened it is told.
  while ((await page.evaluate("result")) === "open") await page.waitForTimeout(20);
  return (await page.evaluate("result")) as { contact: object; rest?: string; scanned: object } | undefined;
};
/** Hands a photo over, as the tablet's camera or the file chooser does. */
async function take(photo: Buffer, way = "Take a photo"): Promise<void> {
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), press(way)]);
  await chooser.setFiles({ name: "badge.jpg", mimeType: "image/jpeg", buffer: photo });
}
const cameraRuns = () => page.evaluate(`tracks.some((track) => track.readyState === "live")`);
async function violations(): Promise<unknown[]> {
  // Its own script is not the page's: the policy need not let it in.
  await page.evaluate(AXE);
  return (await page.evaluate(
    `axe.run("dialog", { resultTypes: ["violations"] }).then((found) => found.violations)`,
  )) as unknown[];
}

beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());
beforeEach(async () => {
  booth = await openBooth();
});
afterEach(async () => {
  await context.close();
  await booth.close();
  expect(faults).toEqual([]);
});

describe("from a photo", () => {
  beforeEach(() => openTablet());

  test("a badge fills the contact, after a look at what was understood", async () => {
    const photo = await photograph(page, qrCode(CARD), { turned: 7, blur: 3, noise: 12, isUneven: true });
    await openScanner();
    await status("No camera was found here.");
    await take(photo);
    await status("Is this right?");
    for (const value of Object.values(ADA)) await dialog().getByText(value, { exact: true }).waitFor();
    expect(await violations()).toEqual([]);
    await press("Use");
    expect(await result()).toEqual({ contact: ADA, scanned: { contact: ADA } });
  });

  test("what the contact has already is never overwritten, and the page says so before", async () => {
    const photo = await photograph(page, qrCode(CARD), { width: 1600, height: 1200, code: 600 });
    await openScanner({
      contact: { name: "Ada King", email: "ada@engines.example", consent: ["follow-up"] },
    });
    await take(photo, "Choose a picture");
    await dialog().getByText("“Ada King” stays here").waitFor();
    await press("Use");
    expect(await result()).toMatchObject({
      contact: { ...ADA, name: "Ada King", note: "Also: name: Ada Byron", consent: ["follow-up"] },
    });
  });

  test("a picture without a code says what helps, and the next one is read", async () => {
    const shirt = await photograph(page, { width: 1, height: 1, dark: [0] }, { code: 300, noise: 8 });
    const badge = await photograph(page, qrCode(CARD), { width: 1600, height: 1200, code: 500 });
    await openScanner();
    await page.evaluate("ticks = 0; ticking = setInterval(() => ticks++, 20)");
    await take(shirt);
    await dialog().getByRole("progressbar", { name: "Looking for a code" }).waitFor();
    await status("No code found. Closer, flatter, more light?");
    // The page's own thread was free meanwhile: it did not stand still for longer than a quarter of the time.
    expect(await page.evaluate("ticks")).toBeGreaterThan(20);
    await take(badge);
    await status("Is this right?");
    await press("Scan again");
    await take(badge);
    await status("Is this right?");
    await press("Close");
    expect(await result()).toBeUndefined();
  });

  const TWELVE_MEGAPIXELS: [string, Shot][] = [
    ["sharp, small and from afar", { code: 320, turned: -4, noise: 10 }],
    [
      "turned by a third of a circle and seen from the side",
      { code: 700, turned: -118, skewed: 0.2, blur: 2 },
    ],
    [
      "blurred by half a square, in uneven light, with noise",
      { code: 1200, turned: 17, blur: 9, noise: 15, isUneven: true },
    ],
    ["near, and blurred as near things are", { code: 1800, turned: 8, blur: 15, noise: 15, isUneven: true }],
    ["far, and blurred", { code: 600, turned: 12, blur: 4.5, noise: 15, isUneven: true }],
    ["by a hand that moved by a whole square", { code: 1200, turned: 5, moved: 19, noise: 12 }],
    ["light on dark", { code: 900, turned: 3, blur: 4, isInverted: true }],
    ["pressed hard by a messenger", { code: 900, turned: 6, blur: 3, quality: 0.2 }],
  ];
  test.each(TWELVE_MEGAPIXELS)("a badge is read %s", async (_, shot) => {
    const photo = await photograph(page, qrCode(CARD), shot);
    await openScanner();
    await take(photo);
    await status("Is this right?");
    await dialog().getByText("ada@engines.example").waitFor();
  });

  const OTHERS: [string, () => Promise<CodeSymbol>, object][] = [
    ["Code 128", () => codeOf("WC24-004711", "Code128"), { badge: "WC24-004711" }],
    ["Data Matrix", () => codeOf("WC24-004711", "DataMatrix"), { badge: "WC24-004711" }],
    ["Aztec", () => codeOf("WC24-004711", "Aztec"), { badge: "WC24-004711" }],
    ["PDF417", () => codeOf("WC24-004711", "PDF417"), { badge: "WC24-004711" }],
    ["EAN", () => codeOf("4006381333931", "EAN13"), { badge: "4006381333931" }],
    [
      "a QR code in ISO-8859-1",
      async () => qrCode(Buffer.from("MECARD:N:Müller,Jörg;;", "latin1")),
      { name: "Jörg Müller" },
    ],
    [
      "a card in windows-1252",
      async () =>
        qrCode(
          "BEGIN:VCARD\nVERSION:2.1\nFN;CHARSET=windows-1252;ENCODING=QUOTED-PRINTABLE:Ada =96 Byron\nEND:VCARD",
        ),
      { name: "Ada – Byron" },
    ],
    [
      "a card in Shift_JIS",
      async () =>
        qrCode(
          Buffer.concat([
            Buffer.from("MECARD:N:"),
            Buffer.from([0x8e, 0x52, 0x93, 0x63, 0x2c, 0x91, 0xbe, 0x98, 0x59]),
            Buffer.from(";TEL:0905550100;;"),
          ]),
        ),
      { name: "山田 太郎", phone: "0905550100" },
    ],
  ];
  test.each(OTHERS)("%s is read", async (_, symbol, contact) => {
    const photo = await photograph(page, await symbol(), {
      width: 2000,
      height: 1500,
      code: 900,
      turned: 3,
      noise: 5,
    });
    await openScanner();
    await take(photo);
    await status("Is this right?");
    await press("Use");
    expect((await result())?.contact).toEqual(contact);
  });

  test("a file that is no picture, and a reader that does not load, are told", async () => {
    await openScanner();
    await take(Buffer.from("not a picture"));
    await status("This picture cannot be opened here.");
    await press("Close");
    expect(await result()).toBeUndefined();

    const photo = await photograph(page, qrCode("x"), { width: 400, height: 300, code: 200 });
    await openScanner({ wasm: "/assets/built/nothing.wasm" });
    await take(photo);
    await status("The scanner could not be loaded");
    await page.keyboard.press("Escape");
    expect(await result()).toBeUndefined();
    // The reader's own words for the developer.
    faults.splice(0);
  });

  test("the keyboard is enough, and its keys log no visit in here", async () => {
    await openScanner();
    await status("No camera was found here.");
    expect(await page.evaluate("document.activeElement.textContent.trim()")).toBe("Take a photo");
    await page.keyboard.press("1");
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.textContent.trim()")).toBe("Choose a picture");
    expect(await page.evaluate(`getComputedStyle(document.activeElement).outlineStyle`)).toBe("solid");
    await page.keyboard.press("Escape");
    expect(await result()).toBeUndefined();
    expect(await booth.db.read.selectFrom("visits").select("id").execute()).toEqual([]);
  });

  test("only the reader may run WebAssembly, and all of the scanner comes from the laptop", async () => {
    const policy = async (file: string) =>
      (await booth.nobody().get(`/assets/built/${file}`)).headers["content-security-policy"];
    expect(await policy("scan-worker.js")).toContain("script-src 'self' 'wasm-unsafe-eval';");
    expect(await policy("scanner.js")).not.toContain("wasm");
    expect((await booth.nobody().get("/")).headers["content-security-policy"]).not.toContain("wasm");

    const asked: string[] = [];
    context.on("request", (request) => asked.push(request.url()));
    const photo = await photograph(page, qrCode("x"), { width: 400, height: 300, code: 200 });
    await openScanner();
    await take(photo);
    await status("Is this right?");
    expect(new Set(asked.filter((address) => address.includes(".wasm"))).size).toBe(1);
    expect(asked.filter((address) => !/^(?:http:\/\/127\.0\.0\.1|blob:|data:)/.test(address))).toEqual([]);
  });
});

describe("from the live camera", () => {
  let cinema: Browser;

  beforeAll(async () => {
    const painter = await browser.newPage();
    const frame = await photograph(painter, qrCode(CARD), {
      width: 1280,
      height: 720,
      code: 420,
      turned: 9,
      noise: 10,
    });
    await painter.close();
    writeFileSync(film, Buffer.concat(Array<Buffer>(20).fill(frame)));
    cinema = await openBrowser({
      args: [
        ...launchOptions().args,
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        `--use-file-for-fake-video-capture=${film}`,
        "--host-resolver-rules=MAP booth.example 127.0.0.1",
      ],
    });
  });
  afterAll(async () => {
    await cinema.close();
    rmSync(folder, { recursive: true });
  });
  beforeEach(async () => {
    const still = browser;
    browser = cinema;
    await openTablet();
    browser = still;
  });

  test("a badge that is held up is read, and the camera is off again", async () => {
    await openScanner();
    await status("Is this right?");
    expect(await cameraRuns()).toBe(false);
    await press("Use");
    expect((await result())?.contact).toEqual(ADA);
  });

  test("the camera stops while the page is hidden and when the scanner is closed", async () => {
    // A reader that never answers: the camera goes on looking.
    await page.route("**/silent.js", (route) => route.fulfill({ contentType: "text/javascript", body: "" }));
    await openScanner({ worker: "/silent.js" });
    await status("Hold the code in the frame.");
    expect(await cameraRuns()).toBe(true);
    const setHidden = (hidden: boolean) =>
      page.evaluate(`
        Object.defineProperty(document, "hidden", { get: () => ${hidden}, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      `);
    await setHidden(true);
    expect(await cameraRuns()).toBe(false);
    await setHidden(false);
    while (!(await cameraRuns())) await page.waitForTimeout(20);
    await status("Hold the code in the frame.");
    expect(await violations()).toEqual([]);
    await press("Close");
    await result();
    expect(await cameraRuns()).toBe(false);
  });

  test("an address that is not trusted, and a camera that is refused, are explained", async () => {
    const { port } = new URL(booth.address);
    const token = (await context.cookies())[0]?.value as string;
    await context.addCookies([
      { name: "boothlight_device", value: token, url: `http://booth.example:${port}` },
    ]);
    await page.goto(`http://booth.example:${port}/`);
    await openScanner();
    await status("The live camera needs the trusted address.");
    const link = dialog().getByRole("link", { name: "Set up the trusted address" });
    expect(await link.getAttribute("href")).toBe("/trust?next=/capture");
    expect(await violations()).toEqual([]);
    const photo = await photograph(page, qrCode(CARD), { width: 1280, height: 960, code: 500 });
    await take(photo);
    await status("Is this right?");
    await press("Close");

    await page.goto(`${booth.address}/`);
    await page.evaluate(
      `navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("no", "NotAllowedError"); }`,
    );
    await openScanner();
    await status("This page may not use the camera.");
    await press("Close");
    await result();
  });
});
