// From strokes to the picture of 8 by 8 cells that the network sees, made as the data set made its own: a bitmap of 32 by
// 32 pixels, upright, centred, always about as dark, of which each block of 4 by 4 counts its dark pixels. Draws nothing.
"use strict";

const SIDE = 8;
const BLOCK = 4;
const GRID = SIDE * BLOCK;

/** Width of a digit in pixels; its height is that of the bitmap. */
const WIDTH = 20;
/** Dark pixels of a digit, which decide how thick its strokes are. */
const INK = 310;
/** Least and largest half thickness, and the steps between. */
const [THIN, THICK, STEP] = [1, 4, 0.25];
/** How many times as far a digit is stretched sideways as upwards, at most: a line is not to become a slope. */
const STRETCH = 1.5;
/** Which part of the height counts as the top or the bottom when it is set upright. */
const EDGE = 0.08;

/** The cells, row by row, 0 to 16 each, of strokes: lists of points `[x, y]` in any unit, y downwards. */
function reduce(strokes) {
  const drawn = strokes.filter((stroke) => stroke.length > 0);
  if (drawn.length === 0) return new Array(SIDE * SIDE).fill(0);
  const lines = drawn.map(thinned);
  let best = null;
  for (let half = THIN; half <= THICK; half += STEP) {
    const bitmap = raster(fitted(lines, half), half);
    const ink = bitmap.reduce((sum, dark) => sum + dark, 0);
    const error = Math.abs(ink - INK);
    if (best === null || error < best.error) best = { error, bitmap };
  }
  return counts(best.bitmap);
}

/** A stroke without points that lie almost where the one before does. */
function thinned(stroke) {
  const kept = [stroke[0]];
  for (const point of stroke) {
    const last = kept[kept.length - 1];
    if (Math.hypot(point[0] - last[0], point[1] - last[1]) > 0.01) kept.push(point);
  }
  return kept;
}

/** Lines moved and scaled so that, drawn with this half thickness, they fill the bitmap's height and stand upright. */
function fitted(lines, half) {
  const [left, top, right, bottom] = box(lines);
  const [width, height] = [right - left, bottom - top];
  const [wide, high] = [WIDTH - 2 * half, GRID - 2 * half];
  // What is flat, or a dot, is not blown up.
  const upwards = high / Math.max(height, width / 2, 1e-3);
  const sideways = Math.min(wide / Math.max(width, 1e-3), STRETCH * upwards);
  const scaled = map(lines, ([x, y]) => [(x - left) * sideways, (y - top) * upwards]);
  const upright = shear(scaled);
  const [l, t, r, b] = box(upright);
  const [dx, dy] = [(GRID - l - r) / 2, (GRID - t - b) / 2];
  return map(upright, ([x, y]) => [x + dx, y + dy]);
}

/** Rows shifted so that the leftmost points of the top and of the bottom stand above each other. */
function shear(lines) {
  const [, top, , bottom] = box(lines);
  const height = bottom - top;
  if (height < GRID / 2) return lines;
  const leftmost = (isThere) => {
    const there = lines.flat().filter(([, y]) => isThere((y - top) / height));
    return Math.min(...there.map(([x]) => x));
  };
  const slope = (leftmost((y) => y >= 1 - EDGE) - leftmost((y) => y <= EDGE)) / height;
  return map(lines, ([x, y]) => [x - slope * (y - top), y]);
}

/** Which pixels have their middle within `half` of a line: 0 or 1, row by row. */
function raster(lines, half) {
  const bitmap = new Uint8Array(GRID * GRID);
  for (const line of lines) {
    line.forEach((to, i) => {
      const from = line[Math.max(i - 1, 0)];
      const span = (axis) => {
        const [low, high] = [Math.min(from[axis], to[axis]), Math.max(from[axis], to[axis])];
        return [Math.max(Math.floor(low - half), 0), Math.min(Math.ceil(high + half), GRID)];
      };
      const [[x0, x1], [y0, y1]] = [span(0), span(1)];
      for (let y = y0; y < y1; y++) {
        for (let x = x0; x < x1; x++) {
          if (distance([x + 0.5, y + 0.5], from, to) <= half) bitmap[y * GRID + x] = 1;
        }
      }
    });
  }
  return bitmap;
}

/** How far a point is from a piece of line. */
function distance([x, y], [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : ((x - ax) * dx + (y - ay) * dy) / length;
  const t = Math.min(Math.max(along, 0), 1);
  return Math.hypot(x - ax - t * dx, y - ay - t * dy);
}

/** How many pixels of each block are dark. */
function counts(bitmap) {
  const cells = new Array(SIDE * SIDE).fill(0);
  bitmap.forEach((dark, i) => {
    const [x, y] = [i % GRID, Math.floor(i / GRID)];
    cells[Math.floor(y / BLOCK) * SIDE + Math.floor(x / BLOCK)] += dark;
  });
  return cells;
}

function box(lines) {
  const points = lines.flat();
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

function map(lines, f) {
  return lines.map((line) => line.map(f));
}
