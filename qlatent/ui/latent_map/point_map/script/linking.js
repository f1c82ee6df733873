// Maps of one page that share a name tell each other what is hovered, selected and looked at.
const CHANNELS = (globalThis.qlatentPointMaps ??= new Map());

class Link {
  constructor(map) { this.map = map; }

  join(name) {
    if (this.name === name) return;
    this.leave();
    this.name = name;
    if (!name) return;
    if (!CHANNELS.has(name)) CHANNELS.set(name, new Set());
    CHANNELS.get(name).add(this.map);
  }

  leave() {
    const members = CHANNELS.get(this.name);
    members?.delete(this.map);
    if (members?.size === 0) CHANNELS.delete(this.name);
  }

  // Only maps of as many points are meant by a row; only maps of as many axes by a camera.
  tell(kind, value) {
    for (const other of CHANNELS.get(this.name) ?? []) {
      if (other !== this.map && other.geometry?.points === this.map.geometry.points) other.linked(kind, value, this.map);
    }
  }
}
