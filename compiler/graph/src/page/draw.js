// Draws what is open and in sight. Boxes far outside are left out, and the insides of those that are too small to see.

const SVG = "http://www.w3.org/2000/svg";
const view = document.getElementById("view"), world = document.getElementById("world");
const camera = { x: 0, y: 0, zoom: 1 };
const drawn = new Map();
let chosen = null, hovered = null, matches = new Set();

function make(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const key in attributes) element.setAttribute(key, attributes[key]);
  if (text !== undefined) element.textContent = text;
  return element;
}

/** Measures everything anew. */
function place() {
  measure(root, [0, 0]);
  root.x = -PAD - root.room;
  root.y = -HEAD - PAD;
  const settle = (box, x, y) => {
    box.left = x;
    box.top = y;
    if (!box.open || !box.holds) return;
    const inner = [x + PAD + box.room, y + HEAD + PAD];
    for (const child of box.children) settle(child, inner[0] + child.x, inner[1] + child.y);
  };
  settle(root, root.x, root.y);
}

/** The part of the world that is in sight, with a margin. */
function sight(margin) {
  const { width, height } = view.getBoundingClientRect();
  const left = -camera.x / camera.zoom, top = -camera.y / camera.zoom;
  const across = width / camera.zoom, down = height / camera.zoom;
  return [left - margin * across, top - margin * down, left + (1 + margin) * across, top + (1 + margin) * down];
}

function draw() {
  drawn.clear();
  const inSight = sight(0.6);
  const layer = document.createDocumentFragment();
  drawInside(root, layer, inSight, 0);
  world.replaceChildren(layer);
  world.setAttribute("transform", `translate(${camera.x} ${camera.y}) scale(${camera.zoom})`);
  mark();
}

function outside(box, [left, top, right, bottom]) {
  return box.left > right || box.top > bottom || box.left + box.width < left || box.top + box.height < top;
}

function drawInside(box, layer, inSight, level) {
  const x = box.left + PAD + box.room, y = box.top + HEAD + PAD;
  const open = box.children.filter((child) => child.open && child.holds && !outside(child, inSight));
  for (const child of open) drawFrame(child, layer, level);
  for (const arrow of box.arrows) drawArrow(box, arrow, layer, x, y, inSight);
  if (box !== root) {
    for (const port of box.inputs.concat(box.outputs)) drawTag(port, layer, x, y);
  }
  for (const child of box.children) {
    if (outside(child, inSight)) continue;
    if (!child.open || !child.holds) drawClosed(child, layer);
    else if (child.width * camera.zoom > 24) drawInside(child, layer, inSight, level + 1);
  }
}

function drawArrow(box, arrow, layer, left, top, inSight) {
  if (arrow.points.length < 2) return;
  const points = arrow.points.map(([x, y]) => [x + left, y + top]);
  const ys = points.map((p) => p[1]);
  if (Math.max(...ys) < inSight[1] || Math.min(...ys) > inSight[3]) return;
  const from = arrow.from >= 0 ? box.children[arrow.from] : null, to = arrow.to >= 0 ? box.children[arrow.to] : null;
  const slow = from && (from.stored.r || 0) === 1;
  const kind = arrow.kind === 2 ? "shows" : slow ? "slow" : arrow.kind === 1 ? "long" : "";
  const path = make("path", { d: curve(points), class: `arrow ${kind}` });
  path.ends = [from, to];
  layer.append(path);
  const [x, y] = points[points.length - 1];
  const head = make("path", { d: `M${Math.round(x)},${Math.round(y)}l3.5,-7h-7z`, class: `head ${kind}` });
  head.ends = path.ends;
  layer.append(head);
}

function drawTag(port, layer, left, top) {
  const x = left + port.x, y = top + port.y;
  layer.append(make("rect", { x, y, width: port.w, height: 16, rx: 8, class: "tag" }));
  layer.append(make("text", { x: x + port.w / 2, y: y + 11.5, class: "tagname" }, port.name));
}

function group(box, layer, kind) {
  const { stored } = box;
  const element = make("g", {
    class: `box ${box.role} ${kind} mark${stored.e || 0}`, role: "button", tabindex: -1, "data-path": box.path,
    "aria-label": `${box.path}, ${stored.b || stored.w || stored.n}, ${stored.s || "term of the loss"}`,
  });
  if (box.holds) element.setAttribute("aria-expanded", String(box.open));
  element.box = box;
  drawn.set(box, element);
  layer.append(element);
  return element;
}

function drawFrame(box, layer, level) {
  const element = group(box, layer, "frame" + (level % 2 ? " odd" : ""));
  const { left: x, top: y, width, height, stored } = box;
  element.append(make("rect", { x, y, width, height, rx: 6 }));
  element.append(make("text", { x: x + PAD + 14, y: y + 17, class: "name" }, stored.n));
  const what = stored.w && (stored.n.length + stored.w.length) * 7 + 50 < width ? stored.w : "";
  element.append(make("text", { x: x + PAD + 22 + stored.n.length * 7.3, y: y + 17, class: "small" }, what));
  element.append(make("path", { d: `M${x + PAD},${y + 10}h8l-4,6z`, class: "twist" }));
}

function drawClosed(box, layer) {
  const element = group(box, layer, box.holds ? "holds" : "leaf");
  const { left: x, top: y, width, height, stored } = box, middle = x + width / 2;
  const rx = box.role === "slow" ? 11 : box.role === "loss" ? 0 : 3;
  if (box.holds) element.append(make("rect", { x: x + 3, y: y + 3, width, height, rx, class: "behind" }));
  element.append(make("rect", { x, y, width, height, rx }));
  if (stored.i) element.append(make("path", { d: `M${x + 1},${y + 2}h4v${height - 4}h-4z`, class: "stripe" }));
  let line = y + 16;
  element.append(make("text", { x: middle, y: line, class: "name" }, stored.n));
  if (stored.w) element.append(make("text", { x: middle, y: (line += 13), class: "small" }, stored.w));
  if (stored.z) element.append(make("text", { x: middle, y: (line += 13), class: "small" }, stored.z));
  if (stored.e) element.append(make("text", { x: x + 6, y: y + 11, class: "sign" }, ["", "+", "−", "≠", "…"][stored.e]));
}

/** Shows which box is chosen, which were found, and the arrows of the one that is looked at. */
function mark() {
  const at = hovered || chosen;
  for (const [box, element] of drawn) {
    element.classList.toggle("chosen", box === chosen);
    element.classList.toggle("found", matches.has(box.path));
    element.setAttribute("tabindex", box === chosen ? 0 : -1);
  }
  for (const path of world.querySelectorAll(".arrow, .head")) {
    path.classList.toggle("in", !!at && path.ends[1] === at);
    path.classList.toggle("out", !!at && path.ends[0] === at);
  }
}
