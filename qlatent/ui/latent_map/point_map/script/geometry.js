// Where the points are: quantised places of all frames in a shuffled order, and the grid that finds the nearest one.
const NOWHERE = -32768;
const CELLS = 256; // of the grid, along each side

const gcd = (a, b) => (b ? gcd(b, a % b) : a);

// Rows are visited in steps of about n / golden ratio: any first part of the slots is a sample spread over all rows.
class Shuffle {
  constructor(n) {
    this.n = n;
    this.stride = Math.max(1, Math.floor(n * 0.6180339887));
    while (gcd(n, this.stride) > 1) this.stride++;
    let [a, b, x, y] = [this.stride, n, 1, 0]; // extended Euclid: stride * x = 1 modulo n
    while (b) [a, b, x, y] = [b, a % b, y, x - Math.floor(a / b) * y];
    this.back = n > 1 ? ((x % n) + n) % n : 0;
  }

  row(slot) { return (slot * this.stride) % this.n; }

  slot(row) { return (row * this.back) % this.n; }

  // Values by row (width each) → by slot.
  spread(values, width = 1) {
    const { n, stride } = this;
    const out = new values.constructor(values.length);
    for (let block = 0; block < values.length; block += n * width) {
      for (let slot = 0, row = 0, at = block; slot < n; slot++, row = row + stride >= n ? row + stride - n : row + stride) {
        for (let i = 0, from = block + row * width; i < width; i++) out[at++] = values[from++];
      }
    }
    return out;
  }
}

class Geometry {
  constructor(header, bytes) {
    Object.assign(this, { tag: header.tag, points: header.points, axes: header.axes, frames: header.frames });
    this.low = header.low;
    this.step = header.step;
    const widest = Math.max(...header.step);
    this.ratio = header.step.map((step) => step / widest); // world units for each quantised unit
    this.shuffle = new Shuffle(this.points);
    const values = new Int16Array(bytes.buffer, bytes.byteOffset, this.frames * this.points * this.axes);
    this.places = this.shuffle.spread(values, this.axes);
  }

  frame(number) {
    const size = this.points * this.axes;
    return this.places.subarray(number * size, (number + 1) * size);
  }

  // Coordinates in quantised units at a time between two frames.
  place(slot, time) {
    const [from, to] = [this.frame(Math.floor(time)), this.frame(Math.ceil(time))];
    const mix = time - Math.floor(time);
    const at = slot * this.axes;
    if (from[at] === NOWHERE || to[at] === NOWHERE) return null;
    return Array.from({ length: this.axes }, (_, i) => from[at + i] + (to[at + i] - from[at + i]) * mix);
  }

  // What the points of a frame occupy, in world units; 1 in 200 at each end is left out where there are many.
  bounds(number) {
    const places = this.frame(number);
    const sample = Math.min(this.points, 20000);
    return this.ratio.map((ratio, axis) => {
      const values = [];
      for (let slot = 0; slot < sample; slot++) {
        if (places[slot * this.axes] !== NOWHERE) values.push(places[slot * this.axes + axis]);
      }
      values.sort((a, b) => a - b);
      const cut = values.length > 1000 ? Math.floor(values.length / 500) : 0;
      const [least, most] = values.length ? [values[cut], values[values.length - 1 - cut]] : [0, 0];
      return [least * ratio, most * ratio];
    });
  }
}

// Finds the nearest drawn point without the graphics card: slots sorted by the cell they lie in.
class Grid {
  constructor(values, stride, count) {
    Object.assign(this, { values, stride });
    this.start = new Int32Array(CELLS * CELLS + 1);
    this.slots = new Int32Array(count);
    const cell = (slot) => ((values[slot * stride + 1] + 32768) >> 8) * CELLS + ((values[slot * stride] + 32768) >> 8);
    for (let slot = 0; slot < count; slot++) this.start[cell(slot) + 1]++;
    for (let i = 0; i < CELLS * CELLS; i++) this.start[i + 1] += this.start[i];
    const next = this.start.slice();
    for (let slot = 0; slot < count; slot++) this.slots[next[cell(slot)]++] = slot;
  }

  range(low, high) {
    const at = (value) => Math.min(Math.max((Math.floor(value) + 32768) >> 8, 0), CELLS - 1);
    return [at(low), at(high)];
  }

  // The slot nearest to (x, y) within `reach` pixels, or -1; `scale` are pixels for each unit, `shown` says what counts.
  nearest(x, y, reach, scale, shown) {
    const [x0, x1] = this.range(x - reach / scale[0], x + reach / scale[0]);
    const [y0, y1] = this.range(y - reach / scale[1], y + reach / scale[1]);
    let best = reach * reach;
    let found = -1;
    for (let row = y0; row <= y1; row++) {
      for (let i = this.start[row * CELLS + x0]; i < this.start[row * CELLS + x1 + 1]; i++) {
        const slot = this.slots[i];
        const dx = (this.values[slot * this.stride] - x) * scale[0];
        const dy = (this.values[slot * this.stride + 1] - y) * scale[1];
        const far = dx * dx + dy * dy;
        if (far <= best && this.values[slot * this.stride] !== NOWHERE && shown(slot)) [best, found] = [far, slot];
      }
    }
    return found;
  }

  // How many points lie in the cells that a box touches.
  count(left, bottom, right, top) {
    if (right < -32768 || left > 32767 || top < -32768 || bottom > 32767) return 0;
    const [x0, x1] = this.range(left, right);
    const [y0, y1] = this.range(bottom, top);
    let sum = 0;
    for (let row = y0; row <= y1; row++) sum += this.start[row * CELLS + x1 + 1] - this.start[row * CELLS + x0];
    return sum;
  }

  // The slots in a box, at most `limit`.
  within(left, bottom, right, top, limit) {
    const [x0, x1] = this.range(left, right);
    const [y0, y1] = this.range(bottom, top);
    const found = [];
    for (let row = y0; row <= y1; row++) {
      for (let i = this.start[row * CELLS + x0]; i < this.start[row * CELLS + x1 + 1]; i++) {
        const slot = this.slots[i];
        const [x, y] = [this.values[slot * this.stride], this.values[slot * this.stride + 1]];
        if (x !== NOWHERE && x >= left && x <= right && y >= bottom && y <= top) found.push(slot);
        if (found.length > limit) return found;
      }
    }
    return found;
  }
}
