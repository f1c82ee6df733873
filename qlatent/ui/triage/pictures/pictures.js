// Draws pictures blurred; a click shows one, and the key of the queue ("qlatent-blur") all of the page or none.
const shelves = new WeakMap();

class Shelf {
  constructor(root) {
    this.place = root.querySelector(".pictures");
    this.turn = () => this.blur(!this.blurred);
    document.addEventListener("qlatent-blur", this.turn);
  }

  update(data, send) {
    this.send = send;
    const drawn = JSON.stringify([data.of, data.blurred, data.pictures.map((each) => ({ ...each, src: each.src.length }))]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const tiles = data.pictures.some((each) => each.title);
    this.place.className = `pictures ${tiles ? "tiles" : "large"}`;
    this.frames = [];
    if (tiles) {
      this.place.replaceChildren(...data.pictures.map((each) => this.tile(each)));
    } else {
      const [first, ...rest] = data.pictures.map((each) => this.frame(each));
      const strip = make("div", "strip");
      strip.append(...rest);
      this.place.replaceChildren(...(first ? [first] : []), ...(rest.length ? [strip] : []));
    }
    this.blur(data.blurred);
  }

  blur(on) {
    this.blurred = on;
    for (const frame of this.frames) this.set(frame, on);
  }

  set(frame, on) {
    frame.classList.toggle("blurred", on);
    frame.setAttribute("aria-pressed", String(!on));
    frame.setAttribute("aria-label", on ? "Blurred picture: press to show it" : `Picture: ${frame.dataset.alt}`);
  }

  frame(each) {
    if (!each.src) return make("div", "frame none", "no picture");
    const frame = make("button", "frame");
    frame.type = "button";
    frame.dataset.alt = each.alt;
    const image = make("img");
    image.src = each.src;
    image.alt = "";
    frame.append(image, make("span", "hint", "Show"));
    frame.onclick = () => this.set(frame, !frame.classList.contains("blurred"));
    this.frames.push(frame);
    return frame;
  }

  tile(each) {
    const tile = make("div", "tile");
    const title = make(each.opens ? "button" : "div", "title", each.title);
    if (each.opens) {
      title.type = "button";
      title.onclick = () => this.send("opened", each.opens);
    }
    tile.append(this.frame(each), title);
    if (each.badge) tile.append(make("span", `badge ${each.colour}`, each.badge));
    if (each.note) tile.append(make("span", "note", each.note));
    return tile;
  }

  stop() {
    document.removeEventListener("qlatent-blur", this.turn);
  }
}

function make(tag, kind = "", text = "") {
  const made = document.createElement(tag);
  made.className = kind;
  made.textContent = text; // item texts are data
  return made;
}

export default function (component) {
  const { parentElement, data, setTriggerValue } = component;
  if (!shelves.has(parentElement)) shelves.set(parentElement, new Shelf(parentElement));
  const shelf = shelves.get(parentElement);
  shelf.update(data, setTriggerValue);
  return () => {
    shelf.stop();
    shelves.delete(parentElement);
  };
}
