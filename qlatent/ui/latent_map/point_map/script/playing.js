// Frames played in the browser: Python is not asked, and hears of the frame only at rest.
const PACE = 4; // frames a second at speed 1

class Playing {
  constructor(root, map) {
    Object.assign(this, { root, map, on: false });
    this.find = (name) => root.querySelector(".pm-" + name);
    this.find("play").onclick = () => (this.on ? this.stop() : this.start());
    this.find("back").onclick = () => this.go(Math.ceil(map.time) - 1);
    this.find("forward").onclick = () => this.go(Math.floor(map.time) + 1);
    this.find("scrub").oninput = (event) => this.go(Number(event.target.value));
  }

  update() {
    const { frames } = this.map.geometry;
    this.root.hidden = frames < 2;
    for (const film of ["gif", "film"]) this.map.find(film).style.display = frames < 2 ? "none" : "";
    this.find("scrub").max = String(frames - 1);
    this.tell();
  }

  go(frame) {
    this.stop();
    this.map.seek(Math.min(Math.max(frame, 0), this.map.geometry.frames - 1));
  }

  start() {
    const { map } = this;
    if (map.time >= map.geometry.frames - 1) map.time = 0;
    this.on = true;
    this.last = performance.now();
    this.button();
    const tick = (now) => {
      if (!this.on || !map.alive) return;
      const step = (Math.min(now - this.last, 250) / 1000) * PACE * Number(this.find("speed").value);
      this.last = now;
      map.time = Math.min(map.time + Math.max(step, 0), map.geometry.frames - 1);
      map.played();
      if (map.time >= map.geometry.frames - 1) this.stop();
      else requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  }

  // A pause ends on a frame that was measured, not between two.
  stop() {
    if (!this.on) return;
    this.on = false;
    this.button();
    this.map.seek(Math.round(this.map.time));
    this.done?.();
  }

  button() {
    const play = this.find("play");
    play.setAttribute("aria-label", this.on ? "Pause" : "Play");
    play.title = this.on ? "Pause" : "Play";
    play.classList.toggle("pm-on", this.on);
    play.innerHTML = this.on ? ICONS.pause : ICONS.play;
  }

  tell() {
    const { time, geometry, data } = this.map;
    const label = (frame) => data.labels?.[frame] ?? String(frame + 1);
    const whole = Number.isInteger(time);
    this.find("scrub").value = String(Math.round(time));
    const now = whole ? `${label(time)} · frame ${time + 1}/${geometry.frames}` : `between ${label(Math.floor(time))} and ${label(Math.ceil(time))}`;
    this.find("now").textContent = now;
    this.find("now").classList.toggle("pm-between", !whole);
    this.find("now").title = whole ? "" : "Points between two frames are interpolated, not measured.";
    this.find("scrub").setAttribute("aria-valuetext", now);
  }
}
