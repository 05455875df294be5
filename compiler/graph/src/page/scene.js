// What there is to show: the boxes that are open, and where everything stands. Knows no page.

const data = JSON.parse(document.getElementById("data").textContent);
const HEAD = 24, PAD = 12, NAMES = ["fast", "slow", "loss", "input"];

/** A box on its way to the page: the stored box, its path, and what it holds once it was open. */
class Box {
  constructor(number, parent) {
    this.stored = data.items[number];
    this.number = number;
    this.parent = parent;
    const name = this.stored.n;
    if (!parent) this.path = "";
    else if (this.stored.r === 2) this.path = "loss." + name;
    else this.path = parent.path ? parent.path + "." + name : name;
    this.open = false;
    this.held = null;
  }

  get holds() { return (this.stored.c || []).length > 0; }

  get inside() { return data.insides[this.stored.k]; }

  get children() {
    if (!this.held) this.held = (this.stored.c || []).map((number) => new Box(number, this));
    return this.held;
  }

  get role() { return NAMES[this.stored.r || 0]; }
}

const root = new Box(data.root, null);
root.open = true;

/** The box of a path, made if it was not there yet; null if there is none. */
function find(path) {
  let at = root;
  while (at.path !== path) {
    const next = at.children.find((box) => box.path === path || path.startsWith(box.path + "."));
    if (!next) return null;
    at = next;
  }
  return at;
}

/** Opens every box that holds this one. */
function reveal(box) {
  for (let at = box.parent; at; at = at.parent) at.open = true;
}

/**
 * Where coordinates go when some stretches have to become longer: [from, to, length] each. Order is kept, so the picture
 * stays the one that is known.
 */
function stretch(stretches) {
  if (!stretches.length) return (x) => x;
  const ends = [...new Set(stretches.flatMap(([from, to]) => [from, to]))].sort((a, b) => a - b);
  const at = new Map();
  let last = null;
  for (const end of ends) {
    let place = last === null ? end : at.get(last) + end - last;
    for (const [from, to, length] of stretches) if (to === end && at.has(from)) place = Math.max(place, at.get(from) + length);
    at.set(end, place);
    last = end;
  }
  return (x) => {
    if (x <= ends[0]) return x;
    let i = ends.length - 1;
    while (ends[i] > x) i--;
    const from = ends[i], place = at.get(from);
    if (i === ends.length - 1) return place + x - from;
    const to = ends[i + 1];
    return place + (x - from) / (to - from) * (at.get(to) - place);
  };
}

/** Gives a box its size, and everything in it its place relative to its inside. */
function measure(box, closed) {
  if (!box.open || !box.holds) {
    [box.width, box.height] = closed;
    return;
  }
  const inside = box.inside, across = [], down = [];
  box.children.forEach((child, i) => {
    const [x, y, w, h] = inside.b[i];
    measure(child, [w, h]);
    if (child.width > w) across.push([x, x + w, child.width]);
    if (child.height > h) down.push([y, y + h, child.height]);
  });
  const X = stretch(across), Y = stretch(down);
  box.children.forEach((child, i) => {
    const [x, y, w, h] = inside.b[i];
    child.x = (X(x) + X(x + w) - child.width) / 2;
    child.y = (Y(y) + Y(y + h) - child.height) / 2;
  });
  const port = ([name, x, y, w]) => ({ name, w, x: (X(x) + X(x + w) - w) / 2, y: Y(y) });
  box.inputs = inside.i.map(port);
  box.outputs = inside.o.map(port);
  box.innerWidth = X(inside.w);
  const title = box.stored.n.length * 7.3 + 40;
  box.room = Math.max(0, (title - 2 * PAD - box.innerWidth) / 2);
  box.width = box.innerWidth + 2 * PAD + 2 * box.room;
  box.height = Y(inside.h) + HEAD + 2 * PAD;
  box.arrows = inside.e.map(([from, to, output, input, kind, points]) => ({
    from, to, kind, points: route(box, from, to, output, input, kind, points, X, Y),
  }));
}

/** The place of one end of an arrow: a box, or the tag of a value. */
function endOf(box, end) {
  if (end >= 0) return box.children[end];
  const ports = end % 2 ? box.inputs : box.outputs;
  const port = ports[end % 2 ? (-1 - end) / 2 : (-2 - end) / 2];
  return { x: port.x, y: port.y, width: port.w, height: 16 };
}

/** The points of an arrow after stretching, from tag to tag where the boxes at its ends are open. */
function route(box, from, to, output, input, kind, flat, X, Y) {
  const points = [];
  for (let i = 0; i < flat.length; i += 2) points.push([X(flat[i]), Y(flat[i + 1])]);
  if (points.length < 2) return points;
  const a = endOf(box, from), b = endOf(box, to);
  const within = (x, r) => Math.min(Math.max(x, r.x + Math.min(10, r.width / 2)), r.x + r.width - Math.min(10, r.width / 2));
  const tag = (r, ports, i) => r.open && r.holds && i >= 0 ? ports[i] : null;
  const first = tag(a, a.outputs, output), last = tag(b, b.inputs, input);
  const n = points.length - 1;
  if (kind === 2) {
    const middle = a.y + (a.open && a.holds ? HEAD / 2 : a.height / 2);
    points[0] = [a.x + a.width, middle];
    points[1][1] = middle;
    points[n - 1][0] = points[n][0] = b.x + b.width / 2;
    points[n][1] = b.y;
    return points;
  }
  const x0 = first ? a.x + PAD + a.room + first.x + first.w / 2 : within(points[0][0], a);
  const x1 = last ? b.x + PAD + b.room + last.x + last.w / 2 : within(points[n][0], b);
  points[0] = [x0, a.y + a.height];
  points[n] = [x1, b.y];
  if (first) points.unshift([x0, a.y + HEAD + PAD + first.y + 16]);
  if (last) points.push([x1, b.y + HEAD + PAD + last.y]);
  return points;
}

/** A curve that leaves and reaches each point vertically. */
function curve(points) {
  let text = "", last = null;
  for (const [x, y] of points.map(([x, y]) => [Math.round(x), Math.round(y)])) {
    if (!last) text = `M${x},${y}`;
    else if (last[0] === x || Math.abs(last[1] - y) < 1) text += `L${x},${y}`;
    else {
      const middle = Math.round((last[1] + y) / 2);
      text += `C${last[0]},${middle} ${x},${middle} ${x},${y}`;
    }
    last = [x, y];
  }
  return text;
}

/** How many boxes there are in boxes that are open, of one box. */
function shown(box) {
  if (!box.open || !box.holds) return 1;
  return box.children.reduce((all, child) => all + shown(child), 1);
}
