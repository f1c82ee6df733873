// Where bytes, cards and pictures come from: a route of the server, or the message itself where there is no route.
const TYPE = "application/x-qlatent-points"; // a server without the route answers with a page instead

const unpack = (data) => {
  if (!(data instanceof Uint8Array)) return data;
  const length = new DataView(data.buffer, data.byteOffset).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(data.subarray(4, 4 + length)));
  const start = 4 + length;
  // copied, so that 16-bit values lie on even addresses
  header.inline = Object.fromEntries(Object.entries(header.inline).map(([tag, [at, size]]) => [tag, data.slice(start + at, start + at + size)]));
  return header;
};

const decoded = (text) => {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
  return bytes;
};

class Source {
  constructor(missing) {
    this.missing = missing; // called where the server cannot be reached
    this.known = new Map();
  }

  update(data) {
    this.data = data;
    for (const [tag, bytes] of Object.entries(data.inline ?? {})) {
      if (!this.known.has(tag)) this.known.set(tag, Promise.resolve(typeof bytes === "string" ? decoded(bytes) : bytes));
    }
  }

  // The bytes of a tag, asked for once; null where they cannot be had.
  bytes(tag) {
    if (!this.known.has(tag)) {
      const asked = this.ask(`blob/${tag}`, TYPE).then((answer) => answer?.arrayBuffer()).then((found) => {
        if (found) return new Uint8Array(found);
        this.known.delete(tag);
        this.missing();
        return null;
      });
      this.known.set(tag, asked);
    }
    return this.known.get(tag);
  }

  forget(tags) { for (const tag of [...this.known.keys()]) if (!tags.has(tag)) this.known.delete(tag); }

  async ask(path, type) {
    if (!this.data.route) return null;
    try {
      const answer = await fetch(this.data.route + path, { credentials: "omit" });
      return answer.ok && answer.headers.get("content-type")?.startsWith(type) ? answer : null;
    } catch {
      return null; // the server is gone: the caller asks Python, which says so itself
    }
  }

  // The picture that a question describes, drawn by the server; null where it cannot be had.
  async picture(question, signal) {
    if (!this.data.route) return null;
    try {
      const asked = { method: "POST", body: question, credentials: "omit", signal };
      const answer = await fetch(`${this.data.route}density/${this.data.geometry.tag}`, asked);
      return answer.ok && answer.headers.get("content-type") === "image/png" ? await createImageBitmap(await answer.blob()) : null;
    } catch {
      return null; // withdrawn, or the server is gone
    }
  }

  async card(row) {
    const { cards, card } = this.data;
    if (card?.row === row) return card;
    if (Array.isArray(cards)) return cards[row] ? { row, ...cards[row] } : null;
    if (!cards) return null;
    const answer = await this.ask(`card/${cards}/${row}`, "application/json");
    return answer && { row, ...(await answer.json()) };
  }

  // Many pictures in one: { image, rows, cell, columns }.
  async sheet(rows) {
    const { cards, sheets } = this.data;
    if (sheets) return null; // all are loaded at the start
    if (!cards || Array.isArray(cards)) return null;
    const answer = await this.ask(`sheet/${cards}?rows=${rows.join(",")}`, "image/");
    if (!answer) return null;
    const image = await createImageBitmap(await answer.blob());
    return { image, rows, cell: Number(answer.headers.get("x-cell")), columns: Number(answer.headers.get("x-columns")) };
  }
}
