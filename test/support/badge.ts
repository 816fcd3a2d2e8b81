import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import QRCode from "qrcode";
import { prepareZXingModule, type WriteInputBarcodeFormat, writeBarcode } from "zxing-wasm/writer";

/** A code as squares: row by row, 1 is dark. */
export interface CodeSymbol {
  width: number;
  height: number;
  dark: number[];
}

export function qrCode(content: string | Uint8Array): CodeSymbol {
  const { modules } = QRCode.create(
    typeof content === "string" ? content : [{ data: content as Buffer, mode: "byte" }],
    { errorCorrectionLevel: "M" },
  );
  return { width: modules.size, height: modules.size, dark: [...modules.data] };
}

/** A code of another kind: `DataMatrix`, `Code128`. */
export async function codeOf(text: string, format: WriteInputBarcodeFormat): Promise<CodeSymbol> {
  const wasm = readFileSync(require.resolve("zxing-wasm/writer/zxing_writer.wasm"));
  prepareZXingModule({ overrides: { wasmBinary: new Uint8Array(wasm).buffer } });
  const { symbol, error } = await writeBarcode(text, { format });
  if (error) throw new Error(error);
  return {
    width: symbol.width,
    height: symbol.height,
    dark: [...symbol.data].map((shade) => Number(shade === 0)),
  };
}

/** How a badge is photographed. Lengths are in pixels of the photo. */
export interface Shot {
  width?: number;
  height?: number;
  /** How wide the code is, with the quiet space around it. */
  code?: number;
  /** How far the badge is turned, in degrees. */
  turned?: number;
  /** The standard deviation of the blur. */
  blur?: number;
  /** How far the hand moved while the picture was taken. */
  moved?: number;
  /** How much each pixel may be off. */
  noise?: number;
  /** A shadow over one half and glare on the other. */
  isUneven?: boolean;
  /** Light on dark. */
  isInverted?: boolean;
  /** The badge as it hangs: seen from the side. */
  skewed?: number;
  quality?: number;
}

/** A photo of a badge that hangs in front of somebody, 12 megapixels if not told otherwise: a JPEG. */
export async function photograph(page: Page, symbol: CodeSymbol, shot: Shot = {}): Promise<Buffer> {
  const base64 = await page.evaluate(`(${DRAW})(${JSON.stringify({ symbol, shot })})`);
  return Buffer.from(base64 as string, "base64");
}

const DRAW = `async ({ symbol, shot }) => {
  const { width = 4000, height = 3000, code = 1000, turned = 0, blur = 0, noise = 0, quality = 0.7 } = shot;
  const badge = new OffscreenCanvas(width, height).getContext("2d");
  badge.translate(width / 2, height / 2);
  badge.rotate((turned * Math.PI) / 180);
  if (shot.skewed) badge.transform(1, shot.skewed, -shot.skewed / 2, 1, 0, 0);
  const [dark, light] = shot.isInverted ? ["#f2f2f2", "#151515"] : ["#151515", "#fff"];
  badge.fillStyle = "#e8e2d4";
  badge.fillRect(-code * 0.8, -code * 1.1, code * 1.6, code * 2.2);
  badge.fillStyle = "#1d2b45";
  badge.font = "bold " + code / 7 + "px sans-serif";
  badge.fillText("WINTER CAMP", -code * 0.7, -code * 0.8);
  badge.fillText("Ada Byron", -code * 0.7, -code * 0.55);
  // The quiet space is four squares of a code with squares, ten of one with bars.
  const quiet = symbol.height * 3 < symbol.width ? 10 : 4;
  const square = code / (symbol.width + 2 * quiet);
  const tall = square * (symbol.height + 2 * quiet);
  badge.translate(-code / 2, -tall / 2 + code * 0.2);
  badge.fillStyle = light;
  badge.fillRect(0, 0, code, tall);
  badge.fillStyle = dark;
  for (let y = 0; y < symbol.height; y++)
    for (let x = 0; x < symbol.width; x++)
      if (symbol.dark[y * symbol.width + x])
        badge.fillRect((x + quiet) * square, (y + quiet) * square, square + 0.6, square + 0.6);

  const photo = new OffscreenCanvas(width, height).getContext("2d");
  const shirt = photo.createLinearGradient(0, 0, width, height);
  shirt.addColorStop(0, "#7d6a55");
  shirt.addColorStop(1, "#2b3038");
  photo.fillStyle = shirt;
  photo.fillRect(0, 0, width, height);
  photo.filter = blur ? "blur(" + blur + "px)" : "none";
  for (let step = 0; step < 24; step++) {
    if (step > 0 && !shot.moved) break;
    // Each copy over the others with its share: the mean of all of them.
    photo.globalAlpha = 1 / (step + 1);
    photo.drawImage(badge.canvas, ((shot.moved ?? 0) * step) / 23, ((shot.moved ?? 0) * step) / 46);
  }
  photo.globalAlpha = 1;
  photo.filter = "none";
  if (shot.isUneven) {
    const shade = photo.createLinearGradient(0, 0, width, height * 0.7);
    shade.addColorStop(0, "rgba(0, 0, 0, 0.65)");
    shade.addColorStop(0.6, "rgba(0, 0, 0, 0)");
    shade.addColorStop(1, "rgba(255, 255, 255, 0.25)");
    photo.fillStyle = shade;
    photo.fillRect(0, 0, width, height);
  }
  if (noise) {
    const image = photo.getImageData(0, 0, width, height);
    let seed = 7;
    for (let at = 0; at < image.data.length; at += 4) {
      seed = (seed * 1103515245 + 12345) & 0x7fffffff;
      const off = (((seed >> 16) % 1000) / 500 - 1) * noise;
      for (const channel of [0, 1, 2]) image.data[at + channel] += off;
    }
    photo.putImageData(image, 0, 0);
  }
  const blob = await photo.canvas.convertToBlob({ type: "image/jpeg", quality });
  const url = await new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.readAsDataURL(blob);
  });
  return url.slice(url.indexOf(",") + 1);
}`;
