// Viewer of a smear: switchable layers, zoom and pan, and a ring around the selected cell.

import { el, svg } from "./dom.mjs";
import { words } from "./words.mjs";

const { viewer } = words;
const MAXIMUM_SCALE = 8;
const STEP = 1.4;

// `pictures` are links by layer, `cells` the rows of the report, `grid` the size of what their coordinates refer to.
// `point(number)` is called with the cell under the pointer.
export function makeViewer({ pictures, cells, grid, point, reload }) {
  const layers = layersOf(pictures ?? {});
  if (!layers.length) return { content: el("p", { class: "hint" }, viewer.noPictures), show: () => undefined };
  const image = el("img", { alt: "", draggable: "false" });
  const rings = svg("svg", { viewBox: `0 0 ${grid.width} ${grid.height}`, preserveAspectRatio: "none", "aria-hidden": "true" });
  const stage = el("div", { class: "stage" }, image, rings);
  const port = el("div", { class: "port", tabindex: "0", role: "img", "aria-label": viewer.keys }, stage);
  const caption = el("figcaption", {});
  const marks = new Map(cells.map((cell) => [cell.number, ringOf(cell, point)]));
  rings.append(...marks.values());
  const choose = ({ name, link, text }) => {
    image.src = link;
    image.alt = name;
    caption.textContent = text;
  };
  const gone = el("p", { class: "message alarm", hidden: true }, viewer.gone, " ", el("button", { onclick: reload }, viewer.reload));
  image.addEventListener("error", () => (gone.hidden = false));
  layers.slice(1).forEach(({ link }) => (new Image().src = link)); // links expire: load all layers while they are valid
  choose(layers[0]);
  const view = new View(port, stage);
  return {
    content: el("figure", { class: "viewer", "aria-label": viewer.label },
      switcher(layers, choose), el("div", { class: "frame" }, port, el("div", { class: "zoom" }, view.buttons())), gone, caption),
    show: (number) => {
      for (const [id, mark] of marks) mark.classList.toggle("on", id === number);
    },
  };
}

function layersOf({ smear, overlay, segmented, heat_maps: maps = {} }) {
  const name = { original: viewer.layer.original, segmented: viewer.layer.segmented_map };
  return [
    { link: overlay, name: viewer.layer.overlay, text: viewer.explained.overlay },
    { link: smear, name: viewer.layer.smear, text: viewer.explained.smear },
    { link: segmented, name: viewer.layer.segmented, text: viewer.explained.segmented },
    ...Object.entries(maps).map(([branch, link]) => (
      { link, name: name[branch] ?? `${viewer.layer.heat_map}: ${branch}`, text: viewer.explained.heat })),
  ].filter(({ link }) => link);
}

function switcher(layers, choose) {
  return el("fieldset", { class: "layers" }, el("legend", { class: "unseen" }, viewer.layers), layers.map((layer, number) =>
    el("label", {}, el("input", { type: "radio", name: "layer", checked: number === 0, onchange: () => choose(layer) }),
      el("span", {}, layer.name))));
}

function ringOf(cell, point) {
  const radius = Math.sqrt(cell.area / Math.PI) * 1.25 + 2;
  return svg("circle", {
    class: "ring", cx: cell.column, cy: cell.row, r: radius, onpointerenter: () => point(cell.number), onpointerleave: () => point(null),
  });
}

// Scale and offset of the stage in its port; offsets are fractions of the port's size.
class View {
  constructor(port, stage) {
    Object.assign(this, { port, stage, scale: 1, x: 0, y: 0 });
    port.addEventListener("keydown", (event) => this.key(event));
    port.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && this.scale === 1 && event.deltaY > 0) return; // the page scrolls on
      event.preventDefault();
      this.zoom(event.deltaY < 0 ? 1.15 : 1 / 1.15, this.at(event));
    }, { passive: false });
    port.addEventListener("pointerdown", (event) => {
      if (this.scale > 1) port.setPointerCapture(event.pointerId);
    });
    port.addEventListener("pointermove", (event) => {
      if (port.hasPointerCapture(event.pointerId)) this.move(event.movementX / port.clientWidth, event.movementY / port.clientHeight);
    });
    port.addEventListener("dblclick", (event) => this.zoom(2, this.at(event)));
  }

  at(event) {
    const box = this.port.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  // Zoom around a point of the port, which stays in place.
  zoom(factor, [x, y] = [0.5, 0.5]) {
    const scale = Math.min(MAXIMUM_SCALE, Math.max(1, this.scale * factor));
    this.x = x - ((x - this.x) * scale) / this.scale;
    this.y = y - ((y - this.y) * scale) / this.scale;
    this.scale = scale;
    this.move(0, 0);
  }

  // Pan, clamped so that the picture always fills the port.
  move(x, y) {
    const least = 1 - this.scale;
    this.x = Math.min(0, Math.max(least, this.x + x));
    this.y = Math.min(0, Math.max(least, this.y + y));
    this.stage.style.transform = `translate(${100 * this.x}%, ${100 * this.y}%) scale(${this.scale})`;
    this.port.classList.toggle("zoomed", this.scale > 1);
  }

  whole() {
    this.zoom(1 / this.scale);
  }

  key(event) {
    const step = 0.1;
    const does = {
      "+": () => this.zoom(STEP), "=": () => this.zoom(STEP), "-": () => this.zoom(1 / STEP), 0: () => this.whole(),
      ArrowLeft: () => this.move(step, 0), ArrowRight: () => this.move(-step, 0),
      ArrowUp: () => this.move(0, step), ArrowDown: () => this.move(0, -step),
    }[event.key];
    if (!does || (event.key.startsWith("Arrow") && this.scale === 1)) return;
    event.preventDefault();
    does();
  }

  buttons() {
    const button = (label, sign, work) => el("button", { "aria-label": label, title: label, onclick: work }, sign);
    return [
      button(viewer.zoomOut, "−", () => this.zoom(1 / STEP)),
      button(viewer.zoomIn, "+", () => this.zoom(STEP)),
      button(viewer.whole, "⤢", () => this.whole()),
    ];
  }
}
