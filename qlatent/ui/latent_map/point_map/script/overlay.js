// What lies over the points: rings, pairs, trails, pictures, the lasso being drawn.
const LINES = 1500; // pairs joined at once
const PICTURES = 150; // shown at once; with more points in view there is no room for them
const SIDE = 44; // of a picture, in pixels

class Overlay {
  constructor(canvas, map) {
    Object.assign(this, { canvas, map, context: canvas.getContext("2d", { willReadFrequently: true }) });
    this.contours = new Contours(map);
    this.pictures = new Map(); // row → { image, x, y, cell } or null while it is fetched
  }

  draw() {
    const { map, context, canvas } = this;
    const { camera, dpr } = map;
    const [width, height] = [Math.round(camera.width * dpr), Math.round(camera.height * dpr)];
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    context.setTransform(dpr, 0, 0, dpr, 0, 0);
    context.clearRect(0, 0, camera.width, camera.height);
    if (!map.geometry) return;
    this.affine = camera.affine();
    this.drawPictures();
    this.contours.draw(context);
    this.drawPairs();
    for (const row of map.pinned) this.trail(row);
    for (const row of map.pinned) this.ring(row, 6, 2, map.theme.mark);
    if (map.opened !== null) this.ring(map.opened, 9, 2.5, map.theme.mark);
    if (map.hovered !== null) this.ring(map.hovered, 8, 2, map.theme.ink);
    this.path();
  }

  at(row, time = this.map.time) {
    const { geometry } = this.map;
    if (!(row >= 0 && row < geometry.points)) return null;
    const place = geometry.place(geometry.shuffle.slot(row), time);
    return place && this.pixel(place);
  }

  pixel(place) {
    return [0, 1].map((i) => {
      const row = this.affine[i];
      return place.reduce((sum, value, axis) => sum + value * row[axis], row[row.length - 1]);
    });
  }

  ring(row, radius, width, colour) {
    const at = this.at(row);
    if (!at) return;
    const { context } = this;
    context.beginPath();
    context.arc(at[0], at[1], radius, 0, 7);
    context.lineWidth = width + 2;
    context.strokeStyle = this.map.theme.ground;
    context.stroke();
    context.lineWidth = width;
    context.strokeStyle = colour;
    context.stroke();
  }

  // A pinned point's way through all frames.
  trail(row) {
    const { context, map } = this;
    context.beginPath();
    for (let frame = 0, drawn = false; frame < map.geometry.frames; frame++) {
      const at = this.at(row, frame);
      if (at) drawn ? context.lineTo(...at) : context.moveTo(...at);
      drawn = drawn || at !== null;
    }
    context.lineWidth = 1.5;
    context.strokeStyle = map.theme.mark;
    context.stroke();
  }

  drawPairs() {
    const { map, context } = this;
    if (!map.pairs) return;
    const joined = map.joined();
    if (joined.length > LINES) return; // no line could be followed; the status says so
    context.beginPath();
    for (const [a, b] of joined) {
      const [from, to] = [this.at(a), this.at(b)];
      if (from && to) { context.moveTo(...from); context.lineTo(...to); }
    }
    context.lineWidth = 1;
    context.globalAlpha = Math.min(1, Math.max(0.08, 60 / joined.length));
    context.strokeStyle = map.theme.ink;
    context.stroke();
    context.globalAlpha = 1;
  }

  path() {
    const { context, map } = this;
    const path = map.gestures?.path ?? map.outline;
    if (!path?.length) return;
    context.beginPath();
    path.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
    context.closePath();
    context.globalAlpha = 0.1;
    context.fillStyle = map.theme.accent;
    context.fill("evenodd");
    context.globalAlpha = 1;
    context.lineWidth = 1.5;
    context.setLineDash([5, 4]);
    context.strokeStyle = map.theme.accent;
    context.stroke();
    context.setLineDash([]);
  }

  // At rest, where few points are in view: their pictures, fetched as sheets of many.
  drawPictures() {
    const { map, context } = this;
    if (!map.showsPictures || map.moving) return;
    const rows = map.visible(PICTURES);
    if (!rows) return;
    for (const row of rows) {
      const picture = this.pictures.get(row);
      const at = picture && this.at(row);
      if (!at) continue;
      const { image, x, y, cell } = picture;
      context.drawImage(image, x, y, cell, cell, at[0] - SIDE / 2, at[1] - SIDE / 2, SIDE, SIDE);
    }
    const missing = rows.filter((row) => !this.pictures.has(row));
    if (missing.length) this.fetch(missing);
  }

  async fetch(rows) {
    for (const row of rows) this.pictures.set(row, null);
    if (this.pictures.size > 4000) for (const row of [...this.pictures.keys()].slice(0, 2000)) this.pictures.delete(row);
    for (let first = 0; first < rows.length; first += 64) {
      const sheet = await this.map.source.sheet(rows.slice(first, first + 64));
      if (sheet) this.add(sheet);
    }
    this.map.redraw();
  }

  // One picture of a sheet.
  cut(row) {
    const { image, x, y, cell } = this.pictures.get(row);
    const canvas = Object.assign(document.createElement("canvas"), { width: cell, height: cell, className: "pm-cut" });
    canvas.getContext("2d").drawImage(image, x, y, cell, cell, 0, 0, cell, cell);
    return canvas;
  }

  add({ image, rows, cell, columns }) {
    rows.forEach((row, i) => this.pictures.set(row, { image, cell, x: (i % columns) * cell, y: Math.floor(i / columns) * cell }));
  }
}
