// Lassos: simplified to few whole-number vertices, and which points lie inside.
const VERTICES = 256;

// Douglas–Peucker with a growing tolerance, until at most `limit` vertices are left.
const simplified = (path, limit = VERTICES) => {
  let kept = path;
  for (let tolerance = 0.5; kept.length > limit; tolerance *= 1.6) kept = thinned(path, tolerance);
  return kept;
};

const thinned = (path, tolerance) => {
  const keep = new Uint8Array(path.length);
  keep[0] = keep[path.length - 1] = 1;
  const open = [[0, path.length - 1]];
  while (open.length) {
    const [a, b] = open.pop();
    const [dx, dy] = [path[b][0] - path[a][0], path[b][1] - path[a][1]];
    const long = Math.hypot(dx, dy);
    let [worst, at] = [tolerance, -1];
    for (let i = a + 1; i < b; i++) {
      const [x, y] = [path[i][0] - path[a][0], path[i][1] - path[a][1]];
      const far = long ? Math.abs(x * dy - y * dx) / long : Math.hypot(x, y);
      if (far > worst) [worst, at] = [far, i];
    }
    if (at > 0) { keep[at] = 1; open.push([a, at], [at, b]); }
  }
  return path.filter((_, i) => keep[i]);
};

// Vertices as 16-bit integers, x and y in turns, in base64: 256 of them are less than 1.4 kB.
const packedPolygon = (polygon) => {
  const bytes = new Uint8Array(new Int16Array(polygon.flat()).buffer);
  return btoa(String.fromCharCode(...bytes));
};

const BINS = 1024;

// Edges by the strips of y that they cross: a point is tested against few of them. Even–odd rule.
class Inside {
  constructor(polygon) {
    this.polygon = polygon;
    const ys = polygon.map(([, y]) => y);
    const xs = polygon.map(([x]) => x);
    [this.low, this.high, this.left, this.right] = [Math.min(...ys), Math.max(...ys), Math.min(...xs), Math.max(...xs)];
    this.strip = (this.high - this.low) / BINS || 1;
    this.bins = Array.from({ length: BINS + 1 }, () => []);
    polygon.forEach(([x1, y1], i) => {
      const [x2, y2] = polygon[(i + 1) % polygon.length];
      if (y1 === y2) return;
      const first = Math.floor((Math.min(y1, y2) - this.low) / this.strip);
      const last = Math.floor((Math.max(y1, y2) - this.low) / this.strip);
      for (let bin = first; bin <= last; bin++) this.bins[bin].push(x1, y1, x2, y2);
    });
  }

  has(x, y) {
    if (y < this.low || y > this.high || x < this.left || x > this.right) return false;
    const edges = this.bins[Math.floor((y - this.low) / this.strip)];
    let odd = false;
    for (let i = 0; i < edges.length; i += 4) {
      const [x1, y1, x2, y2] = [edges[i], edges[i + 1], edges[i + 2], edges[i + 3]];
      if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) odd = !odd;
    }
    return odd;
  }
}
