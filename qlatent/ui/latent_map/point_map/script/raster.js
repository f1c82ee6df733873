// Draws points with the processor, into an image: where there is no WebGL2, or only an emulated one, which is slower.
const SELECTED = 1;
const CHUNK = 250000; // points drawn before the browser gets a turn

class Raster {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false, willReadFrequently: true });
    this.speed = 100000; // points that fit into one moving picture; measured while drawing
  }

  // `points`: codes, states and sizes by slot; their arrays are read as they are now.
  load(points) { this.points = points; }

  fit(view) {
    const { canvas } = this;
    const [width, height] = [Math.max(1, Math.round(view.width * view.dpr)), Math.max(1, Math.round(view.height * view.dpr))];
    if (canvas.width !== width || canvas.height !== height || !this.image) {
      [canvas.width, canvas.height] = [this.wide, this.tall] = [width, height];
      this.image = this.context.createImageData(width, height);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
  }

  begin(view) {
    this.fit(view);
    this.pixels.fill(packed(view.background));
    this.stamps = new Map();
    this.jobs = [];
    const passes = view.dimming ? ["dim", "clear"] : ["all"];
    for (const pass of passes) for (let at = 0; at < view.count; at += CHUNK) this.jobs.push([pass, at, Math.min(at + CHUNK, view.count)]);
    this.view = view;
    if (view.affine.length && this.points.axes === 3) this.order = this.sorted(view);
  }

  // Draws the next part; says whether all is drawn.
  advance() {
    const job = this.jobs.shift();
    if (job) {
      const began = performance.now();
      this.part(...job);
      const took = performance.now() - began;
      if (job[2] - job[1] > 5000 && took > 1) this.speed = Math.min(Math.max((8 * (job[2] - job[1])) / took, 40000), 1000000);
    }
    return this.jobs.length === 0;
  }

  get turning() { return this.speed; }

  show() {
    this.context.putImageData(this.image, 0, 0);
    if (this.view.whole) this.keep(this.view);
  }

  keep(view) {
    this.still ??= document.createElement("canvas");
    if (this.still.width !== this.wide || this.still.height !== this.tall) [this.still.width, this.still.height] = [this.wide, this.tall];
    this.still.getContext("2d", { alpha: false, willReadFrequently: true }).drawImage(this.canvas, 0, 0);
    this.kept = view;
  }

  // Shows the last whole picture as this view sees it; says whether it could.
  carry(view) {
    const way = reprojected(this.kept, view);
    if (!way) return false;
    if (!fills(way, view)) {
      this.begin({ ...view, count: Math.min(UNDER, view.count) });
      while (!this.advance());
      this.show();
    }
    const { context, still, wide, tall } = this;
    const [left, top] = way.shift.map((value) => value * view.dpr);
    context.imageSmoothingEnabled = Math.abs(way.scale[0] - 1) > SHARP;
    context.drawImage(still, left, top, wide * way.scale[0], tall * way.scale[1]);
    return true;
  }

  // Farthest first, by 1,024 steps of depth.
  sorted(view) {
    const { from, to, mix, affine: [, , deep], count } = view;
    const depth = new Float32Array(count);
    let [least, most] = [Infinity, -Infinity];
    for (let slot = 0, at = 0; slot < count; slot++, at += 3) {
      const [x, y, z] = [from[at] + (to[at] - from[at]) * mix, from[at + 1] + (to[at + 1] - from[at + 1]) * mix, from[at + 2] + (to[at + 2] - from[at + 2]) * mix];
      const far = (depth[slot] = deep[0] * x + deep[1] * y + deep[2] * z);
      if (far < least) least = far;
      if (far > most) most = far;
    }
    const start = new Int32Array(1026);
    const step = (slot) => Math.floor((1023 * (depth[slot] - least)) / (most - least || 1));
    for (let slot = 0; slot < count; slot++) start[step(slot) + 1]++;
    for (let i = 0; i < 1025; i++) start[i + 1] += start[i];
    const order = new Int32Array(count);
    for (let slot = 0; slot < count; slot++) order[start[step(slot)]++] = slot;
    return order;
  }

  part(pass, first, last) {
    const { from, to, mix, affine: [right, down], dpr, lut, faded } = this.view;
    const { axes, codes, states, sizes } = this.points;
    const [width, height] = [this.wide, this.tall];
    const [ax, ay, az, at0] = axes === 2 ? [right[0], right[1], 0, right[2]] : right;
    const [bx, by, bz, bt0] = axes === 2 ? [down[0], down[1], 0, down[2]] : down;
    const table = pass === "dim" ? faded : lut;
    const alpha = pass === "dim" ? this.view.dim : this.view.alpha;
    const moving = mix > 0;
    const deep = axes === 3;
    const diameter = this.view.size * dpr;
    const small = !sizes && diameter < 2.6;
    const side = Math.max(1, Math.round(diameter));
    const share = Math.round(alpha * 256);
    const usual = this.stamp(diameter);
    const { pixels } = this;
    for (let i = first; i < last; i++) {
      const slot = deep ? this.order[i] : i;
      const state = states[slot] & SELECTED;
      if (pass === "dim" ? state : pass === "clear" && !state) continue;
      const at = slot * axes;
      let x = from[at];
      if (x === NOWHERE) continue;
      const colour = table[codes ? codes[slot] : 0];
      if (!colour) continue;
      let y = from[at + 1];
      let z = deep ? from[at + 2] : 0;
      if (moving) {
        if (to[at] === NOWHERE) continue;
        x += (to[at] - x) * mix;
        y += (to[at + 1] - y) * mix;
        if (deep) z += (to[at + 2] - z) * mix;
      }
      const px = (ax * x + ay * y + az * z + at0) * dpr;
      const py = (bx * x + by * y + bz * z + bt0) * dpr;
      if (px < -20 || py < -20 || px > width + 20 || py > height + 20) continue;
      if (!small) {
        this.disc(px, py, sizes ? this.stamp(diameter * (0.4 + sizes[slot] / 85)) : usual, colour, alpha);
        continue;
      }
      const left = (px - side / 2 + 0.5) | 0; // here, not in a function: a million times a picture
      const top = (py - side / 2 + 0.5) | 0;
      if (left < 0 || top < 0 || left + side > width || top + side > height) continue;
      const red = colour & 0xff00ff;
      const green = colour & 0xff00;
      for (let v = 0, row = top * width + left; v < side; v++, row += width) {
        for (let u = row; u < row + side; u++) {
          const r = pixels[u] & 0xff00ff;
          const g = pixels[u] & 0xff00;
          pixels[u] = 0xff000000 | ((r + (((red - r) * share) >> 8)) & 0xff00ff) | ((g + (((green - g) * share) >> 8)) & 0xff00);
        }
      }
    }
  }

  // How much of each pixel a disc covers, 0–256.
  stamp(diameter) {
    const name = Math.round(diameter * 2);
    if (!this.stamps.has(name)) {
      const radius = name / 4;
      const side = Math.ceil(radius * 2) + 2;
      const cover = new Uint16Array(side * side);
      for (let i = 0; i < cover.length; i++) {
        const far = Math.hypot((i % side) + 0.5 - side / 2, Math.floor(i / side) + 0.5 - side / 2);
        cover[i] = 256 * Math.min(Math.max(radius - far + 0.5, 0), 1);
      }
      this.stamps.set(name, { side, cover });
    }
    return this.stamps.get(name);
  }

  disc(px, py, { side, cover }, colour, alpha) {
    const { pixels, wide: width, tall: height } = this;
    const left = Math.round(px - side / 2);
    const top = Math.round(py - side / 2);
    const red = colour & 0xff00ff;
    const green = colour & 0xff00;
    for (let v = 0; v < side; v++) {
      const y = top + v;
      if (y < 0 || y >= height) continue;
      for (let u = 0; u < side; u++) {
        const x = left + u;
        const share = (cover[v * side + u] * alpha) | 0;
        if (!share || x < 0 || x >= width) continue;
        const at = y * width + x;
        const under = pixels[at];
        const r = under & 0xff00ff;
        const g = under & 0xff00;
        pixels[at] = 0xff000000 | ((r + (((red - r) * share) >> 8)) & 0xff00ff) | ((g + (((green - g) * share) >> 8)) & 0xff00);
      }
    }
  }
}
