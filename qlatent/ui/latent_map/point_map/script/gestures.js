// Mouse, touch and keyboard: pan, zoom, turn, hover, click, lasso and box.
const DWELL = 125; // milliseconds over a point before its card opens
const STILL = 4; // pixels that a click may move
const REACH = { mouse: 10, pen: 12, touch: 18 };

class Gestures {
  constructor(stage, map) {
    Object.assign(this, { stage, map, pointers: new Map(), path: null, mode: "pan" });
    const on = (name, act) => stage.addEventListener(name, act, { passive: false });
    on("pointerdown", (event) => this.down(event));
    on("pointermove", (event) => this.move(event));
    on("pointerup", (event) => this.up(event));
    on("pointercancel", (event) => this.cancel(event));
    on("pointerleave", (event) => event.pointerType === "mouse" && !this.pointers.size && this.map.hover(null));
    on("wheel", (event) => this.wheel(event));
    on("dblclick", (event) => this.pin(event));
    on("keydown", (event) => this.key(event));
    on("contextmenu", (event) => this.map.geometry?.axes === 3 && event.preventDefault());
  }

  spot(event) {
    const box = this.stage.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  down(event) {
    if (!this.map.geometry || event.target.closest("button, .pm-card")) return;
    const at = this.spot(event);
    this.stage.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, at);
    this.moved = 0;
    this.shift = event.shiftKey;
    const drawing = this.mode !== "pan" || (event.shiftKey && event.button === 0);
    this.turning = this.map.geometry.axes === 3 && !drawing && event.button !== 2 && !event.ctrlKey;
    if (this.pointers.size === 1 && drawing) this.path = [at];
    else this.path = null;
    this.map.hover(null);
  }

  move(event) {
    const at = this.spot(event);
    const before = this.pointers.get(event.pointerId);
    if (!before) return event.pointerType === "mouse" ? this.over(at) : undefined;
    this.moved += Math.hypot(at[0] - before[0], at[1] - before[1]);
    const others = [...this.pointers].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
    this.pointers.set(event.pointerId, at);
    if (others.length) this.pinch(others[0], before, at);
    else if (this.path) this.trace(at);
    else if (this.moved > STILL) this.drag(at[0] - before[0], at[1] - before[1]);
  }

  drag(dx, dy) {
    this.turning ? this.map.camera.orbit(dx, dy) : this.map.camera.pan(dx, dy);
    this.map.moved();
  }

  pinch(other, before, at) {
    const apart = (place) => Math.max(Math.hypot(place[0] - other[0], place[1] - other[1]), 1);
    this.map.camera.scale(apart(at) / apart(before), (at[0] + other[0]) / 2, (at[1] + other[1]) / 2);
    this.map.camera.pan((at[0] - before[0]) / 2, (at[1] - before[1]) / 2);
    this.map.moved();
  }

  trace(at) {
    const box = this.mode === "box" || (this.mode === "pan" && this.shift);
    const [from] = this.path;
    if (box) this.path = [from, [at[0], from[1]], at, [from[0], at[1]]];
    else if (Math.hypot(at[0] - this.path.at(-1)[0], at[1] - this.path.at(-1)[1]) >= 2) this.path.push(at);
    this.map.redraw();
  }

  up(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    const path = this.path;
    this.path = null;
    if (this.moved <= STILL) this.click(event);
    else if (path && path.length > 2) this.map.lasso(path, event.altKey ? "remove" : event.shiftKey && this.mode !== "pan" ? "add" : "replace");
    else this.map.rest();
  }

  cancel(event) {
    this.pointers.delete(event.pointerId);
    this.path = null;
    this.map.rest();
  }

  click(event) {
    const [x, y] = this.spot(event);
    const row = this.map.nearest(x, y, REACH[event.pointerType] ?? 10);
    this.map.redraw();
    if (row === null) return;
    this.map.click(row, event.shiftKey);
    if (event.pointerType !== "mouse") this.map.hover(row, true);
  }

  over([x, y]) {
    this.waiting = [x, y];
    if (this.asked) return;
    this.asked = requestAnimationFrame(() => {
      this.asked = 0;
      const row = this.map.nearest(...this.waiting, REACH.mouse);
      this.map.hover(row);
    });
  }

  pin(event) {
    const row = this.map.nearest(...this.spot(event), 10);
    if (row !== null) this.map.pin(row);
  }

  wheel(event) {
    if (!this.map.geometry) return;
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : 1;
    this.map.camera.scale(Math.exp(-Math.max(Math.min(event.deltaY * lines, 240), -240) * 0.002), ...this.spot(event));
    this.map.moved();
  }

  key(event) {
    if (event.target.closest("input, select, button") || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = event.shiftKey ? 160 : 40;
    const { map } = this;
    const ways = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    if (ways[event.key]) map.camera.pan(...ways[event.key]);
    else if (event.key === "+" || event.key === "=") map.camera.scale(1.3);
    else if (event.key === "-" || event.key === "_") map.camera.scale(1 / 1.3);
    else if (event.key === "0" || event.key === "Home") map.fit();
    else if (event.key === "Escape") return this.escape(event);
    else if (event.key === " " && map.geometry?.frames > 1) map.playing.on ? map.playing.stop() : map.playing.start();
    else if (event.key === "Enter" && map.hovered !== null) map.click(map.hovered, event.shiftKey);
    else return;
    event.preventDefault();
    map.moved();
  }

  escape(event) {
    event.preventDefault();
    this.path = null;
    this.map.clear();
  }
}
