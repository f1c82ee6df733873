// What the colours mean: a ramp with its ends, or classes with counts, each of which can be switched off.
const NAMED = 12; // classes listed at once
const element = (tag, className, text) => Object.assign(document.createElement(tag), { className, textContent: text ?? "" });
const number = (value) => value.toLocaleString("en");
const short = (value) => (Number.isFinite(value) ? String(Number(value.toPrecision(3))) : "–");

class Legend {
  constructor(root, map) {
    Object.assign(this, { root, map, query: "" });
  }

  update() {
    const { colours, data } = this.map;
    this.root.hidden = !colours || data.legend === false;
    if (this.root.hidden) return;
    const title = element("div", "pm-legend-title", colours.label);
    title.title = colours.help ?? "";
    this.root.replaceChildren(title, ...(colours.kind === "ramp" ? this.ramp(colours) : this.classes(colours)));
  }

  ramp(colours) {
    const bar = element("div", "pm-ramp");
    const stops = RAMPS[colours.ramp] ?? RAMPS.viridis;
    bar.style.background = `linear-gradient(to right, ${stops.join(",")})`;
    const ends = element("div", "pm-ends");
    ends.append(element("span", "", short(colours.low)), element("span", "", short(colours.high)));
    const missing = this.map.counts.all[NO_VALUE];
    return missing ? [bar, ends, this.row(NO_VALUE, "no value", PLAIN)] : [bar, ends];
  }

  classes(colours) {
    const parts = [];
    if (colours.names.length > NAMED) parts.push(this.search());
    this.list = element("div", "pm-classes");
    parts.push(this.list);
    this.fill();
    return parts;
  }

  search() {
    const box = element("input", "pm-search");
    Object.assign(box, { type: "search", placeholder: "Find a class", value: this.query });
    box.setAttribute("aria-label", "Find a class");
    box.oninput = () => { this.query = box.value; this.fill(); };
    return box;
  }

  fill() {
    const { colours, counts } = this.map;
    const wanted = this.query.trim().toLowerCase();
    const present = colours.ranked.filter((code) => counts.all[code]);
    const matching = wanted ? present.filter((code) => colours.names[code].toLowerCase().includes(wanted)) : present;
    const shown = matching.slice(0, wanted ? 50 : NAMED);
    const rows = shown.map((code) => this.row(code, colours.names[code], colours.colours[code]));
    const rest = matching.slice(shown.length);
    if (rest.length) rows.push(this.others(rest));
    if (!rows.length) rows.push(element("div", "pm-none", "No class of this name."));
    this.list.replaceChildren(...rows);
  }

  row(code, name, colour) {
    const { hidden, counts, chosen } = this.map;
    const row = element("button", "pm-class");
    row.type = "button";
    row.setAttribute("aria-pressed", String(!hidden.has(code)));
    row.title = `${name}: click to switch it ${hidden.has(code) ? "on" : "off"}, double-click to see it alone`;
    const spot = element("i", "pm-spot");
    spot.style.background = colour;
    const count = chosen ? `${number(counts.chosen[code])} of ${number(counts.all[code])}` : number(counts.all[code]);
    row.append(spot, element("span", "pm-name", name), element("span", "pm-count", count));
    row.onclick = () => this.map.toggle([code]);
    row.ondblclick = () => this.map.alone(code);
    return row;
  }

  others(codes) {
    const { counts, chosen, hidden } = this.map;
    const sum = (values) => codes.reduce((total, code) => total + values[code], 0);
    const row = element("button", "pm-class pm-others");
    row.type = "button";
    row.setAttribute("aria-pressed", String(!codes.every((code) => hidden.has(code))));
    row.title = "Switch all other classes on or off";
    const all = chosen ? `${number(sum(counts.chosen))} of ${number(sum(counts.all))}` : number(sum(counts.all));
    row.append(element("i", "pm-spot pm-mixed"), element("span", "pm-name", `${number(codes.length)} others`), element("span", "pm-count", all));
    row.onclick = () => this.map.toggle(codes);
    return row;
  }
}
