// Writes an animated GIF (version 89a): one palette of the commonest colours for all frames, each compressed by LZW.
const SHADES = 32768; // 5 bits of red, green and blue
const COLOURS = 256;
const CODES = 4096; // of LZW, 12 bits

class Gif {
  constructor(width, height) {
    Object.assign(this, { width, height, frames: [] });
    this.sums = Array.from({ length: 4 }, () => new Float64Array(SHADES)); // red, green, blue, pixels
  }

  // `rgba`: the pixels; `delay` in hundredths of a second.
  add(rgba, delay) {
    const [reds, greens, blues, pixels] = this.sums;
    const bins = new Uint16Array(this.width * this.height);
    for (let i = 0, at = 0; i < bins.length; i++, at += 4) {
      const bin = ((rgba[at] >> 3) << 10) | ((rgba[at + 1] >> 3) << 5) | (rgba[at + 2] >> 3);
      bins[i] = bin;
      reds[bin] += rgba[at];
      greens[bin] += rgba[at + 1];
      blues[bin] += rgba[at + 2];
      pixels[bin]++;
    }
    this.frames.push({ bins, delay });
  }

  // Mean colours of the commonest bins, and for each bin that occurs the nearest of them.
  palette() {
    const pixels = this.sums[3];
    const used = Array.from(pixels.keys()).filter((bin) => pixels[bin]).sort((a, b) => pixels[b] - pixels[a]);
    const mean = (bin) => this.sums.slice(0, 3).map((sum) => Math.round(sum[bin] / pixels[bin]));
    const colours = used.slice(0, COLOURS).map(mean);
    const nearest = new Uint8Array(SHADES);
    used.forEach((bin, rank) => {
      const own = mean(bin);
      const far = (colour) => colour.reduce((sum, value, i) => sum + (value - own[i]) ** 2, 0);
      let least = Infinity;
      if (rank < COLOURS) nearest[bin] = rank;
      else colours.forEach((colour, i) => { if (far(colour) < least) [least, nearest[bin]] = [far(colour), i]; });
    });
    return { colours, nearest };
  }

  // The file; `told` hears of each written frame and may wait, so that the page stays alive.
  async blob(told) {
    const { colours, nearest } = this.palette();
    const short = (value) => [value & 255, value >> 8];
    const table = new Uint8Array(COLOURS * 3);
    colours.forEach((colour, i) => table.set(colour, i * 3));
    const parts = [text89("GIF89a"), Uint8Array.of(...short(this.width), ...short(this.height), 0xf7, 0, 0), table];
    parts.push(Uint8Array.of(0x21, 0xff, 11), text89("NETSCAPE2.0"), Uint8Array.of(3, 1, 0, 0, 0)); // again and again
    for (const [i, { bins, delay }] of this.frames.entries()) {
      parts.push(Uint8Array.of(0x21, 0xf9, 4, 4, ...short(delay), 0, 0));
      parts.push(Uint8Array.of(0x2c, 0, 0, 0, 0, ...short(this.width), ...short(this.height), 0, 8));
      parts.push(...blocks(lzw(bins, nearest)), Uint8Array.of(0));
      await told(i + 1);
    }
    return new Blob([...parts, Uint8Array.of(0x3b)], { type: "image/gif" });
  }
}

const text89 = (text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

// At most 255 bytes each, after their number.
const blocks = (bytes) => {
  const parts = [];
  for (let at = 0; at < bytes.length; at += 255) {
    const some = bytes.subarray(at, at + 255);
    parts.push(Uint8Array.of(some.length), some);
  }
  return parts;
};

// Codes of 9 to 12 bits, lowest bit first; 256 clears the table, 257 ends.
const lzw = (bins, nearest) => {
  const out = new Uint8Array(bins.length * 2 + 16);
  const known = new Int16Array(CODES * COLOURS); // code and next colour → code
  let [at, held, bits, width, next] = [0, 0, 0, 9, 258];
  const put = (code) => {
    held |= code << bits;
    bits += width;
    for (; bits >= 8; bits -= 8, held >>>= 8) out[at++] = held & 255;
  };
  put(256);
  let code = nearest[bins[0]];
  for (let i = 1; i < bins.length; i++) {
    const colour = nearest[bins[i]];
    const found = known[code * COLOURS + colour];
    if (found) { code = found; continue; }
    put(code);
    if (next < CODES) {
      if (next === 1 << width && width < 12) width++;
      known[code * COLOURS + colour] = next++;
    } else {
      put(256);
      known.fill(0);
      [width, next] = [9, 258];
    }
    code = colour;
  }
  put(code);
  if (next === 1 << width && width < 12) width++; // the reader has added a code by now
  put(257);
  if (bits) out[at++] = held & 255;
  return out.subarray(0, at);
};
