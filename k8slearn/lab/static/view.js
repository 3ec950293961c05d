// Shows a drawing that lives in Python (k8slearn/lab/scene.py) and follows its changes.
//
// One module for all views: it knows elements, not pods. What a model knows is kept per model, not per
// view on the page, so that a second view and a reloaded page start from what is true now.

const SVG = "http://www.w3.org/2000/svg";
const MEANING = new Set(["tag", "in", "text", "children", "story"]);

export default () => {
  const scene = new Map(); // key -> element, as Python has it
  const screens = new Set(); // the places on the page that show it
  let seq = -1;

  function replaceAll(snapshot) {
    seq = snapshot.seq;
    scene.clear();
    for (const [key, element] of Object.entries(snapshot.scene)) scene.set(key, element);
    for (const screen of screens) screen.redraw();
  }

  function receive(message, model) {
    if (message.snapshot) return replaceAll(message.snapshot);
    if (!message.changes || message.seq <= seq) return;
    if (message.seq !== seq + 1) return model.send({ have: seq }); // one was missed: ask for everything
    seq = message.seq;
    for (const [key, change] of Object.entries(message.changes)) {
      if (change === null) scene.delete(key);
      else scene.set(key, merge(scene.get(key), change));
    }
    for (const screen of screens) screen.update(message.changes, message.said);
  }

  // As scene.apply does it in Python; a story changes topic by topic.
  function merge(old = {}, change) {
    const merged = { ...old, ...change };
    if (old.story && change.story) merged.story = { ...old.story, ...change.story };
    return merged;
  }

  return {
    initialize({ model }) {
      replaceAll(model.get("snapshot"));
      model.on("msg:custom", (message) => receive(message, model));
      model.send({ have: seq }); // changes may have come while this module was loading
    },
    render({ el }) {
      const screen = new Screen(el, scene);
      screens.add(screen);
      return () => {
        screens.delete(screen);
        screen.tell(null);
      };
    },
  };
};

let screensMade = 0;

class Screen {
  constructor(el, scene) {
    this.scene = scene;
    this.prefix = `k8s-${screensMade++}`; // ids are unique in the page
    this.nodes = new Map(); // key -> what is on the page
    this.stop = null; // the key that the Tab key reaches
    this.root = el.appendChild(document.createElement("div"));
    this.root.className = "k8s-view";
    this.story = document.createElement("div");
    this.story.className = "k8s-story";
    this.story.popover = "manual"; // above everything: a notebook's cell would cut it off
    this.said = document.createElement("div");
    this.said.className = "k8s-said";
    this.said.setAttribute("role", "status");
    this.said.setAttribute("aria-live", "polite");
    this.root.append(this.said, this.story);
    this.listen();
    this.redraw();
  }

  // -- drawing --

  redraw() {
    this.nodes.get("")?.remove();
    this.nodes.clear();
    for (const [key, element] of this.scene) this.put(key, element);
    this.tabStop();
  }

  update(changes, said) {
    for (const [key, change] of Object.entries(changes)) {
      if (change === null) this.drop(key);
      else this.put(key, change);
    }
    this.tabStop();
    if (said) this.said.textContent = said;
    if (this.told) this.tell(this.told);
  }

  put(key, change) {
    let node = this.nodes.get(key);
    if (!node) {
      node = document.createElementNS(SVG, this.scene.get(key).tag);
      node.dataset.key = key;
      this.nodes.set(key, node);
      if (key === "") this.root.prepend(node);
    }
    if (change.in !== undefined && key !== "") this.nodes.get(change.in).appendChild(node);
    if (change.story && !node.hasAttribute("tabindex")) {
      node.setAttribute("tabindex", "-1");
      node.setAttribute("role", "img");
    }
    this.set(node, change);
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

  // -- reading --

  listen() {
    const keyOf = (event) => event.target.closest?.("[tabindex]")?.dataset.key ?? null;
    this.root.addEventListener("pointerover", (event) => this.tell(keyOf(event)));
    this.root.addEventListener("pointerleave", () => this.tell(null));
    this.root.addEventListener("focusin", (event) => {
      this.tell(keyOf(event));
      this.tabStop(keyOf(event));
    });
    this.root.addEventListener("focusout", () => this.tell(null));
    this.root.addEventListener("keydown", (event) => {
      if (event.key === "Escape") return this.tell(null);
      const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (!way || !keyOf(event)) return;
      event.preventDefault();
      event.stopPropagation(); // the notebook moves between cells with the same keys
      this.neighbour(this.nodes.get(keyOf(event)), way)?.focus();
    });
  }

  // The story of an element, beside it.
  tell(key) {
    const node = key === null ? undefined : this.nodes.get(key);
    this.told = node ? key : null;
    if (!node) return this.story.hidePopover();
    const element = this.scene.get(key);
    const title = document.createElement("strong");
    title.textContent = element["aria-label"];
    const list = document.createElement("dl");
    for (const [topic, text] of Object.entries(element.story)) {
      if (text === null) continue;
      list.appendChild(document.createElement("dt")).textContent = topic;
      list.appendChild(document.createElement("dd")).textContent = text;
    }
    this.story.replaceChildren(title, list);
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
}
