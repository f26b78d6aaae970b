// How many points are where: counts in cells of some pixels, smoothed, on a scale of roots. Counted anew for every view, so
// that a closer look has finer cells; a million take some milliseconds.

const CELL = 3;
/** Three passes of boxes of this half width are near a Gaussian. */
const REACH = 2;
/** The power of the density that is shown: 1 would hide all but the densest spots, 0 all differences. By eye at 1,797 and 1,000,000 points. */
const POWER = 0.45;

/** The side of the square that the legend counts in. */
const SQUARE = 10;

class Density {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
  }

  draw(camera, plane, order, share, shows, stops, theme) {
    const [w, h] = [Math.ceil(camera.width / CELL), Math.ceil(camera.height / CELL)];
    this.canvas.width = w;
    this.canvas.height = h;
    let counts = new Float32Array(w * h);
    const count = Math.ceil(order.length * share);
    const k = camera.scale / CELL;
    const [left, top] = [camera.width / 2 / CELL - camera.x * k, camera.height / 2 / CELL + camera.y * k];
    for (let s = 0; s < count; s++) {
      const i = order[s];
      const [x, y] = [left + plane.x[i] * k, top - plane.y[i] * k];
      if (x >= 0 && y >= 0 && x < w && y < h && shows(i)) counts[Math.floor(y) * w + Math.floor(x)]++;
    }
    for (let pass = 0; pass < 3; pass++) counts = blur(blur(counts, w, h, 1, w), h, w, w, 1);
    let most = 0;
    for (const value of counts) most = Math.max(most, value);
    const ground = THEMES[theme].ground;
    const scale = theme === "dark" ? stops : stops.slice().reverse();
    const ramp = Array.from({ length: 256 }, (_, t) => {
      const place = (t / 255) * (scale.length - 1);
      const low = Math.min(Math.floor(place), scale.length - 2);
      return packed(mix(ground, mix(scale[low], scale[low + 1], place - low), Math.min(1, t / 60)));
    });
    const image = this.context.createImageData(w, h);
    const pixels = new Uint32Array(image.data.buffer);
    for (let i = 0; i < pixels.length; i++) {
      const t = most > 0 ? (counts[i] / most) ** POWER : 0;
      pixels[i] = ramp[Math.min(255, Math.floor(255 * t))];
    }
    this.context.putImageData(image, 0, 0);
    this.explain(ramp, most / share / CELL ** 2);
  }

  /** What the colors mean: from no point to the most, of which there are so many in a pixel. */
  explain(ramp, most) {
    const bar = byId("density-scale");
    const context = bar.getContext("2d");
    const image = context.createImageData(bar.width, 1);
    // Evenly by density, as on the scales of numbers, and not by the root that brings out what is sparse.
    const color = (at) => ramp[Math.floor(255 * (at / (bar.width - 1)) ** POWER)];
    new Uint32Array(image.data.buffer).forEach((_, at, pixels) => (pixels[at] = color(at)));
    context.putImageData(image, 0, 0);
    byId("densest").textContent = `${Number((most * SQUARE ** 2).toPrecision(2))} in ${SQUARE} \u00d7 ${SQUARE} px`;
  }
}

/** Means over windows of 2 REACH + 1 along the axis with this step, for each of `lines` lines. */
function blur(values, length, lines, step, stride) {
  const result = new Float32Array(values.length);
  const width = 2 * REACH + 1;
  for (let line = 0; line < lines; line++) {
    const from = line * stride;
    let sum = 0;
    for (let i = 0; i < REACH && i < length; i++) sum += values[from + i * step];
    for (let i = 0; i < length; i++) {
      if (i + REACH < length) sum += values[from + (i + REACH) * step];
      if (i > REACH) sum -= values[from + (i - REACH - 1) * step];
      result[from + i * step] = Math.max(0, sum) / width;
    }
  }
  return result;
}
