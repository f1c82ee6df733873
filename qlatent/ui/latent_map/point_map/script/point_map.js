// The map itself: takes what Python sent, shows cards and frames, and tells the page what a person did.
const SETTLED = 500; // milliseconds without movement, after which the page is told
const NO_WEBGL = "This browser offers no WebGL2 on a graphics card: the processor draws the points, and everything works as usual.";
const BY_SERVER = "This browser offers no WebGL2 on a graphics card: the server draws a picture of how dense the points are. Moving, zooming and selecting work as usual; zoomed in, the points are drawn one by one.";

class PointMap extends Selecting {
  constructor(root) {
    super();
    root.innerHTML = MARKUP;
    this.root = root.querySelector(".pm-root");
    this.find = (name) => this.root.querySelector(".pm-" + name);
    Object.assign(this, { alive: true, edition: 0, picture: 0, contours: [], told: {}, sent: {}, turns: 0, time: 0, hovered: null, opened: null, chosen: 0, hidden: new Set(), pinned: [], known: { opened: null }, moving: false });
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
    const seen = this.geometry?.frames;
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
    if (data.autoplay && (first || moved)) this.playing.open(first, seen);
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
    if (this.says("hidden", hidden, named)) {
      this.hidden = new Set(hidden);
      this.told.hidden = JSON.stringify(hidden);
    }
    this.colours = coloured(colours, this.counts.all);
    this.count();
    this.dress();
  }

  // Whether the page says anew how the map stands: once, since meanwhile a person may have gone on, and again where it
  // has heard the last that a person did and says something else, as after Back.
  says(name, value, of = "") {
    const text = JSON.stringify(value ?? null);
    const sent = this.sent[name];
    const heard = this.data.heard?.[name];
    if (sent && heard !== undefined && heard !== sent.turn) return false; // said before it heard
    const undone = Boolean(sent) && heard === sent.turn && text !== sent.text;
    if (heard !== undefined) delete this.sent[name];
    const fresh = this.known["said " + name] !== of + text;
    this.known["said " + name] = of + text;
    return value !== null && value !== undefined && (fresh || undone);
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
    const moved = this.says("camera", data.camera);
    if (moved) Object.keys(data.camera).length ? this.camera.restore(data.camera) : this.fit();
    if (fresh || moved) this.link.agree();
    const jumped = this.says("frame", data.frame) && !fresh && !this.playing.on;
    if (jumped) this.time = data.frame;
    this.time = Math.min(this.time, this.geometry.frames - 1);
    if (this.says("pinned", data.pinned)) {
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
    this.turns = Math.max(Date.now(), this.turns + 1); // grows from map to map of the page, too
    this.sent[name] = { turn: this.turns, text };
    this.send(name, { value, turn: this.turns });
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
    for (const timer of [this.settling, this.filling, this.telling, this.dwell, this.playing.opening]) clearTimeout(timer);
  }
}
