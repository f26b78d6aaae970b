// Colors of points: of classes, of numbers, and of what has neither.

/** Red, green and blue of "#rrggbb". */
const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
const css = ([r, g, b]) => `rgb(${r} ${g} ${b})`;
const mix = (a, b, share) => a.map((value, c) => Math.round(value + (b[c] - value) * share));
/** As the bytes lie in memory: red first. */
const packed = ([r, g, b], alpha = 255) => ((alpha << 24) | (b << 16) | (g << 8) | r) >>> 0;

const THEMES = {
  light: { ground: [255, 255, 255], ink: [38, 42, 48], faint: [101, 109, 118], missing: [198, 202, 207], plain: [46, 92, 150] },
  dark: { ground: [20, 23, 27], ink: [226, 230, 235], faint: [150, 160, 171], missing: [70, 76, 84], plain: [110, 165, 230] },
};

/** A color as bright as it must be to be seen on the ground of the theme. */
function seen(color, theme) {
  if (theme !== "dark") return color;
  const light = 0.2126 * color[0] + 0.7152 * color[1] + 0.0722 * color[2];
  return light >= 110 ? color : mix(color, [255, 255, 255], Math.min(0.45, (110 - light) / 150));
}

/** A place on the scale of numbers, from 0 to 1. */
function onScale(stops, t, theme) {
  const place = Math.max(0, Math.min(1, t)) * (stops.length - 1);
  const low = Math.min(Math.floor(place), stops.length - 2);
  return seen(mix(stops[low], stops[low + 1], place - low), theme);
}

/** The colors of one column, or of all points alike, in one theme. */
class Paint {
  constructor(column, meta, theme) {
    this.column = column;
    this.theme = theme;
    this.missing = THEMES[theme].missing;
    this.plain = THEMES[theme].plain;
    this.stops = meta.scale.map(channels);
    if (!column) return;
    if (column.isNumbers) {
      this.ramp = Array.from({ length: 256 }, (_, t) => onScale(this.stops, t / 255, theme));
    } else {
      const own = column.colors.map((hex) => seen(channels(hex), theme));
      this.classes = Array.from({ length: column.names.count }, (_, code) => own[code % own.length]);
    }
  }

  of(i) {
    const { column } = this;
    if (!column) return this.plain;
    if (column.isMissing(i)) return this.missing;
    if (!column.isNumbers) return this.classes[column.values[i]];
    const [low, high] = column.range;
    const t = high > low ? (column.values[i] - low) / (high - low) : 0;
    return this.ramp[Math.max(0, Math.min(255, Math.round(255 * t)))];
  }
}
