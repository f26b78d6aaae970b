// Where points are: a grid of cells for the nearest one, polygons, medians, and a projection of maps that are not flat.

/** Numbers from 0 to 1 that repeat on every visit (xorshift). */
function generator(seed) {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4294967296;
  };
}

/** The order in which points are drawn: shuffled, so that no class hides another for coming later in the file, and so that any first part is a sample of all. */
function shuffled(n) {
  const order = new Uint32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  const random = generator(0x2545f491);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const kept = order[i];
    order[i] = order[j];
    order[j] = kept;
  }
  return order;
}

/** The points in the plane of the screen: their axes if there are two. */
class Plane {
  constructor(axes) {
    this.axes = axes;
    this.n = axes[0].length;
    this.turn = [1, 0, 0, 0, 1, 0];
    if (axes.length === 1) this.strip(axes[0]);
    else if (axes.length === 2) [this.x, this.y] = axes;
    else this.project();
  }

  /** Other places of the points, or other points. */
  set(x, y) {
    Object.assign(this, { x, y, n: x.length, grid: null });
  }

  /** A map of one dimension: a strip as thick as it is dense, within which points have any height. */
  strip(x) {
    const bins = 400;
    const { low, high } = span(x);
    const width = high > low ? (high - low) / bins : 1;
    const bin = (i) => Math.min(bins - 1, Math.floor((x[i] - low) / width));
    const counts = new Float64Array(bins);
    for (let i = 0; i < x.length; i++) counts[bin(i)]++;
    const smooth = counts.map((_, b) => {
      let [sum, weight] = [0, 0];
      for (let d = -6; d <= 6; d++) {
        const w = Math.exp(-d * d / 12);
        sum += w * (counts[b + d] ?? 0);
        weight += w;
      }
      return sum / weight;
    });
    const most = Math.max(...smooth);
    const random = generator(0x1234567);
    this.x = x;
    this.y = new Float32Array(x.length);
    for (let i = 0; i < x.length; i++) this.y[i] = (random() - 0.5) * 0.3 * width * bins * smooth[bin(i)] / most;
  }

  /** A map of three dimensions as it is seen along the third axis after turning around its middle. */
  project() {
    const [x, y, z] = this.axes;
    this.middle ??= this.axes.map(span).map(({ low, high }) => (low + high) / 2);
    const [u, v, w] = this.middle;
    const [a, b, c, d, e, f] = this.turn;
    this.x ??= new Float32Array(this.n);
    this.y ??= new Float32Array(this.n);
    for (let i = 0; i < this.n; i++) {
      this.x[i] = u + a * (x[i] - u) + b * (y[i] - v) + c * (z[i] - w);
      this.y[i] = v + d * (x[i] - u) + e * (y[i] - v) + f * (z[i] - w);
    }
    this.grid = null;
  }

  /** Turns a map of three dimensions by angles around the vertical and the horizontal of the screen. */
  rotate(across, along) {
    const [a, b, c, d, e, f] = this.turn;
    const z = [b * f - c * e, c * d - a * f, a * e - b * d];
    const mix = (u, v, angle) => u.map((value, i) => value * Math.cos(angle) + v[i] * Math.sin(angle));
    const right = mix([a, b, c], z, across);
    const toward = mix(z, [a, b, c], -across);
    const up = unit(mix([d, e, f], toward, along));
    // Rounding must not skew it in the long run.
    const dot = right[0] * up[0] + right[1] * up[1] + right[2] * up[2];
    this.turn = [...unit(right.map((value, i) => value - dot * up[i])), ...up];
    this.project();
  }

  bounds() {
    return { x: span(this.x), y: span(this.y) };
  }

  /** The nearest point that `shows` to a place within `radius`, or -1. */
  nearest(x, y, radius, shows) {
    this.grid ??= new Grid(this.x, this.y);
    return this.grid.nearest(x, y, radius, shows);
  }
}

function unit(v) {
  const length = Math.hypot(...v);
  return v.map((value) => value / length);
}

function span(values) {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    if (values[i] < low) low = values[i];
    if (values[i] > high) high = values[i];
  }
  return { low, high };
}

/** Points sorted by cells of a grid, about two in each. */
class Grid {
  constructor(x, y) {
    const n = x.length;
    this.x = x;
    this.y = y;
    const [across, along] = [span(x), span(y)];
    this.left = across.low;
    this.bottom = along.low;
    const [width, height] = [across.high - across.low, along.high - along.low];
    this.cell = Math.max(Math.sqrt(width * height * 2 / n), Math.max(width, height) * 2 / n) || 1;
    this.columns = Math.floor(width / this.cell) + 1;
    this.rows = Math.floor(height / this.cell) + 1;
    const of = (i) => this.row(y[i]) * this.columns + this.column(x[i]);
    this.starts = new Uint32Array(this.columns * this.rows + 1);
    for (let i = 0; i < n; i++) this.starts[of(i) + 1]++;
    for (let c = 0; c < this.columns * this.rows; c++) this.starts[c + 1] += this.starts[c];
    const ends = this.starts.slice();
    this.points = new Uint32Array(n);
    for (let i = 0; i < n; i++) this.points[ends[of(i)]++] = i;
  }

  column(x) {
    return Math.max(0, Math.min(this.columns - 1, Math.floor((x - this.left) / this.cell)));
  }

  row(y) {
    return Math.max(0, Math.min(this.rows - 1, Math.floor((y - this.bottom) / this.cell)));
  }

  /** Calls `visit` with every point of the cells that a rectangle touches. */
  within(left, right, bottom, top, visit) {
    const [first, last] = [this.column(left), this.column(right)];
    for (let row = this.row(bottom); row <= this.row(top); row++) {
      const from = row * this.columns;
      for (let k = this.starts[from + first]; k < this.starts[from + last + 1]; k++) visit(this.points[k]);
    }
  }

  nearest(x, y, radius, shows) {
    let best = -1;
    let squared = radius * radius;
    // Rings of cells would end sooner; a radius of some pixels is few cells, unless all is seen from afar.
    this.within(x - radius, x + radius, y - radius, y + radius, (i) => {
      const d = (this.x[i] - x) ** 2 + (this.y[i] - y) ** 2;
      if ((d < squared || (d === squared && (best < 0 || i < best))) && shows(i)) {
        best = i;
        squared = d;
      }
    });
    return best;
  }
}

/** The rectangle around a polygon. */
function outline(polygon) {
  const [across, along] = [0, 1].map((axis) => span(polygon.map((p) => p[axis])));
  return { left: across.low, right: across.high, bottom: along.low, top: along.high };
}

/** Whether a place is in a polygon, by the even-odd rule. */
function isInside(polygon, x, y) {
  let isIn = false;
  for (let a = 0, b = polygon.length - 1; a < polygon.length; b = a++) {
    const [[ax, ay], [bx, by]] = [polygon[a], polygon[b]];
    if (ay > y !== by > y && x < (bx - ax) * (y - ay) / (by - ay) + ax) isIn = !isIn;
  }
  return isIn;
}

/** The points in a polygon of places, in their order. */
function inside(plane, polygon, shows) {
  plane.grid ??= new Grid(plane.x, plane.y);
  const { left, right, bottom, top } = outline(polygon);
  const held = [];
  plane.grid.within(left, right, bottom, top, (i) => {
    if (isInside(polygon, plane.x[i], plane.y[i]) && shows(i)) held.push(i);
  });
  return Uint32Array.from(held).sort();
}

/** Of each class the median of its points along either axis, from at most 4,096 points of it. */
function medians(plane, column, order) {
  const most = 4096;
  const places = Array.from({ length: column.names.count }, () => [[], []]);
  for (const i of order) {
    const place = places[column.code(i)];
    if (place && place[0].length < most) {
      place[0].push(plane.x[i]);
      place[1].push(plane.y[i]);
    }
  }
  const median = (values) => Float32Array.from(values).sort()[values.length >> 1];
  return places.map(([x, y]) => (x.length ? [median(x), median(y)] : null));
}
