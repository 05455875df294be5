// Looking around: moving, zooming, choosing, opening and searching, by pointer, touch and keyboard.

const MOST = 20000, LEAST_ZOOM = 0.02, MOST_ZOOM = 4;

let waiting = false;
function redraw() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; draw(); });
}

function zoom(factor, x, y) {
  const next = Math.min(MOST_ZOOM, Math.max(LEAST_ZOOM, camera.zoom * factor));
  camera.x = x - (x - camera.x) * next / camera.zoom;
  camera.y = y - (y - camera.y) * next / camera.zoom;
  camera.zoom = next;
  redraw();
}

function zoomMiddle(factor) {
  const { width, height } = view.getBoundingClientRect();
  zoom(factor, width / 2, height / 2);
}

/** All of it in sight; a long chain starts at its top, at a size that can be read. */
function fit(readable) {
  const { width, height } = view.getBoundingClientRect();
  const w = root.width - 2 * PAD, h = root.height - HEAD - 2 * PAD;
  const all = Math.min((width - 32) / w, (height - 56) / h, 1.3);
  camera.zoom = Math.max(all, readable ? Math.min(0.55, (width - 24) / w) : LEAST_ZOOM);
  camera.zoom = Math.max(camera.zoom, readable ? 0.3 : LEAST_ZOOM);
  camera.x = (width - w * camera.zoom) / 2;
  camera.y = Math.max(20, (height - 24 - h * camera.zoom) / 2);
  draw();
}

/** Brings a box into sight. */
function goTo(box, always) {
  const { width, height } = view.getBoundingClientRect();
  const x = box.left * camera.zoom + camera.x, y = box.top * camera.zoom + camera.y;
  const w = box.width * camera.zoom, h = box.height * camera.zoom;
  const inside = x >= 8 && y >= 8 && x + w <= width - 8 && y + h <= height - 8;
  if (inside && !always) return;
  if (always && camera.zoom < 0.7) camera.zoom = 0.9;
  camera.x = width / 2 - (box.left + box.width / 2) * camera.zoom;
  camera.y = height / 2 - (box.top + Math.min(box.height / 2, height / camera.zoom / 2 - 20)) * camera.zoom;
}

function choose(box, focus) {
  chosen = box;
  hovered = null;
  tell(box);
  mark();
  const element = box && drawn.get(box);
  if (focus && element) element.focus({ preventScroll: true });
}

/** Opens or closes a box, which stays where it is on the screen if there is room for it. */
function toggle(box) {
  if (!box.holds || box === root) return;
  const x = box.left, y = box.top;
  box.open = !box.open;
  place();
  camera.x += (x - box.left) * camera.zoom;
  camera.y += (y - box.top) * camera.zoom;
  if (box.open) {
    const { width, height } = view.getBoundingClientRect();
    const room = Math.min((width - 40) / box.width, (height - 60) / box.height);
    if (room < camera.zoom) camera.zoom = Math.max(room, Math.min(camera.zoom, 0.5));
    goTo(box, false);
  }
  draw();
  choose(box, true);
}

function openMore() {
  const closed = [];
  const gather = (box) => box.children.forEach((child) => {
    if (!child.holds) return;
    if (child.open) gather(child); else closed.push(child);
  });
  gather(root);
  for (const box of closed) box.open = true;
  if (shown(root) > MOST) {
    for (const box of closed) box.open = false;
    say(`More than ${MOST.toLocaleString("en")} boxes would be open: open some of them.`);
    return;
  }
  place();
  fit(true);
  if (chosen) choose(chosen, true);
}

function closeAll() {
  const close = (box) => { if (box.held) for (const child of box.held) { child.open = false; close(child); } };
  close(root);
  if (chosen) {
    while (chosen.parent && chosen.parent !== root) chosen = chosen.parent;
  }
  place();
  fit(true);
  choose(chosen, false);
}

// Pointers: one drags, two pinch, a click chooses, a second one opens.

const pointers = new Map();
let moved = false, last = { box: null, time: 0 };

function boxAt(target) {
  const element = target.closest && target.closest(".box");
  return element ? element.box : null;
}

view.addEventListener("pointerdown", (event) => {
  pointers.set(event.pointerId, [event.clientX, event.clientY]);
  moved = false;
});
addEventListener("pointermove", (event) => {
  const before = pointers.get(event.pointerId);
  if (!before) return;
  const now = [event.clientX, event.clientY];
  if (!moved && Math.hypot(now[0] - before[0], now[1] - before[1]) < 4) return;
  if (!moved) try { view.setPointerCapture(event.pointerId); } catch { /* a made-up pointer cannot be captured */ }
  moved = true;
  if (pointers.size === 2) {
    const other = [...pointers].find(([id]) => id !== event.pointerId)[1];
    const distance = (p) => Math.max(1, Math.hypot(p[0] - other[0], p[1] - other[1]));
    const { left, top } = view.getBoundingClientRect();
    zoom(distance(now) / distance(before), (now[0] + other[0]) / 2 - left, (now[1] + other[1]) / 2 - top);
  } else {
    camera.x += now[0] - before[0];
    camera.y += now[1] - before[1];
    redraw();
  }
  pointers.set(event.pointerId, now);
});
for (const name of ["pointerup", "pointercancel"]) addEventListener(name, (event) => pointers.delete(event.pointerId));
view.addEventListener("click", (event) => {
  if (moved) return;
  const box = boxAt(event.target), now = performance.now();
  const double = box && last.box === box && now - last.time < 450;
  last = double ? { box: null, time: 0 } : { box, time: now };
  if (double || (box && event.target.closest(".twist"))) toggle(box); else choose(box, true);
});
view.addEventListener("wheel", (event) => {
  event.preventDefault();
  const { left, top } = view.getBoundingClientRect();
  zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), event.clientX - left, event.clientY - top);
}, { passive: false });
let pointed = "";
view.addEventListener("pointerover", (event) => {
  // What comes under a pointer that rests, as the drawing changes, is not pointed at.
  const place = `${event.clientX},${event.clientY}`;
  if (event.pointerType === "touch" || place === pointed) return;
  pointed = place;
  hovered = boxAt(event.target);
  tell(hovered || chosen);
  mark();
});
view.addEventListener("pointerleave", () => { hovered = null; tell(chosen); mark(); });

// The keyboard goes along arrows.

function neighbour(box, direction) {
  if (!box || box === root) return root.children[0];
  const { parent } = box, arrows = parent.arrows;
  const place = parent.children.indexOf(box);
  const nearest = (boxes) => boxes.reduce((best, other) => {
    const far = (b) => Math.abs(b.left + b.width / 2 - box.left - box.width / 2) + Math.abs(b.top - box.top);
    return !best || far(other) < far(best) ? other : best;
  }, null);
  const ends = (from, to) => arrows.filter((a) => a[from] === place && a[to] >= 0).map((a) => parent.children[a[to]]);
  if (direction === "ArrowDown") {
    if (box.open && box.holds) return box.children[0];
    return nearest(ends("from", "to"));
  }
  if (direction === "ArrowUp") return nearest(ends("to", "from"));
  const right = direction === "ArrowRight";
  const beside = parent.children.filter((other) => {
    const apart = other.left + other.width / 2 - box.left - box.width / 2;
    return other !== box && (right ? apart > 1 : apart < -1) && other.top < box.top + box.height && other.top + other.height > box.top;
  });
  return nearest(beside);
}

const search = document.getElementById("search"), found = document.getElementById("found");
const KEYS = {
  e: openMore, c: closeAll, 0: () => fit(false), "+": () => zoomMiddle(1.25), "=": () => zoomMiddle(1.25), "-": () => zoomMiddle(0.8),
  d: () => theme(), s: () => save(), "?": () => document.getElementById("keys").showModal(),
  "/": () => { search.focus(); search.select(); },
};

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.getElementById("keys").open) return;
  if (event.target === search) return;
  if (KEYS[event.key]) {
    event.preventDefault();
    KEYS[event.key]();
  } else if (event.key.startsWith("Arrow")) {
    event.preventDefault();
    const next = neighbour(chosen, event.key);
    if (!next) return;
    goTo(next, false);
    draw();
    choose(next, true);
  } else if ((event.key === "Enter" || event.key === " ") && chosen && event.target.tagName !== "BUTTON") {
    event.preventDefault();
    toggle(chosen);
  } else if (event.key === "Escape" && chosen) {
    const above = chosen.parent && chosen.parent !== root ? chosen.parent : null;
    choose(above, true);
  }
});

// Search looks at everything, open or not.

const LISTED = 50;
let hits = [], hit = -1;

/** Paths of all boxes whose path, block, operation or shape has the words; as many as are listed, and how many there are. */
function look(words) {
  const paths = [];
  let count = 0;
  const has = new Map();
  const own = (stored, path) => {
    const text = `${path} ${stored.b || stored.w || ""} ${stored.o || ""} ${stored.z || ""}`.toLowerCase();
    return words.every((word) => text.includes(word));
  };
  const walk = (number, path) => {
    const stored = data.items[number];
    if (path && own(stored, path)) {
      count++;
      if (paths.length < LISTED) paths.push(path);
    }
    for (const child of stored.c || []) {
      const { n, r } = data.items[child];
      walk(child, r === 2 ? "loss." + n : path ? path + "." + n : n);
    }
  };
  walk(data.root, "");
  return [paths, count];
}

search.addEventListener("input", () => {
  const words = search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const [paths, count] = words.length ? look(words) : [[], 0];
  // Those that are called so first, and of these the outermost.
  const called = (path) => words.every((word) => path.toLowerCase().includes(word)) ? 0 : 1;
  hits = paths.sort((a, b) => called(a) - called(b) || a.split(".").length - b.split(".").length || a.length - b.length);
  hit = -1;
  matches = new Set(hits);
  found.hidden = !words.length;
  const items = hits.slice(0, 12).map((path, i) => {
    const item = document.createElement("li");
    item.textContent = path;
    item.addEventListener("pointerdown", (event) => { event.preventDefault(); hit = i; show(path); });
    return item;
  });
  const rest = document.createElement("li");
  rest.className = "rest";
  rest.textContent = count === 0 ? "nothing found" : count > 12 ? `${count.toLocaleString("en")} in all` : "";
  found.replaceChildren(...items, ...(rest.textContent ? [rest] : []));
  mark();
});
search.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    search.value = "";
    search.dispatchEvent(new Event("input"));
    search.blur();
  } else if ((event.key === "Enter" || event.key === "ArrowDown") && hits.length) {
    event.preventDefault();
    hit = (hit + 1) % hits.length;
    show(hits[hit]);
  }
});
search.addEventListener("blur", () => { found.hidden = true; });
search.addEventListener("focus", () => { found.hidden = !search.value.trim(); });

/** Opens what holds a box, and goes there. */
function show(path) {
  const box = find(path);
  if (!box) return;
  reveal(box);
  place();
  goTo(box, true);
  draw();
  choose(box, false);
  // On a narrow screen the list would lie over what was found.
  if (matchMedia("(max-width: 700px)").matches) found.hidden = true;
  [...found.children].forEach((item, i) => item.classList.toggle("at", i === hit));
}
