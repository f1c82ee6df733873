// The selection of a map: lasso, clicks, pins, joined pairs, and classes that are switched off.

class Selecting extends Viewing {
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
}
