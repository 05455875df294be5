// The page's test of itself, run by `index.html?selftest`: answers equal the native ones, and drawn digits are read. The
// outcome is the attribute `data-selftest` of the document, and words at the foot of the page.
"use strict";

/** Largest distance of a probability from the native one: browsers add in another order. */
const TOLERANCE = 1e-5;

/** Digits as a hand draws them: strokes of points across the paper. */
const DRAWN = [
  { digit: 1, strokes: [arc([0.38, 0.32], [0.52, 0.2]), arc([0.52, 0.2], [0.5, 0.85])] },
  { digit: 7, strokes: [arc([0.25, 0.2], [0.75, 0.19], [0.45, 0.85])] },
  { digit: 4, strokes: [arc([0.52, 0.15], [0.22, 0.6], [0.78, 0.6]), arc([0.62, 0.4], [0.58, 0.88])] },
  { digit: 0, strokes: [ellipse([0.5, 0.5], 0.22, 0.34, -90, 270)] },
  {
    digit: 3,
    strokes: [ellipse([0.48, 0.34], 0.2, 0.17, -160, 90).concat(ellipse([0.48, 0.68], 0.23, 0.17, -90, 150))],
  },
];

/** Points along straight lines. */
function arc(...corners) {
  const pieces = corners.slice(1).map((to, i) => {
    const from = corners[i];
    return Array.from({ length: 12 }, (_, k) => from.map((x, axis) => x + ((to[axis] - x) * k) / 12));
  });
  return pieces.flat().concat([corners[corners.length - 1]]);
}

/** Points along an ellipse, from one angle to another in degrees, 0 to the right and 90 downwards. */
function ellipse([x, y], width, height, from, to) {
  return Array.from({ length: 40 }, (_, k) => {
    const angle = ((from + ((to - from) * k) / 39) * Math.PI) / 180;
    return [x + width * Math.cos(angle), y + height * Math.sin(angle)];
  });
}

/** Draws as a pointer would. */
function draw(strokes) {
  const { left, top, width } = paper.getBoundingClientRect();
  const send = (kind, [x, y]) => {
    const where = { clientX: left + x * width, clientY: top + y * width, pointerId: 1, button: 0 };
    paper.dispatchEvent(new PointerEvent(kind, { ...where, bubbles: true, cancelable: true }));
  };
  for (const stroke of strokes) {
    send("pointerdown", stroke[0]);
    for (const point of stroke) send("pointermove", point);
    send("pointerup", stroke[stroke.length - 1]);
  }
}

function selftest() {
  const wrong = [];
  let largest = 0;
  for (const { digit, picture, probabilities } of CASES) {
    const distances = ask(picture).map((p, i) => Math.abs(p - probabilities[i]));
    largest = Math.max(largest, ...distances);
    if (!distances.every((distance) => distance <= TOLERANCE)) wrong.push(`a stored ${digit}`);
  }
  for (const { digit, strokes } of DRAWN) {
    clear();
    draw(strokes);
    if (!said.textContent.startsWith(`This is a ${digit},`)) wrong.push(`a drawn ${digit}: ${said.textContent}`);
  }
  const what = `${CASES.length} stored digits, ${largest.toExponential(1)} from the native answers, and ${DRAWN.length} drawn ones`;
  byId("tested").textContent = wrong.length === 0 ? `Self-test passed: ${what}.` : `Self-test failed: ${wrong.join("; ")}.`;
  document.documentElement.dataset.selftest = wrong.length === 0 ? "passed" : "failed";
}
