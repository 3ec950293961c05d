// Shows drawings that live in Python (k8slearn/lab/views/scene.py), follows their changes, and plays them back.
//
// One module for all views: it knows elements, not pods. What a model knows is kept per model, not per
// view on the page, so that a second view and a reloaded page start from what is true now.

const SVG = "http://www.w3.org/2000/svg";
const MEANING = new Set(["tag", "in", "text", "children", "story", "ref", "command"]);
const KEPT = 20000; // changed elements that are remembered, as in history.py
const SPEEDS = [0.5, 1, 2, 4, 8];

export default () => {
  const tape = new Tape();
  return {
    initialize({ model }) {
      tape.load(model.get("snapshot"));
      model.on("msg:custom", (message) => {
        if (message.snapshot) return tape.load(message.snapshot);
        if (!message.frame || message.seq <= tape.seq) return;
        if (message.seq !== tape.seq + 1) return model.send({ have: tape.seq }); // one was missed: ask for everything
        tape.record(message);
      });
      model.send({ have: tape.seq }); // changes may have come while this module was loading
    },
    render({ model, el }) {
      const screen = new Screen(el, tape, model);
      tape.screens.add(screen);
      return () => {
        tape.screens.delete(screen);
        screen.leave();
      };
    },
  };
};

// -- what was shown, and what is shown now ----------------------------------------------------------

class Tape {
  constructor() {
    this.screens = new Set();
    this.scene = new Map(); // key -> element, as it is shown
    this.frames = []; // { time, changes, undo, note, noteBefore }
    this.at = 0; // how many frames are applied: all of them while it is live
    this.live = true;
    this.seq = -1;
  }

  load({ seq, base, began, note, frames }) {
    this.seq = seq;
    this.scene = new Map(Object.entries(base));
    this.began = began;
    this.note = note;
    this.frames = [];
    this.weight = this.at = 0;
    this.live = true;
    for (const frame of frames) this.add(frame);
    while (this.at < this.frames.length) this.move(1);
    for (const screen of this.screens) screen.redraw();
  }

  record({ seq, frame, said }) {
    this.seq = seq;
    this.add(frame);
    if (this.live) this.seek(this.frames.length, said);
    else for (const screen of this.screens) screen.showPosition();
  }

  add([time, changes, note]) {
    this.frames.push({ time, changes, note });
    this.weight += Object.keys(changes).length + 1;
    // The oldest go, but never one that the reader has gone back to.
    while (this.weight > KEPT && this.at > 1) {
      const oldest = this.frames.shift();
      this.weight -= Object.keys(oldest.changes).length + 1;
      this.began = oldest.time;
      this.at -= 1;
    }
  }

  // To the picture after `at` frames; screens are told what differs.
  seek(at, said = "") {
    const before = new Map();
    while (this.at !== at) {
      for (const [key, old] of this.move(Math.sign(at - this.at))) if (!before.has(key)) before.set(key, old);
    }
    const changes = {};
    for (const [key, old] of before) {
      const now = this.scene.get(key);
      if (now === undefined) changes[key] = null;
      else if (now !== old) changes[key] = old ? { ...nulls(old, now), ...now } : now;
    }
    for (const screen of this.screens) screen.update(changes, said);
  }

  // One frame on (1) or back (-1); returns what was there before.
  move(way) {
    const frame = this.frames[way > 0 ? this.at : this.at - 1];
    const changes = way > 0 ? frame.changes : frame.undo;
    const undo = {};
    const touched = [];
    for (const [key, change] of Object.entries(changes)) {
      const old = this.scene.get(key);
      touched.push([key, old]);
      undo[key] = change === null ? old : old === undefined ? null : reverse(old, change);
      if (change === null) this.scene.delete(key);
      else this.scene.set(key, merge(old, change));
    }
    if (way > 0) {
      frame.undo = undo;
      frame.noteBefore = this.note;
      if (frame.note) this.note = frame.note;
    } else {
      this.note = frame.noteBefore;
    }
    this.at += way;
    return touched;
  }

  get time() {
    return this.at === 0 ? this.began : this.frames[this.at - 1].time;
  }
}

// As scene.apply does it in Python; a story changes topic by topic.
function merge(old = {}, change) {
  const merged = { ...old, ...change };
  if (old.story && change.story) merged.story = { ...old.story, ...change.story };
  return merged;
}

function reverse(old, change) {
  const undo = {};
  for (const [name, value] of Object.entries(change)) {
    const both = name === "story" && value && old.story;
    undo[name] = both ? reverse(old.story, value) : (old[name] ?? null);
  }
  return undo;
}

// The attributes that `now` lacks.
function nulls(old, now) {
  return Object.fromEntries(Object.keys(old).filter((name) => !(name in now)).map((name) => [name, null]));
}

// -- the page ---------------------------------------------------------------------------------------

let screensMade = 0;
const SELECT = "k8slearn-select"; // an event of the document: what is selected in one view is so in all

class Screen {
  constructor(el, tape, model) {
    this.tape = tape;
    this.model = model;
    this.words = model.get("controls").words;
    this.prefix = `k8s-${screensMade++}`; // ids are unique in the page
    this.nodes = new Map(); // key -> what is on the page
    this.stop = null; // the key that the Tab key reaches
    this.home = el;
    this.root = el.appendChild(make("div", "k8s-view"));
    this.story = make("div", "k8s-story");
    this.story.popover = "manual"; // above everything: a notebook's cell would cut it off
    this.said = make("div", "k8s-said");
    this.said.setAttribute("role", "status");
    this.said.setAttribute("aria-live", "polite");
    this.table = make("div", "k8s-table");
    this.table.tabIndex = 0; // it scrolls
    this.table.hidden = true;
    this.note = make("ol", "k8s-note");
    this.detail = make("div", "k8s-detail");
    this.root.append(this.table, this.note, this.makePlayer(), this.detail, this.said, this.story);
    this.listen();
    this.onSelect = (event) => this.select(event.detail);
    document.addEventListener(SELECT, this.onSelect);
    this.select(window.k8slearnSelected ?? null);
    this.redraw();
  }

  leave() {
    this.play(false);
    document.removeEventListener(SELECT, this.onSelect);
    this.tell(null);
    this.root.remove();
  }

  get scene() {
    return this.tape.scene;
  }

  // -- drawing --

  redraw() {
    this.nodes.get("")?.remove();
    this.nodes.clear();
    for (const [key, element] of this.scene) this.put(key, element);
    this.afterwards();
  }

  update(changes, said) {
    for (const [key, change] of Object.entries(changes)) {
      if (change === null) this.drop(key);
      else this.put(key, change);
    }
    if (said) this.said.textContent = said;
    if (this.told) this.tell(this.told);
    this.afterwards();
  }

  afterwards() {
    this.tabStop();
    this.showPosition();
    this.showSelected();
    if (!this.table.hidden) this.fillTable();
  }

  put(key, change) {
    let node = this.nodes.get(key);
    if (!node) {
      node = document.createElementNS(SVG, this.scene.get(key).tag);
      node.dataset.key = key;
      this.nodes.set(key, node);
      if (key === "") this.root.prepend(node);
    }
    if (change.in !== undefined && key !== "" && node.parentNode !== this.nodes.get(change.in)) {
      this.nodes.get(change.in).appendChild(node);
    }
    if (change.story && !node.hasAttribute("tabindex")) {
      node.setAttribute("tabindex", "-1");
      node.setAttribute("role", this.scene.get(key).ref ? "button" : "img");
    }
    this.set(node, change);
    if (change.ref !== undefined || change.class !== undefined) this.mark(node, this.scene.get(key).ref);
  }

  drop(key) {
    const node = this.nodes.get(key);
    if (this.told === key) this.tell(null);
    if (node === document.activeElement) this.nodes.get("").querySelector("[tabindex]:not(:focus)")?.focus();
    node?.remove();
    this.nodes.delete(key);
  }

  // Texts become text nodes and attributes, never markup: a pod may be called anything.
  set(node, change) {
    if (change.children !== undefined) node.replaceChildren(...(change.children ?? []).map((part) => this.make(part)));
    if (change.text !== undefined) node.textContent = change.text ?? "";
    for (const [name, value] of Object.entries(change)) {
      if (MEANING.has(name)) continue;
      if (value === null) node.removeAttribute(name);
      else if (name === "id") node.setAttribute(name, `${this.prefix}-${value}`);
      else if (name === "href") node.setAttribute(name, `#${this.prefix}-${value.slice(1)}`);
      else node.setAttribute(name, value);
    }
  }

  make(element) {
    const node = document.createElementNS(SVG, element.tag);
    this.set(node, element);
    return node;
  }

  // -- going back --

  makePlayer() {
    const { words } = this;
    const player = make("div", "k8s-player");
    player.setAttribute("data-lm-suppress-shortcuts", "true"); // the keys are ours, not the notebook's
    this.playing = button("▶", words.play, () => this.play(!this.timer));
    this.slider = make("input");
    Object.assign(this.slider, { type: "range", min: 0, step: 1 });
    this.slider.setAttribute("aria-label", words.history);
    this.slider.addEventListener("input", () => this.go(Number(this.slider.value)));
    this.when = make("span", "k8s-when");
    this.speed = make("select");
    this.speed.setAttribute("aria-label", words.speed);
    for (const speed of SPEEDS) this.speed.add(new Option(`${speed}×`, speed, speed === 1, speed === 1));
    this.toLive = button(words.live, words.live, () => this.go(this.tape.frames.length));
    this.toLive.classList.add("k8s-to-live");
    player.append(
      button("◂", words.back, () => this.go(Math.max(0, this.tape.at - 1))),
      this.playing,
      button("▸", words.forward, () => this.go(Math.min(this.tape.frames.length, this.tape.at + 1))),
      this.slider, this.when, this.speed, this.toLive, make("span", "k8s-space"),
    );
    if (this.model.get("controls").clock) {
      this.clock = button("", "", () => this.model.send({ do: this.paused ? "resume" : "pause" }));
      player.append(this.clock, button(words.step, words.step, () => this.model.send({ do: "step" })));
      this.model.on("change:controls", () => this.showClock());
      this.showClock();
    }
    this.toTable = button(words.table, words.table, () => this.showTable(this.table.hidden));
    this.toPin = button(words.pin, words.pin, () => this.pin(!this.root.classList.contains("k8s-pinned")));
    player.append(this.toTable, this.toPin);
    return player;
  }

  get paused() {
    return this.model.get("controls").clock === "paused";
  }

  showClock() {
    this.clock.textContent = this.words[this.paused ? "clock-resume" : "clock-pause"];
  }

  go(at) {
    this.tape.live = at === this.tape.frames.length;
    this.tape.seek(at);
  }

  // In the recorded rhythm, but never waiting longer than two seconds for the next change.
  play(on) {
    clearTimeout(this.timer);
    this.timer = null;
    if (on) {
      if (this.tape.at === this.tape.frames.length) this.go(0);
      const next = () => {
        if (this.tape.at >= this.tape.frames.length) return this.play(false);
        const gap = Math.min(2, this.tape.frames[this.tape.at].time - this.tape.time);
        this.timer = setTimeout(() => {
          this.go(this.tape.at + 1);
          next();
        }, (Math.max(0.05, gap) * 1000) / Number(this.speed.value));
      };
      next();
    }
    this.playing.textContent = this.timer ? "❚❚" : "▶";
    this.playing.setAttribute("aria-label", this.timer ? this.words.pause : this.words.play);
  }

  showPosition() {
    const { tape, words } = this;
    this.slider.max = tape.frames.length;
    this.slider.value = tape.at;
    const time = new Date(tape.time * 1000).toLocaleTimeString();
    const newest = tape.frames.at(-1)?.time ?? tape.began;
    this.when.textContent = tape.live ? time : `${time} (${(newest - tape.time).toFixed(1)} ${words.ago})`;
    this.slider.setAttribute("aria-valuetext", this.when.textContent);
    this.root.classList.toggle("k8s-past", !tape.live);
    this.toLive.disabled = tape.live;
    const note = tape.note ?? [];
    this.note.hidden = note.length === 0;
    if (this.noted !== note) {
      this.noted = note;
      this.note.replaceChildren(...note.map((sentence) => make("li", "", sentence)));
    }
  }

  // -- reading --

  listen() {
    const keyOf = (event) => event.target.closest?.("svg [tabindex]")?.dataset.key ?? null;
    this.root.addEventListener("pointerover", (event) => this.tell(keyOf(event)));
    this.root.addEventListener("pointerleave", () => this.tell(null));
    this.root.addEventListener("focusin", (event) => {
      this.tell(keyOf(event));
      if (keyOf(event) !== null) this.tabStop(keyOf(event));
    });
    this.root.addEventListener("focusout", () => this.tell(null));
    this.root.addEventListener("click", (event) => {
      if (keyOf(event) !== null) this.choose(this.scene.get(keyOf(event)).ref);
    });
    this.root.addEventListener("keydown", (event) => {
      if (event.key === "Escape") return this.tell(null);
      const key = keyOf(event);
      if (key === null) return;
      const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (way) this.neighbour(this.nodes.get(key), way)?.focus();
      else if (event.key === "Enter" || event.key === " ") this.choose(this.scene.get(key).ref);
      else return;
      event.preventDefault();
      event.stopPropagation(); // the notebook moves between cells with the same keys
    });
  }

  // The story of an element, beside it.
  tell(key) {
    const node = key === null ? undefined : this.nodes.get(key);
    const element = node && this.scene.get(key);
    this.told = element?.story ? key : null;
    if (!this.told) return this.story.hidePopover?.();
    this.story.replaceChildren(make("strong", "", element["aria-label"]), storyList(element.story));
    this.story.showPopover();
    // A node's card is large: its story begins under its name, a pod's under the pod, or above if need be.
    const box = (node.querySelector(".k8s-name") ?? node).getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.story;
    const below = box.bottom + 6 + height <= window.innerHeight;
    this.story.style.left = `${Math.max(4, Math.min(box.left, window.innerWidth - width - 4))}px`;
    this.story.style.top = `${Math.max(4, below ? box.bottom + 6 : box.top - height - 6)}px`;
  }

  // One stop for the Tab key; the arrow keys move on from there.
  tabStop(key = this.stop) {
    this.nodes.get(this.stop)?.setAttribute("tabindex", "-1");
    const chosen = this.nodes.get(key) ?? this.nodes.get("").querySelector("[tabindex]");
    this.stop = chosen?.dataset.key ?? null;
    chosen?.setAttribute("tabindex", "0");
  }

  neighbour(from, [dx, dy]) {
    const middle = (node) => {
      const box = node.getBoundingClientRect();
      return [box.left + box.width / 2, box.top + Math.min(box.height / 2, 12)];
    };
    const [x, y] = middle(from);
    let best = null;
    let least = Infinity;
    for (const node of this.nodes.get("").querySelectorAll("[tabindex]")) {
      const [nx, ny] = middle(node);
      const ahead = (nx - x) * dx + (ny - y) * dy;
      const aside = Math.abs((nx - x) * dy) + Math.abs((ny - y) * dx);
      if (ahead > 1 && ahead + 3 * aside < least) [best, least] = [node, ahead + 3 * aside];
    }
    return best;
  }

  // -- one object, in all views --

  choose(ref) {
    if (!ref) return;
    window.k8slearnSelected = ref === this.selected ? null : ref;
    document.dispatchEvent(new CustomEvent(SELECT, { detail: window.k8slearnSelected }));
  }

  select(ref) {
    this.selected = ref;
    this.known = null; // what is shown of it below the picture
    for (const [key, node] of this.nodes) this.mark(node, this.scene.get(key)?.ref);
    this.showSelected();
  }

  mark(node, ref) {
    if (!ref) return;
    node.classList.toggle("k8s-selected", ref === this.selected);
    node.setAttribute("aria-pressed", ref === this.selected);
  }

  // What it is, and the kubectl command that tells the same. What has vanished says so and stays.
  showSelected() {
    const key = this.selected && [...this.scene].find(([, element]) => element.ref === this.selected)?.[0];
    const element = key && this.scene.get(key);
    this.detail.hidden = !(element || this.known);
    if (this.detail.hidden || (element && element === this.known)) return;
    const shown = element || this.known;
    const [object, namespace] = this.selected.split(" ");
    const command = shown.command ?? `kubectl describe ${object}${namespace ? ` --namespace ${namespace}` : ""}`;
    const copy = button(this.words.copy, this.words.copy, async () => {
      await navigator.clipboard.writeText(command);
      copy.textContent = this.words.copied;
    });
    const line = make("div", "k8s-command");
    line.append(make("code", "", command), copy);
    const title = make("strong", "", element ? shown["aria-label"] : `${shown["aria-label"]} – ${this.words.vanished}`);
    const away = button("×", this.words.close, () => this.choose(this.selected));
    away.classList.add("k8s-close");
    this.detail.replaceChildren(away, title, line, storyList(shown.story ?? {}));
    this.known = shown;
  }

  // -- in another form, in another place --

  showTable(on) {
    this.table.hidden = !on;
    this.root.classList.toggle("k8s-as-table", on);
    this.toTable.textContent = this.words[on ? "picture" : "table"];
    if (on) this.fillTable();
  }

  // Whatever has a story is a row, every topic a column.
  fillTable() {
    const told = [...this.scene.values()].filter((element) => element.story);
    const topics = [...new Set(told.flatMap(({ story }) => Object.keys(story).filter((topic) => story[topic] !== null)))];
    const table = make("table");
    table.setAttribute("aria-label", this.scene.get("")["aria-label"]);
    const head = table.createTHead().insertRow();
    for (const topic of [this.words.object, ...topics]) head.append(make("th", "", topic));
    for (const cell of head.cells) cell.scope = "col";
    const body = table.createTBody();
    for (const element of told) {
      const row = body.insertRow();
      const name = make("th", "", element["aria-label"]);
      name.scope = "row";
      row.append(name, ...topics.map((topic) => make("td", "", element.story[topic] ?? "")));
    }
    this.table.replaceChildren(table);
  }

  // Beside the notebook while it scrolls: a cell would take the view along.
  pin(on) {
    this.root.classList.toggle("k8s-pinned", on);
    (on ? document.body : this.home).append(this.root);
    this.toPin.textContent = this.words[on ? "unpin" : "pin"];
    if (on) this.home.style.minHeight = "2em";
  }
}

function make(tag, style = "", text = "") {
  const node = document.createElement(tag);
  if (style) node.className = style;
  if (text) node.textContent = text;
  return node;
}

function button(text, name, action) {
  const made = make("button", "", text);
  made.type = "button";
  made.setAttribute("aria-label", name);
  made.title = name;
  made.addEventListener("click", action);
  return made;
}

function storyList(story) {
  const list = make("dl");
  for (const [topic, text] of Object.entries(story)) {
    if (text !== null) list.append(make("dt", "", topic), make("dd", "", text));
  }
  return list;
}
