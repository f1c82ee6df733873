// Codes of points → colours: ramps that colour-blind people can read, and palettes of classes.
const RAMPS = {
  viridis: ["#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725"],
  cividis: ["#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369", "#e1cc55", "#fee838"],
  plasma: ["#0d0887", "#46039f", "#7201a8", "#9c179e", "#bd3786", "#d8576b", "#ed7953", "#fb9f3a", "#fdca26", "#f0f921"],
  diverging: ["#2166ac", "#4393c3", "#92c5de", "#d1e5f0", "#f7f7f7", "#fddbc7", "#f4a582", "#d6604d", "#b2182b"],
};
// Okabe & Ito first: told apart with every common kind of colour vision.
const PALETTE = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8a6fd1", "#9b8b00", "#117733", "#882255"];
const PLAIN = "#9a9a9a"; // no value, and classes beyond the named ones
const NO_VALUE = 255; // of a continuous column

const hex = (text) => [1, 3, 5].map((i) => parseInt(text.slice(i, i + 2), 16));
const packed = ([r, g, b], alpha = 255) => ((alpha << 24) | (b << 16) | (g << 8) | r) >>> 0;
const unpacked = (value) => [value & 255, (value >> 8) & 255, (value >> 16) & 255];

const along = (stops, share) => {
  const at = share * (stops.length - 1);
  const [from, to] = [hex(stops[Math.floor(at)]), hex(stops[Math.min(Math.floor(at) + 1, stops.length - 1)])];
  return from.map((value, i) => Math.round(value + (to[i] - value) * (at - Math.floor(at))));
};

// Beyond the palette: hues by the golden angle, in three brightnesses.
const classColour = (number) => {
  if (number < PALETTE.length) return PALETTE[number];
  const [hue, light] = [(number * 137.508) % 360, [46, 60, 36][number % 3]];
  const a = 0.62 * Math.min(light / 100, 1 - light / 100);
  const part = (n) => {
    const k = (n + hue / 30) % 12;
    return Math.round(255 * (light / 100 - a * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return "#" + [part(0), part(8), part(4)].map((value) => value.toString(16).padStart(2, "0")).join("");
};

// One packed colour for each code; 0: not drawn.
const lookup = (colours, hidden) => {
  if (!colours) return new Uint32Array([packed(hex(PALETTE[0]))]);
  if (colours.kind === "ramp") {
    const stops = RAMPS[colours.ramp] ?? RAMPS.viridis;
    const table = Uint32Array.from({ length: 256 }, (_, code) => packed(along(stops, Math.min(code / 254, 1))));
    table[NO_VALUE] = packed(hex(PLAIN));
    if (hidden.has(NO_VALUE)) table[NO_VALUE] = 0;
    return table;
  }
  return Uint32Array.from(colours.names, (_, code) => (hidden.has(code) ? 0 : packed(hex(colours.colours[code]))));
};

// Fills in the colours that were not given: the largest classes have the clearest ones.
const coloured = (colours, counts) => {
  if (colours?.kind !== "classes") return colours;
  const ranked = colours.names.map((_, code) => code).sort((a, b) => counts[b] - counts[a]);
  const top = colours.top ?? ranked.length;
  const filled = [...(colours.colours ?? [])];
  const given = filled.length === colours.names.length;
  ranked.forEach((code, rank) => (filled[code] = given ? filled[code] : rank < top ? classColour(rank) : PLAIN));
  if (colours.missing !== null && colours.missing !== undefined) filled[colours.missing] = PLAIN;
  return { ...colours, colours: filled, ranked };
};
