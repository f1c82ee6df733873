// Frames played in the browser: Python is not asked, and hears of the frame only at rest.
const PACE = 4; // frames a second at speed 1
const HELD = 1500; // milliseconds that the last frame is seen before the map plays by itself
const FILM = 5; // seconds that this takes at most

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

  // Plays once without being asked, and later on to frames that arrive while a run records them. The first of linked
  // maps leads, the others follow it. Where a person wants less motion, the last frame is shown.
  open(first, seen) {
    const { map } = this;
    const last = map.geometry.frames - 1;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const leader = map.link.leader();
    const follows = !first && map.time >= seen - 1 && !this.on;
    map.camera.fit(map.geometry.bounds(last));
    if (still) { if (follows) map.time = last; }
    else if (leader !== map) { if (leader.geometry?.frames === last + 1) map.time = leader.time; }
    else if (first && last > 0) this.opening = setTimeout(() => this.start(Math.max(1, last / (PACE * FILM))), HELD);
    else if (follows && last > map.time) this.start();
  }

  start(hurry = 1) {
    clearTimeout(this.opening);
    const { map } = this;
    if (map.time >= map.geometry.frames - 1) map.time = 0;
    this.on = true;
    this.last = performance.now();
    this.button();
    const tick = (now) => {
      if (!this.on || !map.alive) return;
      const step = (Math.min(now - this.last, 250) / 1000) * PACE * hurry * Number(this.find("speed").value);
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
    clearTimeout(this.opening);
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
