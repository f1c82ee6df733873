// The view as a file: PNG, SVG, and the frames as a GIF or a WebM film.
const MARKS = 20000; // points that an SVG draws as circles; more are put in as an image
const IN_A_GIF = 60; // of a GIF, at most
const BETWEEN = 4; // pictures for each step from frame to frame, where there are few frames
const LONGEST = 60000; // milliseconds that drawing a GIF may take
const WIDEST = 720; // pixels
const HOLD = 100; // hundredths of a second on the last picture
const save = (content, name, type) => {
  const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
};
// Some of the times, evenly, so that pictures of this cost are drawn in a minute.
const bounded = (times, cost) => {
  const most = Math.max(2, Math.floor(LONGEST / Math.max(cost, 1)));
  if (times.length <= most) return times;
  return Array.from({ length: most }, (_, i) => times[Math.round((i * (times.length - 1)) / (most - 1))]);
};
const escaped = (text) => String(text).replace(/[&<>"]/g, (letter) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[letter]);

class Exporting {
  constructor(map) { this.map = map; }

  name(ending) { return `${(this.map.data.title || "map").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "") || "map"}.${ending}`; }

  // Points, marks and legend on one canvas.
  picture(canvas = document.createElement("canvas")) {
    const { map } = this;
    map.finish();
    const { canvas: points } = map.drawing;
    [canvas.width, canvas.height] = [points.width, points.height];
    const context = canvas.getContext("2d");
    context.drawImage(points, 0, 0);
    context.drawImage(map.overlay.canvas, 0, 0);
    context.scale(map.dpr, map.dpr);
    context.font = "12px system-ui, sans-serif";
    context.fillStyle = map.theme.ink;
    this.keys().forEach(({ colour, text }, i) => {
      context.fillStyle = colour;
      context.fillRect(10, 10 + i * 18, 10, 10);
      context.fillStyle = map.theme.ink;
      context.fillText(text, 26, 19 + i * 18);
    });
    return canvas;
  }

  // The legend in a few lines.
  keys() {
    const { colours, counts, hidden } = this.map;
    if (!colours) return [];
    if (colours.kind === "ramp") {
      const stops = RAMPS[colours.ramp] ?? RAMPS.viridis;
      return [
        { colour: stops[0], text: `${colours.label}: ${short(colours.low)}` },
        { colour: stops.at(-1), text: `${colours.label}: ${short(colours.high)}` },
      ];
    }
    const shown = colours.ranked.filter((code) => counts.all[code] && !hidden.has(code)).slice(0, NAMED);
    return shown.map((code) => ({ colour: colours.colours[code], text: colours.names[code] }));
  }

  png() { this.picture().toBlob((blob) => save(blob, this.name("png")), "image/png"); }

  svg() { save(this.drawn(), this.name("svg"), "image/svg+xml"); }

  drawn() {
    const { map } = this;
    const { width, height } = map.camera;
    const marks = map.seen(MARKS) ?? null;
    map.overlay.affine = map.camera.affine();
    const points = marks ? this.circles(marks) : `<image width="${width}" height="${height}" href="${this.plain()}"/>`;
    const keys = this.keys().map(({ colour, text }, i) => `<rect x="10" y="${10 + i * 18}" width="10" height="10" fill="${colour}"/><text x="26" y="${19 + i * 18}">${escaped(text)}</text>`);
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12">`
      + `<rect width="100%" height="100%" fill="${map.theme.ground}"/>${points}${map.overlay.contours.svg()}<g fill="${map.theme.ink}">${keys.join("")}</g></svg>`;
  }

  plain() {
    this.map.finish();
    return this.map.drawing.canvas.toDataURL("image/png");
  }

  circles(marks) {
    const view = this.map.view(this.map.geometry.points);
    const radius = (view.size / 2).toFixed(2);
    const one = ({ x, y, colour, faded }) => `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${radius}" fill="rgb(${colour})" fill-opacity="${(faded ? view.dim : view.alpha).toFixed(2)}"/>`;
    return marks.map(one).join("");
  }

  // Times of the pictures of a GIF: whole frames, and with few of them also steps between.
  times() {
    const last = this.map.geometry.frames - 1;
    const steps = Math.max(1, Math.min(BETWEEN, Math.floor((IN_A_GIF - 1) / Math.max(last, 1))));
    const count = Math.min(last * steps, IN_A_GIF - 1);
    const at = (i) => (i * last) / Math.max(count, 1);
    return Array.from({ length: count + 1 }, (_, i) => (steps > 1 ? at(i) : Math.round(at(i))));
  }

  // Draws the frames one by one into a GIF; the button says how far it is.
  async gif() {
    const { map } = this;
    const button = map.find("gif");
    let times = this.times();
    const whole = times.length;
    const speed = PACE * Number(map.playing.find("speed").value);
    const delay = () => Math.max(2, Math.round((100 * (map.geometry.frames - 1)) / speed / Math.max(times.length - 1, 1)));
    const tell = (text) => { button.textContent = text; return new Promise((resolve) => setTimeout(resolve, 0)); };
    button.disabled = true;
    map.playing.stop();
    const stood = map.time;
    try {
      const small = document.createElement("canvas");
      const large = document.createElement("canvas");
      let gif = null;
      for (let i = 0; i < times.length; i++) {
        const began = performance.now();
        await tell(`Drawing ${i + 1} of ${times.length}`);
        if (!map.alive) return;
        map.time = times[i];
        this.picture(large);
        map.time = stood;
        if (!gif) {
          const scale = Math.min(1, WIDEST / Math.max(large.width, large.height));
          [small.width, small.height] = [large.width, large.height].map((side) => Math.max(1, Math.round(side * scale)));
          gif = new Gif(small.width, small.height);
        }
        const context = small.getContext("2d", { willReadFrequently: true });
        context.drawImage(large, 0, 0, small.width, small.height);
        gif.add(context.getImageData(0, 0, small.width, small.height).data, i === times.length - 1 ? HOLD : delay());
        if (i === 0) times = bounded(times, performance.now() - began); // the first picture stays the first
      }
      save(await gif.blob((i) => tell(`Writing ${i} of ${times.length}`)), this.name("gif"));
    } finally {
      button.disabled = false;
      tell("GIF film");
      if (times.length < whole) map.find("status").textContent = `The GIF has ${times.length} of ${whole} pictures, so that drawing them takes about a minute.`;
      map.find("saving").open = false;
      map.rest();
    }
  }

  // Plays once from the first frame and saves what was seen.
  async film() {
    const { map } = this;
    const canvas = this.picture();
    const type = ["video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm"].find((each) => MediaRecorder.isTypeSupported(each));
    const recorder = new MediaRecorder(canvas.captureStream(30), { mimeType: type, videoBitsPerSecond: 8e6 });
    const parts = [];
    recorder.ondataavailable = (event) => event.data.size && parts.push(event.data);
    const ended = new Promise((resolve) => (recorder.onstop = resolve));
    map.time = 0;
    recorder.start();
    const copy = () => {
      if (recorder.state !== "recording") return;
      this.picture(canvas);
      requestAnimationFrame(copy);
    };
    copy();
    map.playing.start();
    await new Promise((resolve) => (map.playing.done = resolve));
    map.playing.done = null;
    this.picture(canvas);
    await new Promise((resolve) => setTimeout(resolve, 300));
    recorder.stop();
    await ended;
    save(new Blob(parts, { type: "video/webm" }), this.name("webm"));
  }
}
