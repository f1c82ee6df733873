// Plays the frames of the Plotly map beside it, shows that frame's quality metrics, and marks the picked item.
// It uses the Plotly that Streamlit puts on `window`; a browser test checks that the frames change.
const INTERVAL = 280; // ms per frame at speed 1
const HELD = 1500; // ms that the last frame is seen before the map plays by itself
const FILM = 5000; // ms that this takes at most
const TOUCH = 120; // ms that Plotly needs to find the point under a finger
const SETTLED = 450; // ms without movement before the frame is sent to Python
const PLAY = "M8 5v14l11-7z";
const PAUSE = "M7 5h3.5v14H7zm6.5 0H17v14h-3.5z";
const MARK = "#D55E00";
const SVG = "http://www.w3.org/2000/svg";
const players = new WeakMap();

const make = (name, attributes = {}, parent = null) => {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (parent) parent.appendChild(node);
  return node;
};
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const shown = (value, metric) =>
  Number.isFinite(value) ? value.toFixed(metric.digits) + (metric.unit ? " " + metric.unit : "") : "–";

class Player {
  constructor(root) {
    this.root = root;
    this.frame = -1;
    this.playing = false;
    this.busy = false;
    this.find = (name) => root.querySelector("." + name);
    this.find("back").onclick = () => this.step(-1);
    this.find("forward").onclick = () => this.step(1);
    this.find("play").onclick = () => (this.playing ? this.pause() : this.play());
    this.find("scrub").oninput = (event) => {
      this.pause();
      this.show(Number(event.target.value));
    };
    this.find("player").onkeydown = (event) => this.key(event);
    this.watch = setInterval(() => this.attach(), 250);
  }

  update(data, setStateValue, setTriggerValue) {
    const fresh = !this.data || this.data.view !== data.view;
    this.data = data;
    this.send = setStateValue;
    this.trigger = setTriggerValue;
    const last = data.steps.length - 1;
    this.find("scrub").max = String(last);
    if (fresh) {
      this.frame = Math.min(Math.max(data.start, 0), last);
      this.told = this.frame;
      this.plot = null;
      this.waiting = data.autoplay && !matchMedia("(prefers-reduced-motion: reduce)").matches;
    }
    this.frame = Math.min(this.frame, last);
    this.metrics();
    this.tell();
    this.attach();
    this.mark();
  }

  // The chart is another element of the page and may be replaced at any time, so it is looked up each time.
  attach() {
    if (!this.data) return;
    const plot = document.querySelector(`.st-key-${this.data.chart} .js-plotly-plot`);
    if (!plot || !plot._fullLayout || !plot.on || plot === this.plot) return;
    this.plot = plot;
    plot.on("plotly_afterplot", () => this.mark());
    plot.on("plotly_relayouting", () => this.mark());
    this.listen(plot);
    if (this.frame !== this.data.drawn) this.draw();
    this.mark();
    if (this.waiting) {
      this.waiting = false;
      this.opening = setTimeout(() => this.play(Math.min(INTERVAL, FILM / this.data.steps.length)), HELD);
    }
  }

  async draw() {
    if (this.busy || !this.plot) return;
    this.busy = true;
    let drawn = -1;
    try {
      while (drawn !== this.frame && this.plot.isConnected) {
        drawn = this.frame;
        if (window.Plotly?.animate) {
          await window.Plotly.animate(this.plot, [String(drawn)], {
            mode: "immediate", frame: { duration: 0, redraw: true }, transition: { duration: 0 },
          });
        }
      }
    } catch { /* the chart went away while it was drawn; attach() finds the new one */ }
    this.busy = false;
    this.mark();
  }

  show(index) {
    const last = this.data.steps.length - 1;
    this.frame = Math.min(Math.max(index, 0), last);
    this.tell();
    clearTimeout(this.settle);
    if (!this.playing) this.settle = setTimeout(() => this.report(), SETTLED);
    return this.draw();
  }

  report() {
    if (this.frame === this.told) return;
    this.told = this.frame;
    this.send("frame", this.frame);
  }

  step(by) {
    this.pause();
    this.show(this.frame + by);
  }

  async play(interval = INTERVAL) {
    clearTimeout(this.opening);
    if (this.frame >= this.data.steps.length - 1) this.frame = -1;
    this.playing = true;
    this.button();
    while (this.playing && this.frame < this.data.steps.length - 1 && this.root.isConnected !== false) {
      const began = performance.now();
      await this.show(this.frame + 1);
      const wait = interval * Number(this.find("pace").value) - (performance.now() - began);
      await sleep(Math.max(wait, 16));
    }
    this.pause();
  }

  pause() {
    clearTimeout(this.opening);
    if (!this.playing) return;
    this.playing = false;
    this.button();
    this.report();
  }

  button() {
    this.find("shape").setAttribute("d", this.playing ? PAUSE : PLAY);
    this.find("play").setAttribute("aria-label", this.playing ? "Pause" : "Play");
  }

  key(event) {
    const onRange = event.target.classList.contains("scrub");
    if (event.key === " " && event.target.tagName !== "BUTTON") this.find("play").click();
    else if (event.key === "ArrowLeft" && !onRange) this.step(-1);
    else if (event.key === "ArrowRight" && !onRange) this.step(1);
    else return;
    event.preventDefault();
  }

  metrics() {
    const stamp = JSON.stringify(this.data.metrics);
    if (stamp === this.stamp) return;
    this.stamp = stamp;
    this.find("metrics").replaceChildren(...this.data.metrics.map((metric) => this.card(metric)));
  }

  card(metric) {
    const card = document.createElement("div");
    card.className = "metric";
    card.title = metric.help;
    const label = document.createElement("div");
    label.className = "label";
    label.textContent = metric.label;
    const value = document.createElement("div");
    value.className = "value";
    const graph = document.createElement("div");
    graph.className = "graph";
    graph.append(this.line(metric), Object.assign(document.createElement("i"), { className: "spot" }));
    card.append(label, value, graph);
    return card;
  }

  line(metric) {
    const svg = make("svg", { class: "line", viewBox: "0 0 100 28", preserveAspectRatio: "none", "aria-hidden": "true" });
    const at = this.scale(metric);
    const points = metric.values.map((value, i) => [i, value]).filter(([, value]) => Number.isFinite(value));
    const path = points.map(([i, value], n) => (n ? "L" : "M") + at.x(i) + " " + at.y(value)).join("");
    make("path", { d: path }, svg);
    if (Number.isFinite(metric.level)) make("path", { class: "level", d: `M0 ${at.y(metric.level)}H100` }, svg);
    return svg;
  }

  scale(metric) {
    const finite = [...metric.values, metric.level].filter(Number.isFinite);
    const low = Math.min(...finite);
    const high = Math.max(...finite);
    const last = Math.max(metric.values.length - 1, 1);
    return { x: (i) => (100 * i) / last, y: (v) => (high > low ? 25 - (22 * (v - low)) / (high - low) : 14) };
  }

  tell() {
    const { steps, metrics } = this.data;
    this.find("scrub").value = String(this.frame);
    this.find("now").textContent = `step ${steps[this.frame].toLocaleString("en")} · frame ${this.frame + 1}/${steps.length}`;
    this.find("scrub").setAttribute("aria-valuetext", this.find("now").textContent);
    [...this.find("metrics").children].forEach((card, i) => {
      const metric = metrics[i];
      const value = metric.values[this.frame];
      const note = Object.assign(document.createElement("span"), { className: "note", textContent: metric.note });
      card.querySelector(".value").replaceChildren(shown(value, metric), note);
      const at = this.scale(metric);
      const spot = card.querySelector(".spot");
      spot.hidden = !Number.isFinite(value);
      spot.style.left = at.x(this.frame) + "%";
      spot.style.top = Number.isFinite(value) ? (100 * at.y(value)) / 28 + "%" : "0";
    });
  }

  // Points in space cannot be selected: a click without a rotation picks the point whose label is shown.
  listen(plot) {
    let under = null;
    let from = null;
    const over = (event) => (under = event.points?.[0]?.customdata);
    plot.on("plotly_hover", over);
    plot.on("plotly_click", over); // touch screens send this instead
    plot.on("plotly_unhover", () => (under = null));
    plot.addEventListener("pointerdown", (event) => (from = event), true);
    plot.addEventListener("pointerup", (event) => {
      const still = from && Math.hypot(event.clientX - from.clientX, event.clientY - from.clientY) < 4;
      if (!still || !plot._fullLayout?.scene) return;
      setTimeout(() => Number.isFinite(under) && plot === this.plot && this.trigger("picked", under), TOUCH);
    }, true);
  }

  // The picked item's path through the frames is drawn over the chart, so a click sends no new figure.
  mark() {
    if (this.plot?._fullLayout.scene) return this.markInSpace();
    const holder = this.plot?.querySelector(".svg-container");
    if (!holder) return;
    holder.querySelector(":scope > .qlatent-mark")?.remove();
    const ways = Object.values(this.data.picked ?? {});
    const { xaxis, yaxis } = this.plot._fullLayout;
    if (!ways.length || !xaxis?.d2p) return;
    const svg = make("svg", { class: "qlatent-mark", width: xaxis._length, height: yaxis._length });
    svg.style.cssText = `position:absolute;left:${xaxis._offset}px;top:${yaxis._offset}px;overflow:hidden;pointer-events:none`;
    const at = (way, i) => [xaxis.d2p(way[i][0]), yaxis.d2p(way[i][1])];
    const here = ways.map((way) => at(way, this.frame));
    ways.forEach((way) => {
      const points = way.map((_, i) => at(way, i).join(" ")).join(" ");
      make("polyline", { points, fill: "none", stroke: MARK, "stroke-width": 1.3, opacity: 0.75 }, svg);
    });
    if (here.length > 1) {
      const [[x1, y1], [x2, y2]] = here;
      make("line", { x1, y1, x2, y2, stroke: MARK, "stroke-width": 1.6, "stroke-dasharray": "4 3" }, svg);
    }
    here.forEach(([cx, cy]) => make("circle", { cx, cy, r: 8.5, fill: "none", stroke: MARK, "stroke-width": 2.4 }, svg));
    holder.appendChild(svg);
  }

  // In space the marks are empty traces of the figure; only changed ones are redrawn.
  markInSpace() {
    const ways = Object.values(this.data.picked ?? {});
    const path = ways.flatMap((way) => [...way, [null, null, null]]);
    const wanted = { way: path, spot: ways.map((way) => way[this.frame]) };
    for (const [name, places] of Object.entries(wanted)) {
      const number = this.plot.data.findIndex((trace) => trace.meta === name);
      if (number < 0) continue;
      const filled = places.length ? places : [[null, null, null]];
      const [x, y, z] = [0, 1, 2].map((axis) => filled.map((place) => place[axis]));
      if (JSON.stringify(this.plot.data[number].x) === JSON.stringify(x)) continue;
      window.Plotly.restyle(this.plot, { x: [x], y: [y], z: [z] }, [number]);
    }
  }

  stop() {
    this.playing = false;
    clearInterval(this.watch);
    clearTimeout(this.settle);
    this.plot?.querySelector(".qlatent-mark")?.remove();
  }
}

export default function (component) {
  const { parentElement, data, setStateValue, setTriggerValue } = component;
  if (!players.has(parentElement)) players.set(parentElement, new Player(parentElement));
  const player = players.get(parentElement);
  player.update(data, setStateValue, setTriggerValue);
  return () => {
    player.stop();
    players.delete(parentElement);
  };
}
