// Steps through a circuit: marks the current gate in the drawing and shows the state after it in the Plotly charts.
// All states are sent with the drawing, so a step needs no server; the gate is sent to Python for the link.
const SETTLED = 400; // ms without a step before the gate is sent to Python
const QUIET = "input, textarea, select, button, a, canvas, [contenteditable], [role], .js-plotly-plot, [data-testid=stDataFrame]";
const steppers = new WeakMap();

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

class Stepper {
  constructor(root) {
    this.root = root;
    this.gate = 0;
    this.find = (name) => root.querySelector("." + name);
    this.find("back").onclick = () => this.step(-1);
    this.find("forward").onclick = () => this.step(1);
    this.find("scrub").oninput = (event) => this.show(Number(event.target.value));
    this.find("drawing").onclick = (event) => {
      const gate = event.target.closest(".gate");
      if (gate) this.show(Number(gate.dataset.gate));
    };
    this.keys = (event) => this.key(event);
    document.addEventListener("keydown", this.keys);
    this.plots = new Map();
    this.watch = setInterval(() => this.attach(), 250);
  }

  update(data, send) {
    const fresh = this.data?.view !== data.view;
    if (this.data?.svg !== data.svg) {
      this.find("drawing").innerHTML = data.svg;
      this.marks = [...this.root.querySelectorAll("[data-gate]")];
      this.revealed = null;
    }
    this.data = data;
    this.send = send;
    const last = data.gates.length - 1;
    this.find("scrub").max = String(last);
    this.find("numbers").hidden = !data.byGate;
    if (fresh) {
      clearTimeout(this.settle);
      this.told = data.start;
    }
    this.go(fresh ? data.start : this.gate);
  }

  step(by) {
    this.show(this.gate + by);
  }

  show(gate) {
    this.go(gate);
    clearTimeout(this.settle);
    this.settle = setTimeout(() => {
      if (this.gate !== this.told) this.send("gate", (this.told = this.gate));
    }, SETTLED);
  }

  go(gate) {
    const last = this.data.gates.length - 1;
    this.gate = Math.min(Math.max(gate, 0), last);
    for (const mark of this.marks) mark.classList.toggle("now", Number(mark.dataset.gate) === this.gate);
    const words = `${this.gate} of ${last}: ${this.data.gates[this.gate]}`;
    if (this.find("now-text").textContent !== words) this.find("now-text").textContent = words;
    this.find("scrub").value = String(this.gate);
    this.find("scrub").setAttribute("aria-valuetext", words);
    this.find("back").setAttribute("aria-disabled", String(this.gate === 0));
    this.find("forward").setAttribute("aria-disabled", String(this.gate === last));
    if (this.gate !== this.revealed) this.reveal();
    this.numbers();
    this.attach();
    this.draw();
  }

  // Scrolls sideways inside the drawing; the page does not scroll.
  reveal() {
    this.revealed = this.gate;
    const drawing = this.find("drawing");
    const mark = this.marks.find((each) => each.classList.contains("now"));
    if (!mark || drawing.scrollWidth <= drawing.clientWidth) return;
    const [inner, outer] = [mark.getBoundingClientRect(), drawing.getBoundingClientRect()];
    const room = Math.min(80, outer.width / 4);
    if (inner.left < outer.left + room) drawing.scrollLeft -= outer.left + room - inner.left;
    else if (inner.right > outer.right - room) drawing.scrollLeft += inner.right - outer.right + room;
  }

  numbers() {
    if (!this.data.byGate) return;
    const { bloch, entropies } = this.data.byGate;
    const rows = bloch[this.gate].map((vector, wire) => {
      const row = document.createElement("tr");
      const name = Object.assign(document.createElement("th"), { scope: "row", textContent: `q${wire}` });
      const cells = [...vector, entropies[this.gate][wire]].map((value) =>
        Object.assign(document.createElement("td"), { textContent: (Math.round(value * 1000) / 1000 || 0).toFixed(3) }));
      row.append(name, ...cells);
      return row;
    });
    this.find("numbers").querySelector("tbody").replaceChildren(...rows);
  }

  // The charts are other elements of the page and may be replaced at any time, so they are looked up each time.
  attach() {
    if (!this.data?.byGate) return;
    for (const [name, key] of Object.entries(this.data.charts)) {
      const plot = document.querySelector(`.st-key-${key} .js-plotly-plot`);
      if (!plot?._fullLayout || !plot.on || plot === this.plots.get(name)) continue;
      this.plots.set(name, plot);
      plot.on("plotly_afterplot", () => this.draw());
      this.draw();
    }
  }

  async draw() {
    if (this.busy || !this.data?.byGate || !window.Plotly) return;
    this.busy = true;
    try {
      let drawn;
      do {
        drawn = this.gate;
        for (const [name, plot] of this.plots) if (plot.isConnected) await this.restyle(name, plot);
      } while (drawn !== this.gate);
    } catch { /* a chart went away while it was drawn; attach() finds the new one */ }
    this.busy = false;
  }

  restyle(name, plot) {
    const { x, y, z } = this.wanted(name);
    const all = plot.data.map((_, i) => i);
    const places = name === "bloch" ? all.filter((i) => plot.data[i].meta === "wire") : [0];
    const shown = places.map((i) => plot._fullData[i]);
    if (shown.length !== y.length) return null; // the chart of a previous circuit, about to be replaced
    const change = Object.fromEntries(Object.entries({ x, y, z })
      .filter(([axis, values]) => values?.some((each, i) => !same([...shown[i][axis]], each))));
    if (!Object.keys(change).length) return null;
    // with new data Plotly guesses the axis type again, and "0101" looks like a number
    const layout = z ? {} : { "xaxis.type": "category" };
    return window.Plotly.update(plot, change, layout, places);
  }

  wanted(name) {
    const { bloch, entropies, probabilities, states } = this.data.byGate;
    const wires = bloch[this.gate];
    if (name === "bloch") return Object.fromEntries(["x", "y", "z"].map((axis, i) => [axis, wires.map((v) => [0, v[i]])]));
    if (name === "entropies") return { x: [wires.map((_, wire) => `q${wire}`)], y: [entropies[this.gate]] };
    const values = probabilities[this.gate];
    const which = states ? states[this.gate] : values.map((_, i) => i);
    return { x: [which.map((state) => state.toString(2).padStart(wires.length, "0"))], y: [values] };
  }

  key(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const target = event.composedPath()[0];
    const own = target instanceof Node && this.find("stepper").contains(target);
    if (own ? target === this.find("scrub") : target.closest?.(QUIET)) return; // the range handles its own keys
    this.step(by);
    event.preventDefault();
  }

  stop() {
    clearInterval(this.watch);
    clearTimeout(this.settle);
    document.removeEventListener("keydown", this.keys);
  }
}

export default function (component) {
  const { parentElement, data, setStateValue } = component;
  if (!steppers.has(parentElement)) steppers.set(parentElement, new Stepper(parentElement));
  const stepper = steppers.get(parentElement);
  stepper.update(data, setStateValue);
  return () => {
    stepper.stop();
    steppers.delete(parentElement);
  };
}
