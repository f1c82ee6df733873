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
    this.noted(name);
  }

  leave() {
    const members = CHANNELS.get(this.name);
    members?.delete(this.map);
    if (members?.size === 0) CHANNELS.delete(this.name);
    this.noted(this.name);
  }

  // The first of the linked maps on the page.
  leader() {
    const place = ({ root }) => root.getRootNode().host ?? root;
    const before = (one, other) => place(one).compareDocumentPosition(place(other)) & Node.DOCUMENT_POSITION_PRECEDING;
    return [...(CHANNELS.get(this.name) ?? [])].reduce((first, other) => (before(first, other) ? other : first), this.map);
  }

  leads() { return this.leader() === this.map; }

  // Another map came or went: who leads may have changed.
  noted(name) { for (const other of CHANNELS.get(name) ?? []) if (other.plain) other.note(); }

  // Whether both show the same axes, so that one camera fits both.
  shares(other) {
    return Boolean(other.camera && this.map.camera) && other.geometry.axes === this.map.geometry.axes && other.data.axes === this.map.data.axes;
  }

  // Maps of the same named axes start alike: the one whose camera the page keeps leads, the others follow it.
  agree() {
    if (!this.name || !this.map.data.axes) return;
    const leads = (map) => map.data.reports?.includes("camera");
    if (leads(this.map)) { this.tell("camera", this.map.camera.seen()); return; }
    const leader = [...CHANNELS.get(this.name)].find((other) => other !== this.map && leads(other) && this.shares(other));
    if (leader) this.map.camera.follow(leader.camera.seen(), this.map.data.axes);
  }

  // Only maps of as many points are meant by a row; only maps of as many axes by a camera.
  tell(kind, value) {
    for (const other of CHANNELS.get(this.name) ?? []) {
      if (other !== this.map && other.geometry?.points === this.map.geometry.points) other.linked(kind, value, this.map);
    }
  }
}
