// Where there is no WebGL2: more points in view than the processor draws at ease are drawn by the server, as a picture.
const EASE = 200000; // points in view that the processor draws in a moment on a slow machine, too

class Density {
  constructor(raster, map) {
    Object.assign(this, { raster, map, canvas: raster.canvas });
  }

  get speed() { return this.raster.speed; }

  get turning() { return this.raster.turning; }

  load(points) { this.raster.load(points); }

  carry(view) { this.stop(); return this.raster.carry(view); }

  // A question that is out of date is withdrawn.
  stop() {
    this.asking?.abort();
    Object.assign(this, { asking: null, waiting: null, picture: null });
  }

  begin(view) {
    this.stop();
    this.view = view;
    if (!view.whole || view.now || view.mix > 0 || this.map.inView() <= EASE) { this.raster.begin(view); return; }
    const asking = (this.asking = new AbortController());
    this.waiting = this.map.source.picture(this.question(view), asking.signal).then((picture) => {
      if (this.asking !== asking) return;
      this.waiting = null;
      if (picture) this.picture = picture;
      else this.raster.begin(view); // the server cannot: drawn here, if slowly
    });
  }

  // Length of the description, description, both tables of colours, and with a selection a bit a row.
  question(view) {
    const { map } = this;
    const { lut, faded, dpr } = view;
    const scaled = view.affine.slice(0, 2).map((row) => row.map((value) => value * dpr));
    const [width, height] = [view.width, view.height].map((side) => Math.max(1, Math.round(side * dpr)));
    const description = new TextEncoder().encode(JSON.stringify({
      width, height, matrix: scaled, side: Math.max(1, Math.round(view.size * dpr)), ground: view.background,
      frame: view.first, codes: map.data.colours?.tag ?? null, colours: lut.length, selected: view.dimming,
    }));
    const length = new Uint8Array(new Uint32Array([description.length]).buffer);
    const bits = view.dimming ? [map.bits()] : [];
    return new Blob([length, description, lut, faded, ...bits]);
  }

  advance() { return this.picture ? true : this.waiting ? false : this.raster.advance(); }

  show() {
    const { raster, picture, view } = this;
    if (!picture) { raster.show(); return; }
    raster.fit(view);
    raster.context.drawImage(picture, 0, 0);
    raster.keep(view);
  }
}
