import type { Pixels } from "./pixels";
import { LONGEST_SIDE } from "./reading";

/** The pixels of a picture, turned as the camera says, no larger than a reader has use for. Closes a bitmap. */
export async function pixelsOf(
  source: Blob | ImageBitmap,
  contextOf: (width: number, height: number) => OffscreenCanvasRenderingContext2D,
): Promise<Pixels> {
  const bitmap = source instanceof Blob ? await createImageBitmap(source) : source;
  const scale = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  const width = Math.max(1, Math.round(bitmap.width * scale));
  const height = Math.max(1, Math.round(bitmap.height * scale));
  const context = contextOf(width, height);
  context.imageSmoothingQuality = "high";
  // What is see-through in a drawing is paper.
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  return context.getImageData(0, 0, width, height);
}
