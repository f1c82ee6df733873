// From quantised places to pixels by one affine map: flat, or turned in space without perspective, so that distances stay.
class Camera {
  constructor(geometry) {
    this.ratio = geometry.ratio;
    this.axes = geometry.axes;
    Object.assign(this, { x: 0, y: 0, z: 0, zoom: 1, yaw: 0.6, pitch: 0.45, width: 1, height: 1 });
  }

  // Rows: to the right, up, towards the eye.
  turn() {
    if (this.axes === 2) return [[1, 0], [0, 1], [0, 0]];
    const [s, c, u, v] = [Math.sin(this.yaw), Math.cos(this.yaw), Math.sin(this.pitch), Math.cos(this.pitch)];
    return [[c, 0, -s], [-s * u, v, -c * u], [s * v, u, c * v]];
  }

  centre() { return [this.x, this.y, this.z].slice(0, this.axes); }

  // [right…, offset], [down…, offset], [depth…, offset]: pixels = sum(row * place) + offset.
  affine() {
    const signs = [this.zoom, -this.zoom, this.zoom];
    const shift = [this.width / 2, this.height / 2, 0];
    return this.turn().map((row, i) => {
      const parts = row.map((value, axis) => value * this.ratio[axis] * signs[i]);
      const middle = row.reduce((sum, value, axis) => sum + value * this.centre()[axis], 0);
      return [...parts, shift[i] - middle * signs[i]];
    });
  }

  // A flat map's pixel → quantised place.
  place(px, py) {
    return [
      (this.x + (px - this.width / 2) / this.zoom) / this.ratio[0],
      (this.y - (py - this.height / 2) / this.zoom) / this.ratio[1],
    ];
  }

  pan(dx, dy) {
    const [right, up] = this.turn();
    const names = ["x", "y", "z"].slice(0, this.axes);
    names.forEach((name, axis) => (this[name] += (-dx * right[axis] + dy * up[axis]) / this.zoom));
  }

  // The place under (px, py) stays where it is.
  scale(factor, px = this.width / 2, py = this.height / 2) {
    const before = this.zoom;
    this.zoom = Math.min(Math.max(this.zoom * factor, this.fitted / 20), this.fitted * 4000);
    const kept = 1 - before / this.zoom;
    this.pan(-(px - this.width / 2) * kept * this.zoom / before, -(py - this.height / 2) * kept * this.zoom / before);
  }

  orbit(dx, dy) {
    this.yaw += dx * 0.008;
    this.pitch = Math.min(Math.max(this.pitch + dy * 0.008, -1.57), 1.57);
  }

  fit(bounds) {
    [this.x, this.y, this.z] = [...bounds.map(([least, most]) => (least + most) / 2), 0];
    const spans = bounds.map(([least, most]) => Math.max(most - least, 1));
    const across = this.turn().map((row) => spans.reduce((sum, span, axis) => sum + Math.abs(row[axis]) * span, 0));
    this.zoom = 0.92 * Math.min(this.width / across[0], this.height / across[1]);
    this.fitted = this.zoom;
  }

  resize(width, height) {
    const factor = Math.min(width / this.width, height / this.height);
    this.zoom *= factor;
    if (this.fitted) this.fitted *= factor;
    Object.assign(this, { width, height });
  }

  // What a link keeps: centre in world units and magnification relative to the fitted view.
  state() {
    const round = (value) => Number(value.toPrecision(5));
    const flat = { x: round(this.x), y: round(this.y), zoom: round(this.zoom / this.fitted) };
    return this.axes === 2 ? flat : { ...flat, z: round(this.z), yaw: round(this.yaw), pitch: round(this.pitch) };
  }

  // What linked maps tell each other: the same, and the magnification in widths of the window for each world unit.
  seen() { return { ...this.state(), scale: this.zoom / this.width }; }

  // Show what another map shows: of the same named axes the same part of the world, else the same part of its own.
  follow(seen, axes) {
    this.restore(seen);
    if (axes) this.zoom = seen.scale * this.width;
  }

  restore(state) {
    for (const name of ["x", "y", "z", "yaw", "pitch"]) if (Number.isFinite(state[name])) this[name] = state[name];
    if (Number.isFinite(state.zoom) && state.zoom > 0) this.zoom = state.zoom * this.fitted;
  }
}
