// The legend: classes that can be hidden, or the scale of numbers.

/** Rows shown at most: the classes of most points. */
const LEGEND_ROWS = 300;

function legend(app) {
  const { column, paint } = app;
  const box = byId("legend");
  box.replaceChildren();
  if (!column) return;
  if (column.isNumbers) {
    box.append(...scale(column, paint));
    if (column.hasMissing) box.append(element("ul", {}, row(app, 0, "no number", paint.missing, NaN)));
    return;
  }
  const list = element("ul");
  const codes = Array.from({ length: column.names.count }, (_, code) => code);
  const shown = codes.length > LEGEND_ROWS ? app.bySize.slice(0, LEGEND_ROWS) : codes;
  for (const code of shown) list.append(row(app, code, column.names.get(code), paint.classes[code], column.counts[code]));
  const none = column.names.count;
  if (column.hasMissing) list.append(row(app, none, "no label", paint.missing, column.counts[none]));
  box.append(list);
  if (shown.length < codes.length) {
    box.append(element("p", { className: "quiet", textContent: `and ${grouped(codes.length - shown.length)} smaller classes` }));
  }
  if (column.hidden.some(Boolean)) {
    const all = element("button", { type: "button", textContent: "Show all", onclick: () => app.showAll() });
    box.append(element("div", { className: "actions" }, all));
  }
}

function row(app, code, name, color, count) {
  const swatch = element("span", { className: "swatch" });
  swatch.style.background = css(color);
  const text = element("span", { className: "name", textContent: name, title: name });
  const number = element("span", { className: "count", textContent: Number.isNaN(count) ? "" : grouped(count) });
  const press = (event) => app.toggle(code, event.shiftKey || event.altKey);
  const button = element("button", { type: "button", className: "row", onclick: press }, swatch, text, number);
  button.setAttribute("aria-pressed", String(!app.column.hidden[code]));
  button.dataset.code = code;
  return element("li", {}, button);
}

function scale(column, paint) {
  const canvas = element("canvas", { id: "scale", width: 256, height: 1 });
  const context = canvas.getContext("2d");
  paint.ramp.forEach((color, t) => {
    context.fillStyle = css(color);
    context.fillRect(t, 0, 1, 1);
  });
  const [low, high] = column.range;
  const marks = element("div", { className: "ticks" });
  for (const value of ticks(low, high)) {
    const share = high > low ? (value - low) / (high - low) : 0.5;
    const mark = element("span", { textContent: String(value) });
    mark.style.left = `${100 * Math.max(0.05, Math.min(0.95, share))}%`;
    marks.append(mark);
  }
  const note = "Few numbers are far from all others: they have the colors of the ends.";
  return [canvas, marks, ...(column.isClipped ? [element("p", { className: "quiet", textContent: note })] : [])];
}

/** Round numbers between two ends, three to seven: steps are a third of the way at most, and as large as they can be. */
function ticks(low, high) {
  if (!(high > low)) return [low];
  const most = (high - low) / 3;
  const power = 10 ** Math.floor(Math.log10(most));
  const step = [5, 2.5, 2, 1].map((m) => m * power).find((s) => s <= most * (1 + 1e-9)) ?? power;
  // Of numbers that are large and near each other, steps would be below their spacing, and not end.
  if (!(low + step > low && high - step < high)) return [low, high];
  const values = [];
  for (let k = Math.ceil(low / step); k * step <= high; k++) values.push(Number((k * step).toPrecision(10)));
  return values;
}
