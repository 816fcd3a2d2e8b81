/** A picture in shades of grey, row by row. */
export interface Gray {
  data: Uint8ClampedArray;
  width: number;
  height: number;
}

/** What a canvas gives: four bytes a pixel. */
export interface Pixels {
  data: Uint8ClampedArray;
  width: number;
  height: number;
}

/** The brightness of each pixel, weighted as eyes do (ITU-R BT.601). */
export function toGray({ data, width, height }: Pixels): Gray {
  const gray = new Uint8ClampedArray(width * height);
  for (let at = 0, from = 0; at < gray.length; at++, from += 4) {
    gray[at] =
      ((data[from] as number) * 77 + (data[from + 1] as number) * 150 + (data[from + 2] as number) * 29) >> 8;
  }
  return { data: gray, width, height };
}

export function toPixels({ data, width, height }: Gray): Pixels {
  const pixels = new Uint8ClampedArray(data.length * 4).fill(255);
  for (let from = 0, at = 0; from < data.length; from++, at += 4) {
    const shade = data[from] as number;
    pixels[at] = shade;
    pixels[at + 1] = shade;
    pixels[at + 2] = shade;
  }
  return { data: pixels, width, height };
}

/**
 * The picture made smaller, so that its longer side has at most `side` pixels. Each pixel is the mean of those that it
 * stands for: noise goes, edges stay.
 */
export function shrunk(picture: Gray, side: number): Gray {
  const scale = Math.max(picture.width, picture.height) / side;
  if (scale <= 1) return picture;
  const width = Math.max(1, Math.round(picture.width / scale));
  const height = Math.max(1, Math.round(picture.height / scale));
  const narrow = shrunkRows(picture, width);
  return turned(shrunkRows(turned(narrow), height));
}

function shrunkRows({ data, width, height }: Gray, becomes: number): Gray {
  const scale = width / becomes;
  const result = new Uint8ClampedArray(becomes * height);
  const parts = new Float32Array(Math.ceil(scale) + 1);
  for (let x = 0; x < becomes; x++) {
    const start = x * scale;
    const end = Math.min(width, start + scale);
    const first = Math.floor(start);
    const count = Math.min(width, Math.ceil(end)) - first;
    // How much of each pixel lies between start and end.
    for (let part = 0; part < count; part++) {
      const inside = Math.min(first + part + 1, end) - Math.max(first + part, start);
      parts[part] = inside / (end - start);
    }
    for (let y = 0; y < height; y++) {
      let sum = 0;
      for (let part = 0, from = y * width + first; part < count; part++, from++) {
        sum += (data[from] as number) * (parts[part] as number);
      }
      result[y * becomes + x] = sum;
    }
  }
  return { data: result, width: becomes, height };
}

/** Rows and columns exchanged. */
function turned({ data, width, height }: Gray): Gray {
  const result = new Uint8ClampedArray(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) result[x * height + y] = data[y * width + x] as number;
  }
  return { data: result, width: height, height: width };
}

/**
 * Takes back a blur, as of a hand that moved or a lens that was not sharp, by Van Cittert's iteration: what blurring
 * the guess lacks of the picture is added to the guess. `radius` is the blur's standard deviation in pixels; a guess
 * near it is enough. Noise grows with the rounds.
 * P. A. Jansson, Deconvolution of Images and Spectra (1997), chapter 4.
 */
export function deblurred({ data, width, height }: Gray, radius: number, rounds: number): Gray {
  const guess = Float32Array.from(data);
  const blur = new Float32Array(data.length);
  const between = new Float32Array(data.length);
  // Two means over a square of this size have nearly the spread of the bell curve.
  const reach = Math.max(1, Math.round((Math.sqrt(6 * radius * radius + 1) - 1) / 2));
  for (let round = 0; round < rounds; round++) {
    mean(guess, between, width, height, reach);
    mean(between, blur, width, height, reach);
    for (let at = 0; at < guess.length; at++) {
      const next = (guess[at] as number) + STEP * ((data[at] as number) - (blur[at] as number));
      guess[at] = next < 0 ? 0 : next > 255 ? 255 : next;
    }
  }
  return { data: Uint8ClampedArray.from(guess), width, height };
}

/** How much of what is lacking is added at once: below 2 the iteration holds. */
const STEP = 1.5;

/** Each pixel becomes the mean of the square around it, `reach` pixels to each side; the border repeats. */
function mean(from: Float32Array, to: Float32Array, width: number, height: number, reach: number): void {
  const sums = new Float32Array(width);
  // Where the square's edges are, kept inside the picture: once and not for each pixel.
  const inRow = (x: number) => Math.min(width - 1, Math.max(0, x));
  const row = (y: number) => Math.min(height - 1, Math.max(0, y)) * width;
  const come = Int32Array.from(sums, (_, x) => inRow(x + reach + 1));
  const gone = Int32Array.from(sums, (_, x) => inRow(x - reach));
  for (let y = -reach; y <= reach; y++) {
    for (let x = 0, at = row(y); x < width; x++, at++) sums[x] = (sums[x] as number) + (from[at] as number);
  }
  const area = (2 * reach + 1) ** 2;
  for (let y = 0; y < height; y++) {
    let sum = 0;
    for (let x = -reach; x <= reach; x++) sum += sums[inRow(x)] as number;
    for (let x = 0, at = y * width; x < width; x++, at++) {
      to[at] = sum / area;
      sum += (sums[come[x] as number] as number) - (sums[gone[x] as number] as number);
    }
    for (let x = 0, below = row(y + reach + 1), above = row(y - reach); x < width; x++, below++, above++) {
      sums[x] = (sums[x] as number) + (from[below] as number) - (from[above] as number);
    }
  }
}
