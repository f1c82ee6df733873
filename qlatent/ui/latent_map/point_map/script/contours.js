// Lines of equal density or norm: drawn over the points with a label, or written as SVG.
const lines = (given, bytes, axes) => {
  if (!given || !bytes) return [];
  const corners = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  let at = 0;
  const take = (count) => corners.subarray(at, (at += count * axes));
  return given.parts.map((part) => ({ ...part, lines: part.corners.map(take) }));
};

class Contours {
  constructor(map) { this.map = map; }

  // Those of all frames, and those of the frame that is shown or, while it plays, is nearest.
  shown() { return this.map.contours.filter(({ frame }) => frame === null || frame === Math.round(this.map.time)); }

  // Corners of a line in pixels.
  pixels(line) {
    const { overlay, geometry: { axes } } = this.map;
    return Array.from({ length: line.length / axes }, (_, i) => overlay.pixel(Array.from(line.subarray(i * axes, (i + 1) * axes))));
  }

  draw(context) {
    const { theme } = this.map;
    const taken = [];
    const labels = [];
    for (const { lines: given, colour, label } of this.shown()) {
      const paths = given.map((line) => this.pixels(line));
      context.beginPath();
      for (const path of paths) path.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
      context.lineJoin = "round";
      for (const [width, style, alpha] of [[3, theme.ground, 0.55], [1.3, colour ?? theme.ink, 0.9]]) {
        Object.assign(context, { lineWidth: width, strokeStyle: style, globalAlpha: alpha });
        context.stroke();
      }
      context.globalAlpha = 1;
      const at = label && this.spot(paths, taken);
      if (at) labels.push([label, at, colour ?? theme.ink]);
    }
    for (const each of labels) this.write(context, ...each); // over all lines
  }

  write(context, label, [x, y], colour) {
    Object.assign(context, { font: "11px system-ui, sans-serif", textAlign: "center", textBaseline: "middle", lineWidth: 4, strokeStyle: this.map.theme.ground, fillStyle: colour });
    context.strokeText(label, x, y);
    context.fillText(label, x, y);
  }

  // Where a label stands: an outermost corner in view where no other label is, at the line with most corners in view.
  spot(paths, taken) {
    const { width, height } = this.map.camera;
    const inside = paths.map((path) => path.filter(([x, y]) => x > 20 && y > 12 && x < width - 20 && y < height - 12));
    const longest = inside.reduce((best, path) => (path.length > best.length ? path : best), []);
    for (const [axis, sign] of [[1, 1], [0, -1], [1, -1], [0, 1]]) {
      const at = longest.reduce((best, each) => (best && sign * best[axis] <= sign * each[axis] ? best : each), null);
      if (!at || taken.some(([x, y]) => Math.abs(x - at[0]) < 34 && Math.abs(y - at[1]) < 15)) continue;
      taken.push(at);
      return at;
    }
    return null; // too crowded: the lines stay
  }

  svg() {
    const { theme } = this.map;
    const taken = [];
    const one = ({ lines: given, colour, label }) => {
      const paths = given.map((line) => this.pixels(line));
      const d = paths.map((path) => "M" + path.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")).join("");
      const at = label && this.spot(paths, taken);
      const text = at ? `<text x="${at[0].toFixed(1)}" y="${at[1].toFixed(1)}" font-size="11" text-anchor="middle" dominant-baseline="middle" fill="${colour ?? theme.ink}" stroke="${theme.ground}" stroke-width="4" paint-order="stroke">${escaped(label)}</text>` : "";
      return `<path d="${d}" fill="none" stroke="${colour ?? theme.ink}" stroke-width="1.3" stroke-linejoin="round"/>${text}`;
    };
    return `<g class="contours">${this.shown().map(one).join("")}</g>`;
  }
}
