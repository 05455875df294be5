// The page: takes strokes from the pointer, asks the network, shows what it sees and answers. Knows nothing of networks.
"use strict";

const byId = (id) => document.getElementById(id);
const [paper, seen, answer, said] = ["paper", "seen", "answer", "said"].map(byId);

/** Lists of points, 0 to 1 across the paper. */
let strokes = [];
/** Fills in the answer; set once the network is there. */
let ask = null;

/** The network as a function from 64 cells to 10 probabilities. */
async function load() {
  const bytes = Uint8Array.from(atob(NETWORK), (letter) => letter.charCodeAt(0));
  const { instance } = await WebAssembly.instantiate(bytes);
  const { memory, digits_picture, digits_answer } = instance.exports;
  return (picture) => {
    const cells = digits_picture();
    new Float32Array(memory.buffer, cells, picture.length).set(picture);
    // Asking may move the memory, so it is looked at only afterwards.
    const probabilities = digits_answer();
    return Array.from(new Float32Array(memory.buffer, probabilities, 10));
  };
}

/** Makes a canvas as sharp as the screen; returns its context, in which it is one wide. */
function sharp(canvas) {
  const pixels = Math.round(canvas.clientWidth * (window.devicePixelRatio || 1));
  [canvas.width, canvas.height] = [pixels, pixels];
  const context = canvas.getContext("2d");
  context.scale(pixels, pixels);
  return context;
}

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);

function drawPaper() {
  const context = sharp(paper);
  context.strokeStyle = color("--ink");
  [context.lineCap, context.lineJoin, context.lineWidth] = ["round", "round", 0.065];
  for (const stroke of strokes) {
    context.beginPath();
    context.moveTo(...stroke[0]);
    // A dot is a line to where it is.
    for (const point of stroke) context.lineTo(...point);
    context.stroke();
  }
}

function drawSeen(picture) {
  const context = sharp(seen);
  context.fillStyle = color("--ink");
  const [cell, gap] = [1 / SIDE, 0.04 / SIDE];
  picture.forEach((count, i) => {
    context.globalAlpha = 0.05 + (0.95 * count) / (BLOCK * BLOCK);
    const [x, y] = [(i % SIDE) * cell, Math.floor(i / SIDE) * cell];
    context.fillRect(x + gap, y + gap, cell - 2 * gap, cell - 2 * gap);
  });
}

/** Shows probabilities, or none where nothing is drawn. */
function drawAnswer(probabilities) {
  const best = probabilities.indexOf(Math.max(...probabilities));
  const nothing = probabilities[best] === 0;
  [...answer.children].forEach((row, digit) => {
    const percent = 100 * probabilities[digit];
    row.classList.toggle("best", !nothing && digit === best);
    row.querySelector(".bar").style.setProperty("--part", `${percent}%`);
    row.querySelector(".percent").textContent = nothing ? "" : `${percent.toFixed(1)} %`;
  });
  const sure = Math.round(100 * probabilities[best]);
  said.textContent = nothing ? "Draw a digit from 0 to 9." : `This is a ${best}, ${sure} % sure.`;
}

/** Shows a picture and the answer for it. */
function show(picture) {
  const isEmpty = picture.every((count) => count === 0);
  drawPaper();
  drawSeen(picture);
  if (ask) drawAnswer(isEmpty ? new Array(10).fill(0) : ask(picture));
}

function update() {
  show(reduce(strokes));
}

function clear() {
  strokes = [];
  update();
}

/** Where a pointer is, 0 to 1 across the paper. */
function place(event) {
  const { left, top, width } = paper.getBoundingClientRect();
  return [(event.clientX - left) / width, (event.clientY - top) / width];
}

let drawing = null;

paper.addEventListener("pointerdown", (event) => {
  if (drawing !== null || event.button !== 0) return;
  event.preventDefault();
  drawing = event.pointerId;
  // Made-up events of tests have no pointer to capture.
  if (event.isTrusted) paper.setPointerCapture(drawing);
  strokes.push([place(event)]);
  update();
});

paper.addEventListener("pointermove", (event) => {
  if (event.pointerId !== drawing) return;
  const points = event.getCoalescedEvents?.() ?? [];
  strokes[strokes.length - 1].push(...(points.length > 0 ? points : [event]).map(place));
  update();
});

for (const end of ["pointerup", "pointercancel"]) {
  paper.addEventListener(end, (event) => {
    if (event.pointerId === drawing) drawing = null;
  });
}

byId("clear").addEventListener("click", clear);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") clear();
});

for (let digit = 0; digit < 10; digit++) {
  const row = document.createElement("li");
  row.innerHTML = `<b>${digit}</b><span class="bar"></span><span class="percent"></span>`;
  answer.append(row);
}

for (const { digit, picture } of CASES) {
  const button = document.createElement("button");
  button.textContent = digit;
  button.setAttribute("aria-label", `A ${digit} of the test images`);
  button.addEventListener("click", () => {
    strokes = [];
    show(picture);
  });
  byId("cases").append(button);
}

window.addEventListener("resize", update);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", update);

update();
load().then(
  (network) => {
    ask = network;
    update();
    if (location.search === "?selftest") selftest();
  },
  (error) => {
    said.textContent = `The network does not run in this browser: ${error.message}`;
  },
);
