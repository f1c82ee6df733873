// Turns keys into decisions on the case on screen. A decision that needs a reason waits here for the next key, so that
// both can be typed at once; the server draws the reasons meanwhile.
const FIELDS = "input, textarea, select, [contenteditable]:not([contenteditable=false]), [role=combobox], [role=textbox]";
const MODAL = "[role=dialog], [aria-modal=true], [data-testid=stDialog]";
const TWICE = 250; // ms in which the same key again is a double press, not the reason
const LOST = 5000; // ms after which an answer is not waited for any longer
const boards = new WeakMap();

class Keyboard {
  constructor(root) {
    this.root = root;
    this.keys = (event) => this.key(event);
    this.help = root.querySelector(".help");
    this.help.querySelector("button").onclick = () => this.help.close();
    document.addEventListener("keydown", this.keys);
  }

  update(data, send) {
    this.number ??= data.seen;
    this.data = data;
    this.send = send;
    if (data.seen >= this.number) { // else a later press is on its way, and its answer counts
      this.sent = "";
      this.waiting = data.pending;
    }
    this.draw();
    this.root.querySelector(".keys").dataset.case = data.case; // the case that keys are for
  }

  draw() {
    const line = this.root.querySelector(".keys");
    this.bar();
    const parts = Object.entries(this.data.actions).filter(([, each]) => this.data.named.includes(each.action));
    line.replaceChildren(...parts.map(([key, each]) => {
      const hint = button("", () => this.act(each.action));
      hint.append(named(key), " ", each.label);
      return hint;
    }));
    const rows = [
      ...this.data.decisions.map((each) => [each.key, each.reason ? `${each.label}, then the key of a reason`
        : each.confirm ? `${each.label}, then y to delete the pictures` : each.label]),
      ...Object.entries(this.data.actions).map(([key, each]) => [key, each.label]),
      ["Esc", "Leave a field, or choose another decision"],
    ];
    this.help.querySelector("dl").replaceChildren(...rows.flatMap(([key, label]) => {
      const [term, told] = [document.createElement("dt"), document.createElement("dd")];
      term.append(named(key));
      told.textContent = label;
      return [term, told];
    }));
  }

  // The decisions at the lower edge of a narrow screen, or the reasons of the one that waits for its reason.
  bar() {
    const bar = this.root.querySelector(".bar");
    const { decides, decisions, reasons } = this.data;
    const waiting = decisions.find((each) => each.code === this.waiting);
    bar.hidden = !decides;
    bar.classList.toggle("reasons", Boolean(waiting));
    if (waiting) {
      const asked = document.createElement("p");
      asked.textContent = waiting.confirm ? `${waiting.label} deletes the pictures for everybody` : `The reason for ${waiting.label}`;
      bar.replaceChildren(
        asked,
        ...(waiting.confirm
          ? [button("Delete and decide", () => this.give({ confirmed: true }))]
          : reasons.map((each) => button(each.label, () => this.give({ reason: each.code })))),
        button("Another decision", () => this.back(), "aside"),
      );
    } else {
      bar.replaceChildren(
        ...decisions.map((each) => button(each.label, () => this.decide(each))),
        button("Skip", () => this.act("skip"), "aside"),
        button("Undo", () => this.act("undo"), "aside"),
      );
    }
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.isComposing) return;
    const target = event.composedPath()[0];
    if (target instanceof Element && target.closest(FIELDS)) {
      if (event.key === "Escape") target.blur();
      return;
    }
    if (event.repeat || document.querySelector(MODAL)) return;
    if (this.help.open) {
      if (this.data.actions[event.key]?.action === "help") this.help.close();
      return;
    }
    if (this.choose(event.key)) event.preventDefault();
  }

  choose(key) {
    const now = performance.now();
    const twice = key === this.last && now - this.at < TWICE;
    [this.last, this.at] = [key, now];
    if (this.waiting) return this.reason(key, twice);
    const found = this.data.decisions.find((each) => each.key === key);
    if (found) return this.decide(found);
    const named = this.data.actions[key] ?? this.data.actions[key.toLowerCase()];
    if (named) this.act(named.action);
    return Boolean(named);
  }

  decide(found) {
    if (!this.data.decides || this.busy) return true;
    if (found.reason || found.confirm) {
      this.waiting = found.code;
      this.tell({ action: "decide", code: found.code });
      this.bar();
      return true;
    }
    this.sent = this.data.case;
    this.tell({ action: "decide", code: found.code });
    return true;
  }

  reason(key, twice) {
    if (twice) return true;
    if (key === "Escape") return this.back();
    if (this.data.decisions.find((each) => each.code === this.waiting)?.confirm)
      return key === "y" ? this.give({ confirmed: true }) : this.aside(key);
    const found = this.data.reasons[Number(key) - 1];
    return found ? this.give({ reason: found.code }) : this.aside(key);
  }

  give(answer) {
    if (this.busy) return true;
    this.sent = this.data.case;
    this.tell({ action: "decide", code: this.waiting, ...answer });
    this.waiting = "";
    this.bar();
    return true;
  }

  back() {
    this.waiting = "";
    this.tell({ action: "back" });
    this.bar();
    return true;
  }

  // While a reason is awaited, only keys that change nothing act.
  aside(key) {
    const action = this.data.actions[key]?.action;
    if (["blur", "note", "help"].includes(action)) this.act(action);
    return Boolean(action);
  }

  act(action) {
    if (action === "help") return this.help.showModal();
    if (action === "blur") return document.dispatchEvent(new CustomEvent("qlatent-blur"));
    // by the case, since the field of the case before stays until the page is drawn
    if (action === "note") return focusOn(`.st-key-triage_note_${this.data.case.replace(/[^\w-]/g, "-")} textarea`);
    if (action === "search") return focusOn(".st-key-triage_search input");
    if (action === "undo") {
      if (this.undone === this.data.turn) return;
      this.undone = this.data.turn;
      return this.tell({ action });
    }
    if (!this.data.decides || this.busy) return;
    this.sent = this.data.case;
    this.tell({ action });
  }

  // Whether a decision on this case is on its way; one that got lost with the connection does not block for long.
  get busy() {
    return this.sent === this.data.case && performance.now() - this.told < LOST;
  }

  tell(what) {
    this.number += 1;
    this.told = performance.now();
    this.send("pressed", { case: this.data.case, turn: this.data.turn, number: this.number, ...what });
  }

  stop() {
    document.removeEventListener("keydown", this.keys);
  }
}

function button(label, act, kind = "") {
  const drawn = document.createElement("button");
  drawn.type = "button";
  drawn.className = kind;
  drawn.textContent = label;
  drawn.onclick = act;
  return drawn;
}

function named(key) {
  const drawn = document.createElement("kbd");
  drawn.textContent = key;
  return drawn;
}

function focusOn(selector) {
  const field = document.querySelector(selector);
  field?.focus();
  field?.scrollIntoView({ block: "nearest" });
}

export default function (component) {
  const { parentElement, data, setTriggerValue } = component;
  if (!boards.has(parentElement)) boards.set(parentElement, new Keyboard(parentElement));
  const board = boards.get(parentElement);
  board.update(data, setTriggerValue);
  return () => {
    board.stop();
    boards.delete(parentElement);
  };
}
