// The view of a map: where the camera stands, what is drawn while it moves and at rest, and which point is where.
const PAUSE = 250; // milliseconds without movement, after which all points are drawn

class Viewing {
  resize() {
    const box = this.find("stage").getBoundingClientRect();
    if (!this.camera || !box.width || !box.height) return;
    this.dpr = Math.min(devicePixelRatio || 1, 2);
    if (this.camera.width === box.width && this.camera.height === box.height) return;
    this.camera.resize(box.width, box.height);
    if (this.lut && this.grid) this.moved(false);
  }

  fit() {
    const { geometry, data } = this;
    const shown = data.whole ? Array.from({ length: geometry.frames }, (_, number) => number) : [Math.round(this.time)];
    const bounds = shown.map((number) => geometry.bounds(number));
    this.camera.fit(bounds[0].map((_, axis) => [
      Math.min(...bounds.map((each) => each[axis][0])), Math.max(...bounds.map((each) => each[axis][1])),
    ]));
  }

  view(count) {
    const { camera, geometry, time } = this;
    this.recode();
    const [first, second] = [Math.floor(time), Math.ceil(time)];
    const shown = Math.max(this.inView(), 1);
    const size = Math.min(Math.max(26 * shown ** -0.2, 1.5), 9) * (this.data.size ?? 1);
    const crowd = (0.35 * camera.width * camera.height) / (shown * size * size);
    return {
      width: camera.width, height: camera.height, dpr: this.dpr ?? 1, affine: camera.affine(), first, second, mix: time - first,
      from: geometry.frame(first), to: geometry.frame(second), count: Math.min(count, geometry.points), size,
      alpha: Math.min(Math.max(crowd, 0.3), 0.9) * (this.data.opacity ?? 1), lut: this.lut, faded: this.faded, dim: Math.min(Math.max(crowd * 0.3, 0.08), 0.3),
      dimming: this.chosen > 0, background: this.background, edition: this.edition,
    };
  }

  whole() { return { ...this.view(this.geometry.points), whole: true }; }

  // About how many points the window shows, by the grid of the last rest.
  inView() {
    const { geometry, camera, grid } = this;
    if (!grid || geometry.axes === 3) return geometry.points;
    const [left, bottom] = camera.place(0, camera.height);
    const [right, top] = camera.place(camera.width, 0);
    return grid.count(left, bottom, right, top);
  }

  // Something about the view changed: draw what fits into a moving picture, and all of it once it rests.
  moved(told = true) {
    if (!this.camera) return;
    this.moving = true;
    this.find("card").hidden = true;
    this.outline = null;
    if (told && this.link.name) this.link.tell("camera", this.camera.seen());
    this.soon();
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.rest(), this.pause());
  }

  // Where a busy machine shows few frames a second, the view is not at rest between two of them.
  pause() {
    const now = performance.now();
    const gap = now - (this.lastMove ?? -Infinity);
    this.lastMove = now;
    return gap < 1000 ? Math.max(PAUSE, 2.5 * gap) : PAUSE;
  }

  soon() {
    if (this.asked) return;
    this.asked = requestAnimationFrame(() => { this.asked = 0; this.quick(); });
  }

  quick() {
    if (!this.alive || !this.camera) return;
    this.abandon();
    const { drawing } = this;
    const view = this.view(this.playing.on ? drawing.speed : drawing.turning);
    if (view.count === this.geometry.points || !drawing.carry(view)) {
      drawing.begin(view);
      while (!drawing.advance());
      drawing.show();
    }
    this.overlay.draw();
  }

  // Draws all points, a part at a time, then tells the page.
  rest() {
    if (!this.camera || !this.alive) return;
    cancelAnimationFrame(this.asked);
    clearTimeout(this.settling);
    this.abandon();
    this.asked = 0;
    this.moving = false;
    if (!this.grid || this.gridTime !== this.time || this.geometry.axes === 3) this.index();
    this.drawing.begin(this.whole());
    const { drawing, picture } = this;
    const go = () => {
      if (!this.alive || picture !== this.picture) return;
      const done = drawing.advance();
      if (!done) { drawing.waiting ? drawing.waiting.then(go) : (this.filling = setTimeout(go, 0)); return; }
      drawing.show();
      this.complete = this.time;
      this.root.dataset.drawn = String((Number(this.root.dataset.drawn) || 0) + 1);
      this.overlay.draw();
      this.report();
    };
    go();
  }

  // The whole picture that is being drawn is out of date.
  abandon() {
    clearTimeout(this.filling);
    this.picture++;
    this.complete = null; // the time at which the canvas shows everything
  }

  // Everything drawn at once, for an exported picture.
  finish() {
    if (this.complete === this.time) return;
    this.abandon();
    this.drawing.begin({ ...this.whole(), now: true });
    while (!this.drawing.advance());
    this.drawing.show();
    this.overlay.draw();
    this.complete = this.time;
  }

  // A change of marks alone: the points stay.
  redraw() {
    if (this.marking || !this.camera) return;
    this.marking = requestAnimationFrame(() => { this.marking = 0; if (this.alive) this.overlay.draw(); });
  }

  index() {
    const { geometry, camera } = this;
    this.gridTime = this.time;
    if (geometry.axes === 2) {
      this.grid = new Grid(geometry.frame(Math.round(this.time)), 2, geometry.points);
      return;
    }
    const flat = new Int16Array(geometry.points * 2).fill(NOWHERE);
    const places = geometry.frame(Math.round(this.time));
    const [right, down] = camera.affine();
    const clip = (value) => Math.min(Math.max(Math.round(value), -32767), 32767);
    for (let slot = 0; slot < geometry.points; slot++) {
      const [x, y, z] = [places[slot * 3], places[slot * 3 + 1], places[slot * 3 + 2]];
      if (x === NOWHERE) continue;
      flat[slot * 2] = clip((right[0] * x + right[1] * y + right[2] * z + right[3]) * 8);
      flat[slot * 2 + 1] = clip((down[0] * x + down[1] * y + down[2] * z + down[3]) * 8);
    }
    this.grid = new Grid(flat, 2, geometry.points);
  }

  shows(slot) {
    const { codes, states } = this.arrays;
    return Boolean(this.lut[codes ? codes[slot] : 0]) && (!this.chosen || (states[slot] & SELECTED) === SELECTED);
  }

  nearest(px, py, reach) {
    if (!this.grid || this.playing.on || this.moving) return null;
    const flat = this.geometry.axes === 2;
    const [x, y] = flat ? this.camera.place(px, py) : [px * 8, py * 8];
    const scale = flat ? this.geometry.ratio.map((ratio) => ratio * this.camera.zoom) : [1 / 8, 1 / 8];
    const { codes } = this.arrays;
    const drawn = (slot) => Boolean(this.lut[codes ? codes[slot] : 0]);
    let slot = this.chosen ? this.grid.nearest(x, y, reach, scale, (each) => this.shows(each)) : -1;
    if (slot < 0) slot = this.grid.nearest(x, y, reach, scale, drawn);
    return slot < 0 ? null : this.geometry.shuffle.row(slot);
  }

  // Rows in the window, or null if they are more than `limit`.
  visible(limit) {
    const { camera, geometry } = this;
    if (!this.grid) return null;
    const flat = geometry.axes === 2;
    const [left, bottom] = flat ? camera.place(0, camera.height) : [0, 0];
    const [right, top] = flat ? camera.place(camera.width, 0) : [camera.width * 8, camera.height * 8];
    const slots = this.grid.within(left, bottom, right, top, limit * 4).filter((slot) => this.shows(slot));
    return slots.length > limit ? null : slots.map((slot) => geometry.shuffle.row(slot));
  }

  // Points in the window with pixel and colour, unselected first; null if they are more than `limit`.
  seen(limit) {
    const { geometry, arrays, camera } = this;
    if (geometry.points > limit * 5) return null;
    this.overlay.affine = camera.affine();
    const marks = [];
    for (let slot = 0; slot < geometry.points; slot++) {
      const value = this.lut[arrays.codes ? arrays.codes[slot] : 0];
      const place = value && geometry.place(slot, this.time);
      if (!place) continue;
      const [x, y] = this.overlay.pixel(place);
      if (x < 0 || y < 0 || x > camera.width || y > camera.height) continue;
      const faded = this.chosen > 0 && !(arrays.states[slot] & SELECTED);
      marks.push({ x, y, faded, colour: unpacked(faded ? this.faded[arrays.codes ? arrays.codes[slot] : 0] : value).join(",") });
    }
    return marks.length > limit ? null : marks.sort((a, b) => b.faded - a.faded);
  }
}
