// The map itself: holds the state, decides what is drawn when, and tells the page what a person did.
const SETTLED = 500; // milliseconds without movement, after which the page is told
const PAUSE = 250; // milliseconds without movement, after which all points are drawn
const NO_WEBGL = "This browser offers no WebGL2 on a graphics card: the processor draws the points, and everything works as usual.";
const BY_SERVER = "This browser offers no WebGL2 on a graphics card: the server draws a picture of how dense the points are. Moving, zooming and selecting work as usual; zoomed in, the points are drawn one by one.";

class PointMap {
  constructor(root) {
    root.innerHTML = MARKUP;
    this.root = root.querySelector(".pm-root");
    this.find = (name) => this.root.querySelector(".pm-" + name);
    Object.assign(this, { alive: true, edition: 0, picture: 0, contours: [], told: {}, time: 0, hovered: null, opened: null, chosen: 0, hidden: new Set(), pinned: [], known: { opened: null }, moving: false });
    this.counts = { all: [0], chosen: [0] };
    this.source = new Source(() => this.trigger("unreached", true));
    this.link = new Link(this);
    this.overlay = new Overlay(this.find("over"), this);
    this.legend = new Legend(this.find("legend"), this);
    this.playing = new Playing(this.find("player"), this);
    this.exporting = new Exporting(this);
    this.gestures = new Gestures(this.find("stage"), this);
    this.buttons();
    this.watch = new ResizeObserver(() => this.resize());
    this.watch.observe(this.find("stage"));
  }

  buttons() {
    for (const mode of ["pan", "lasso", "box"]) this.find(mode).onclick = () => this.mode(mode);
    this.find("fit").onclick = () => { this.fit(); this.moved(); };
    this.find("closer").onclick = () => { this.camera.scale(1.4); this.moved(); };
    this.find("farther").onclick = () => { this.camera.scale(1 / 1.4); this.moved(); };
    this.find("clear").onclick = () => this.clear();
    for (const name of ["png", "svg", "film"]) this.find(name).onclick = () => { this.find("saving").open = false; this.exporting[name](); };
    this.find("gif").onclick = () => this.exporting.gif(); // its button says how far it is
  }

  mode(mode) {
    this.gestures.mode = mode;
    for (const each of ["pan", "lasso", "box"]) this.find(each).setAttribute("aria-pressed", String(each === mode));
    this.find("stage").dataset.mode = mode;
  }

  // ---- what Python sent

  async update(message, state, trigger) {
    const data = unpack(message);
    this.send = state;
    this.trigger = trigger;
    this.data = data;
    this.turn = (this.turn ?? 0) + 1;
    const turn = this.turn;
    this.source.update(data);
    this.root.style.setProperty("--pm-height", `${data.height ?? 560}px`);
    this.find("stage").setAttribute("aria-label", data.title || "Map of points");
    this.link.join(data.link);
    const wanted = { geometry: data.geometry.tag, codes: data.colours?.tag, sizes: data.sizes, selection: data.selection, pairs: data.pairs, contours: data.contours?.tag };
    const parts = {};
    await Promise.all(Object.entries(wanted).map(async ([name, tag]) => (parts[name] = tag ? await this.source.bytes(tag) : null)));
    if (turn !== this.turn || !this.alive || !parts.geometry) return;
    this.take(data, wanted, parts);
    this.source.forget(new Set(Object.values(wanted)));
  }

  take(data, wanted, parts) {
    const fresh = (name) => this.known[name] !== (wanted[name] ?? null);
    const first = !this.geometry;
    if (fresh("geometry")) this.place(data.geometry, parts.geometry);
    const { shuffle, points } = this.geometry;
    const moved = fresh("geometry");
    if (moved || fresh("codes")) {
      const codes = parts.codes && (data.colours.wide ? new Uint16Array(parts.codes.buffer, parts.codes.byteOffset, points) : parts.codes);
      this.codes = codes ? shuffle.spread(codes) : null; // of one frame, or of all
      this.recode();
    }
    if (moved || fresh("sizes")) this.arrays.sizes = parts.sizes ? shuffle.spread(parts.sizes) : null;
    if (moved || fresh("pairs")) this.pairs = parts.pairs ? new Int32Array(parts.pairs.buffer, parts.pairs.byteOffset, parts.pairs.length / 4) : null;
    this.contours = lines(data.contours, parts.contours, this.geometry.axes);
    if (moved || fresh("selection")) this.select(parts.selection);
    for (const name of Object.keys(wanted)) this.known[name] = wanted[name] ?? null;
    this.tint(data.colours, data.hidden);
    this.legend.update(); // before the view, whose width it takes from
    this.playing.update();
    this.steer(data, first || moved);
    if (data.sheets && this.sheets !== data.sheets) this.load(data.sheets);
    this.drawing.load(this.arrays);
    this.playing.tell();
    this.note();
    this.status();
    if (data.card && data.card.row === this.hovered) this.card(data.card);
    this.rest();
  }

  // Colours may follow the frames: those of the frame nearest in time, by slot.
  recode() {
    const { points } = this.geometry;
    const first = this.codes && this.codes.length > points ? Math.round(this.time) * points : 0;
    if (this.coded && this.coded.all === this.codes && this.coded.first === first && this.coded.arrays === this.arrays) return;
    this.coded = { all: this.codes, first, arrays: this.arrays };
    this.arrays.codes = this.codes && this.codes.subarray(first, first + points);
    if (this.webgl && this.drawing === this.webgl) this.webgl.send("codes", this.arrays.codes);
  }

  place(header, bytes) {
    const before = this.geometry;
    this.geometry = new Geometry(header, bytes);
    const { points, axes } = this.geometry;
    this.arrays = { points, axes, places: this.geometry.places, codes: null, sizes: null, states: new Uint8Array(points) };
    Object.assign(this, { grid: null, hovered: null, outline: null });
    this.choose();
    if (!before || before.axes !== axes || before.points !== points) this.camera = null;
  }

  // WebGL2 on a graphics card; the processor where there is none, or where it would only be emulated.
  choose() {
    if (this.drawing) return;
    this.raster = new Raster(this.find("plain"));
    const asked = this.data.renderer ?? "auto";
    const options = { antialias: false, alpha: false, preserveDrawingBuffer: true, failIfMajorPerformanceCaveat: asked !== "webgl" };
    const context = asked === "processor" ? null : this.find("points").getContext("webgl2", options);
    if (context) this.webgl = new WebGL(context, (back) => this.use(back && this.graphics ? this.webgl : this.plain));
    this.graphics = Boolean(this.webgl) && (asked === "webgl" || !this.webgl.emulated());
    if (this.webgl && !this.graphics) { this.webgl.free(); this.webgl = null; }
    const served = asked === "auto" && this.data.route;
    this.plain = served ? new Density(this.raster, this) : this.raster;
    this.use(this.graphics ? this.webgl : this.plain);
  }

  note() {
    this.find("note").hidden = this.graphics || !this.link.leads(); // once for all linked maps
    const served = this.plain !== this.raster && this.geometry.points > EASE;
    this.find("note").textContent = served ? BY_SERVER : NO_WEBGL;
    if (!this.graphics) this.root.dataset.renderer = served ? "server" : "processor";
  }

  use(drawing) {
    this.drawing = drawing;
    this.find("points").hidden = drawing !== this.webgl;
    this.find("plain").hidden = drawing === this.webgl;
    this.root.dataset.renderer = drawing === this.webgl ? "webgl" : "processor";
    if (this.arrays) drawing.load(this.arrays);
    if (this.lut && this.camera) this.rest();
  }

  tint(colours, hidden) {
    const { codes } = this.arrays;
    const size = colours?.kind === "classes" ? colours.names.length : 256;
    if (!this.counts.of || this.counts.of !== codes || this.counts.size !== size) {
      const all = new Uint32Array(Math.max(size, 1));
      if (codes) for (let i = 0; i < codes.length; i++) all[codes[i]]++;
      this.counts = { of: codes, size, all, chosen: new Uint32Array(size) };
    }
    const named = colours && JSON.stringify([colours.tag, colours.label]);
    if (named !== this.named) { this.hidden = new Set(); this.legend.query = ""; }
    this.named = named;
    const asked = hidden && JSON.stringify([named, hidden]); // once: meanwhile a person may have gone on
    if (hidden && asked !== this.known.hidden) {
      this.hidden = new Set(hidden);
      this.told.hidden = JSON.stringify(hidden);
    }
    this.known.hidden = asked;
    this.colours = coloured(colours, this.counts.all);
    this.count();
    this.dress();
  }

  // Colours of the page's theme, light or dark.
  dress() {
    this.edition++; // also after new positions, codes and sizes
    const style = getComputedStyle(this.root);
    const read = (name) => {
      this.probe ??= document.createElement("canvas").getContext("2d");
      this.probe.fillStyle = "#888888";
      this.probe.fillStyle = style.getPropertyValue(name).trim();
      return this.probe.fillStyle;
    };
    this.theme = { ground: read("--pm-ground"), ink: read("--pm-ink"), accent: read("--pm-accent"), mark: read("--pm-mark") };
    this.background = hex(this.theme.ground);
    this.lut = lookup(this.colours, this.hidden);
    const pale = hex(this.theme.ink).map((value, i) => Math.round(0.55 * value + 0.45 * this.background[i]));
    this.faded = this.lut.map((value) => value && packed(unpacked(value).map((part, i) => Math.round(0.25 * part + 0.75 * pale[i]))));
  }

  steer(data, fresh) {
    if (!this.camera) {
      this.camera = new Camera(this.geometry);
      this.time = Math.min(data.frame ?? this.geometry.frames - 1, this.geometry.frames - 1);
      this.resize();
      this.fit();
    }
    this.camera.ratio = this.geometry.ratio;
    const asked = (name, value) => {
      const text = JSON.stringify(value ?? null);
      const changed = this.known["asked " + name] !== text;
      this.known["asked " + name] = text;
      return changed && value !== null && value !== undefined;
    };
    const moved = asked("camera", data.camera);
    if (moved) this.camera.restore(data.camera);
    if (fresh || moved) this.link.agree();
    const jumped = asked("frame", data.frame) && !fresh && !this.playing.on;
    if (jumped) this.time = data.frame;
    this.time = Math.min(this.time, this.geometry.frames - 1);
    if (asked("pinned", data.pinned)) {
      this.pinned = [...data.pinned];
      this.told.pinned = JSON.stringify(this.pinned);
    }
    if (fresh || moved) this.told.camera = JSON.stringify(this.camera.state()); // the page knows what it asked for
    if (fresh || jumped) this.told.frame = JSON.stringify(this.time);
    if (this.known.opened !== (data.opened ?? null)) this.opened = data.opened ?? null; // else a click has already opened another
    this.known.opened = data.opened ?? null;
    
    this.showsPictures = Boolean(data.sheets || (data.cards && data.pictures));
  }

  async load(sheets) {
    this.sheets = sheets;
    for (const sheet of sheets) {
      const image = new Image();
      image.src = sheet.uri;
      await image.decode();
      this.overlay.add({ ...sheet, image });
    }
    this.redraw();
  }

  // ---- the view

  resize() {
    const box = this.find("stage").getBoundingClientRect();
    if (!this.camera || !box.width || !box.height) return;
    this.dpr = Math.min(devicePixelRatio || 1, 2);
    if (this.camera.width === box.width && this.camera.height === box.height) return;
    this.camera.resize(box.width, box.height);
    if (this.lut && this.grid) this.moved(false);
  }

  fit() {
    this.camera.fit(this.geometry.bounds(Math.round(this.time)));
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

  // ---- the selection

  // Bits by row, first row in the highest bit of the first byte; null: nothing is selected.
  select(bits) {
    const { states } = this.arrays;
    const { shuffle, points } = this.geometry;
    for (let slot = 0; slot < points; slot++) {
      const row = bits ? shuffle.row(slot) : 0;
      states[slot] = bits && (bits[row >> 3] >> (7 - (row & 7))) & 1;
    }
    this.outline = bits ? this.outline : null;
    this.changed();
  }

  // The selection as `select` takes it.
  bits() {
    const { shuffle, points } = this.geometry;
    const bits = new Uint8Array(Math.ceil(points / 8));
    for (let slot = 0; slot < points; slot++) {
      if (!(this.arrays.states[slot] & SELECTED)) continue;
      const row = shuffle.row(slot);
      bits[row >> 3] |= 128 >> (row & 7);
    }
    return bits;
  }

  changed() {
    this.edition++;
    let sum = 0;
    for (const state of this.arrays.states) sum += state & SELECTED;
    this.chosen = sum;
    this.count();
    if (this.drawing === this.webgl && this.webgl) this.webgl.send("states", this.arrays.states, true);
    this.status();
  }

  count() {
    const { codes, states } = this.arrays;
    this.counts.chosen.fill(0);
    if (codes && this.chosen) for (let i = 0; i < codes.length; i++) if (states[i] & SELECTED && codes[i] < this.counts.size) this.counts.chosen[codes[i]]++;
  }

  lasso(path, mode) {
    const flat = this.geometry.axes === 2;
    const whole = (value) => Math.min(Math.max(Math.round(value), -32768), 32767);
    const polygon = simplified(path).map(([x, y]) => (flat ? this.camera.place(x, y) : [x, y]).map(whole));
    this.outline = path;
    this.mark(polygon, mode);
    const matrix = flat ? null : this.camera.affine().slice(0, 2).map((row) => row.map((value) => Number(value.toPrecision(8))));
    this.afterSelecting();
    this.trigger("lasso", { polygon: packedPolygon(polygon), frame: Math.round(this.time), mode, matrix, axes: this.geometry.axes });
  }

  mark(polygon, mode) {
    const { geometry, arrays } = this;
    const { axes, points } = geometry;
    const places = geometry.frame(Math.round(this.time));
    const [right, down] = this.camera.affine();
    const inside = new Inside(polygon);
    for (let slot = 0, at = 0; slot < points; slot++, at += axes) {
      let [x, y] = [places[at], places[at + 1]];
      const placed = x !== NOWHERE;
      if (axes === 3) [x, y] = [right, down].map((row) => row[0] * places[at] + row[1] * places[at + 1] + row[2] * places[at + 2] + row[3]);
      const within = placed && inside.has(x, y);
      if (mode === "replace") arrays.states[slot] = within ? SELECTED : 0;
      else if (within) arrays.states[slot] = mode === "add" ? SELECTED : 0;
    }
  }

  afterSelecting(told = true) {
    this.changed();
    this.legend.update();
    this.rest();
    if (told) this.link.tell("selection", this.arrays.states);
  }

  click(row, add) {
    if (add) {
      const slot = this.geometry.shuffle.slot(row);
      this.arrays.states[slot] ^= SELECTED;
      this.afterSelecting();
    } else {
      this.opened = row;
      this.redraw();
    }
    this.trigger("clicked", { row, add });
  }

  clear() {
    this.outline = null;
    this.arrays?.states.fill(0);
    if (this.arrays) this.afterSelecting();
    this.trigger("cleared", true);
  }

  pin(row) {
    this.pinned = this.pinned.includes(row) ? this.pinned.filter((each) => each !== row) : [...this.pinned, row];
    this.redraw();
    this.tellState("pinned", this.pinned);
  }

  // Pairs of which one end is selected, hovered or opened.
  joined() {
    const found = [];
    const marked = new Set([this.hovered, this.opened]);
    const { states } = this.arrays;
    const { shuffle } = this.geometry;
    for (let i = 0; i < this.pairs.length && found.length <= LINES; i += 2) {
      const [a, b] = [this.pairs[i], this.pairs[i + 1]];
      const chosen = this.chosen && (states[shuffle.slot(a)] | states[shuffle.slot(b)]) & SELECTED;
      if (chosen || marked.has(a) || marked.has(b)) found.push([a, b]);
    }
    return found;
  }

  toggle(codes) {
    const off = codes.every((code) => this.hidden.has(code));
    for (const code of codes) off ? this.hidden.delete(code) : this.hidden.add(code);
    this.recoloured();
  }

  alone(code) {
    const others = this.colours.names.map((_, each) => each).filter((each) => each !== code);
    this.hidden = new Set(others.every((each) => this.hidden.has(each)) ? [] : others);
    this.recoloured();
  }

  recoloured(told = true) {
    this.dress();
    this.legend.update();
    this.rest();
    if (told) this.link.tell("hidden", { named: this.named, codes: [...this.hidden] });
    this.tellState("hidden", [...this.hidden]);
  }

  // ---- hover and card

  hover(row, now = false) {
    if (row === this.hovered && !now) return;
    this.hovered = row;
    this.find("stage").classList.toggle("pm-over-point", row !== null);
    this.redraw();
    this.link.tell("hover", row);
    clearTimeout(this.dwell);
    this.find("card").hidden = true;
    if (row !== null) this.dwell = setTimeout(() => this.opencard(row), now ? 0 : DWELL);
  }

  async opencard(row) {
    const card = await this.source.card(row);
    if (row !== this.hovered || !this.alive) return;
    if (card) this.card(card);
    else if (this.data.asks) this.trigger("hovered", row);
  }

  card(card) {
    const box = this.find("card");
    const at = this.overlay.at(card.row);
    if (!at) return;
    const parts = [];
    if (card.image) {
      const image = Object.assign(new Image(), { src: card.image.startsWith("data:") ? card.image : this.data.route + card.image, alt: "" });
      parts.push(image);
    }
    else if (this.overlay.pictures.get(card.row)) parts.push(this.overlay.cut(card.row));
    const words = element("div", "pm-words");
    if (card.label) words.append(element("div", "pm-label", card.label));
    if (card.text) words.append(element("div", "pm-text", card.text));
    if (Number.isFinite(card.norm)) words.append(element("div", "pm-norm", `length ${Number(card.norm.toPrecision(4))}`));
    if (!words.children.length) words.append(element("div", "pm-text", `point ${number(card.row + 1)}`));
    box.replaceChildren(...parts, words);
    box.hidden = false;
    const left = at[0] + 14 + box.offsetWidth > this.camera.width ? at[0] - 14 - box.offsetWidth : at[0] + 14;
    const top = Math.min(Math.max(at[1] - box.offsetHeight / 2, 4), this.camera.height - box.offsetHeight - 4);
    box.style.transform = `translate(${Math.max(left, 4)}px, ${top}px)`;
  }

  // ---- frames

  seek(time) {
    this.time = time;
    this.outline = null;
    this.playing.tell();
    this.link.tell("time", time);
    this.rest();
  }

  played() {
    this.playing.tell();
    this.link.tell("time", this.time);
    this.moving = true;
    this.quick();
  }

  // ---- what the page is told

  status() {
    const total = number(this.geometry.points);
    const missing = this.missing();
    const words = this.chosen ? `${number(this.chosen)} of ${total} selected` : `${total} points`;
    const notes = missing ? [`${number(missing)} without a place`] : [];
    if (this.pairs && this.chosen && this.joined().length > LINES) notes.push(`pairs are joined for up to ${number(LINES)}`);
    this.find("status").textContent = [words, ...notes].join(" · ");
  }

  missing() {
    const places = this.geometry.frame(Math.round(this.time));
    let sum = 0;
    for (let at = 0; at < places.length; at += this.geometry.axes) if (places[at] === NOWHERE) sum++;
    return sum;
  }

  report() {
    clearTimeout(this.telling);
    this.telling = setTimeout(() => {
      if (this.playing.on || this.gestures.pointers.size) return;
      this.tellState("camera", this.camera.state());
      if (Number.isInteger(this.time)) this.tellState("frame", this.time);
    }, SETTLED);
  }

  tellState(name, value) {
    const text = JSON.stringify(value);
    if (!this.alive || this.told[name] === text || !this.data.reports?.includes(name)) return;
    this.told[name] = text;
    this.send(name, value);
  }

  linked(kind, value, other) {
    if (kind === "hidden" && value.named === this.named) { this.hidden = new Set(value.codes); this.recoloured(false); }
    else if (kind === "hover") { this.hovered = value; this.redraw(); }
    else if (kind === "selection") { this.arrays.states.set(value); this.outline = null; this.afterSelecting(false); }
    else if (kind === "time" && other.geometry.frames === this.geometry.frames) {
      this.time = value;
      this.playing.tell();
      this.moving = true;
      Number.isInteger(value) ? this.rest() : this.quick();
    } else if (kind === "camera" && this.link.shares(other)) { this.camera.follow(value, this.data.axes); this.moved(false); }
  }

  stop() {
    this.alive = false;
    this.playing.on = false;
    this.watch.disconnect();
    this.link.leave();
    this.webgl?.free();
    for (const timer of [this.settling, this.filling, this.telling, this.dwell]) clearTimeout(timer);
  }
}
