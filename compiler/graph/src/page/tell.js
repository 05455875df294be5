// What is said of a box, and the tools at the top; the last part, which starts it all.

const tellAt = document.getElementById("tell");
const DEPENDS = ["", "parameters alone: the same for every image", "its own image", "all images of the batch"];
const ROLES = { fast: "fast: computes with features", slow: "slow: makes kernels and scores", loss: "a term of the loss", input: "the input" };

const grouped = (n) => (n || 0).toLocaleString("en");

function size(n) {
  for (const [unit, name] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (n >= unit) return (n / unit).toPrecision(3) + " " + name;
  }
  return String(n || 0);
}

function tag(name, text, kind) {
  const element = document.createElement(name);
  if (text !== undefined) element.textContent = text;
  if (kind) element.className = kind;
  return element;
}

function tell(box) {
  if (!box) {
    tellAt.replaceChildren(...(data.doc ? [tag("p", data.doc)] : []), tag("p", "Point at a box, or choose one with the arrow keys. Enter opens it.", "hint"));
    return;
  }
  const { stored } = box, parts = [tag("h2", box.path)];
  const block = stored.b || stored.w || stored.n;
  if (box.role !== "loss") {
    const what = stored.o && stored.o !== block ? `${block}: ${stored.o}` : block;
    parts.push(tag("p", box.holds || stored.o ? what : block, "what"));
  }
  const doc = data.docs[block];
  if (doc) parts.push(tag("p", doc.split("\n\n")[0], "doc"));
  const rows = tag("dl");
  const row = (name, value) => { if (value) rows.append(tag("dt", name), tag("dd", value)); };
  row("part", ROLES[box.role] + (stored.i ? ", slow nets inside" : ""));
  row("shape", stored.s);
  if (box.role !== "loss") {
    const all = (stored.f || 0) + (stored.p || 0);
    const kinds = stored.f && stored.p ? ` (${grouped(stored.p)} slow)` : "";
    row("parameters", grouped(all) + kinds);
    row("multiply-adds", `${grouped(stored.m)} per image` + (stored.q ? `, ${grouped(stored.q)} per pass` : ""));
    row("depends on", DEPENDS[stored.d || 0]);
  }
  row(box.role === "loss" ? "settings" : "arguments", [box.role === "loss" ? stored.w : "", stored.a].filter(Boolean).join(", "));
  for (const [name, text] of stored.x || []) row(name, text);
  parts.push(rows);
  if (stored.l) {
    const [file, line] = stored.l;
    parts.push(tag("p", `${data.files[file]}:${line}`, "place"), tag("code", data.lines[`${file}:${line}`]));
  }
  tellAt.replaceChildren(...parts);
}

function say(text) {
  tellAt.replaceChildren(tag("p", text, "hint"));
}

const shade = document.documentElement.dataset, system = matchMedia("(prefers-color-scheme: dark)");
const follow = () => { shade.theme = system.matches ? "dark" : "light"; };
follow();
system.addEventListener("change", follow);

function theme() {
  shade.theme = shade.theme === "dark" ? "light" : "dark";
}

/** The whole drawing as it is open now, in light colours, as a file. */
function save() {
  const kept = { ...camera };
  Object.assign(camera, { x: 20, y: 20, zoom: 1 });
  const layer = document.createDocumentFragment();
  drawInside(root, layer, [-1e9, -1e9, 1e9, 1e9], 0);
  const width = Math.ceil(root.width - 2 * PAD + 40), height = Math.ceil(root.height - HEAD - 2 * PAD + 40);
  const svg = make("svg", { xmlns: SVG, width, height, viewBox: `-20 -20 ${width} ${height}`, class: "light" });
  const style = make("style", {}, document.querySelector("style").textContent.split("/* drawing */")[1].split("/* end */")[0]);
  svg.append(style, make("rect", { x: -20, y: -20, width, height, fill: "#fff" }), layer);
  for (const element of svg.querySelectorAll("[tabindex]")) element.removeAttribute("tabindex");
  Object.assign(camera, kept);
  const url = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(svg)], { type: "image/svg+xml" }));
  const link = tag("a");
  link.href = url;
  link.download = `${data.model}.svg`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
  draw();
}

const all = data.items[data.root];
document.getElementById("model").textContent = data.model;
document.getElementById("totals").textContent =
  `${grouped((all.f || 0) + (all.p || 0))} parameters (${size(all.p)} slow) · ${size(all.m)} multiply-adds per image`;
const legend = ["slow: makes kernels", "fast: computes features", "loss"];
document.getElementById("legend").append(...legend.map((text) => {
  const [name, rest] = text.split(":"), item = tag("li");
  item.append(tag("i", "", name), name, tag("span", rest ? ":" + rest : ""));
  return item;
}));
const click = (id, action) => document.getElementById(id).addEventListener("click", action);
click("open", openMore);
click("shut", closeAll);
click("fit", () => fit(false));
click("in", () => zoomMiddle(1.25));
click("out", () => zoomMiddle(0.8));
click("theme", theme);
click("save", save);
click("help", () => document.getElementById("keys").showModal());
addEventListener("resize", redraw);

if (data.at) {
  const box = find(data.at);
  if (box) { reveal(box); box.open = true; }
}
const openTo = (box, depth) => {
  if (!depth) return;
  for (const child of box.children) if (child.holds) { child.open = true; openTo(child, depth - 1); }
};
openTo((data.at && find(data.at)) || root, data.depth);
for (const path of data.shown) {
  const box = find(path);
  if (box) reveal(box);
}
place();
tell(null);
fit(true);
if (data.at && find(data.at)) { goTo(find(data.at), true); draw(); choose(find(data.at), false); }
document.documentElement.dataset.ready = Math.round(performance.now());
