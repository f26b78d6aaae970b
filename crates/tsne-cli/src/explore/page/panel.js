// The chosen point, and the points that the lasso holds.

const LISTED = 200;

function title(text, close) {
  const button = element("button", { type: "button", textContent: "×", onclick: close, "aria-label": "Let go" });
  return element("div", { className: "top" }, element("h2", { textContent: text }), button);
}

function showChosen(app) {
  const box = byId("chosen");
  const i = app.chosen;
  box.hidden = i < 0;
  if (i < 0) return;
  const { data } = app;
  const pairs = labelPairs(app, i);
  const place = data.meta.axes.map((_, axis) => Number(data.coordinate(axis, i)).toPrecision(5)).join(", ");
  pairs.append(element("dt", { textContent: "row" }), element("dd", { textContent: String(data.row(i)) }));
  pairs.append(element("dt", { textContent: "place" }), element("dd", { textContent: place }));
  box.replaceChildren(title(data.name(i), () => app.choose(-1)), pairs);
  const near = data.near(i);
  if (near.length > 0) {
    box.append(element("h3", { textContent: "Nearest in the data" }), element("ul", { className: "list" }, ...near.map((j) => element("li", {}, pointRow(app, j)))));
  }
}

function showHeld(app) {
  const box = byId("held");
  const { held, data, column } = app;
  box.hidden = held === null;
  if (held === null) return;
  box.replaceChildren(title(held.length === 1 ? "1 point" : `${grouped(held.length)} points`, () => app.hold(null)));
  if (held.length === 0) return;
  const save = element("button", { type: "button", textContent: "Download CSV", onclick: () => download("points.csv", table(data, held)) });
  const ids = () => Array.from(held, (i) => (data.ids ? data.ids.get(i) : String(data.row(i)))).join("\n") + "\n";
  const clip = element("button", { type: "button", textContent: data.ids ? "Copy ids" : "Copy row numbers" });
  clip.onclick = async () => {
    await copy(ids());
    clip.textContent = "Copied";
  };
  box.append(element("div", { className: "actions" }, save, clip));
  if (column && !column.isNumbers) box.append(element("h3", { textContent: column.name || "label" }), classCounts(app, held));
  box.append(element("h3", { textContent: held.length > LISTED ? `The first ${LISTED}` : "Points" }));
  box.append(element("ul", { className: "list" }, ...Array.from(held.slice(0, LISTED), (i) => element("li", {}, pointRow(app, i)))));
}

/** What there is to say in place of points that are held. */
function sayHeld(text) {
  const box = byId("held");
  box.hidden = false;
  box.replaceChildren(element("p", { className: "quiet", textContent: text }));
  box.scrollIntoView({ block: "nearest" });
}

function classCounts(app, held) {
  const { column, paint } = app;
  const counts = new Map();
  for (const i of held) counts.set(column.code(i), (counts.get(column.code(i)) ?? 0) + 1);
  const sorted = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  const rows = sorted.slice(0, 12).map(([code, count]) => {
    const isMissing = code === column.names.count;
    const swatch = element("span", { className: "swatch" });
    swatch.style.background = css(isMissing ? paint.missing : paint.classes[code]);
    const name = element("span", { className: "name", textContent: isMissing ? "no label" : column.names.get(code) });
    return element("li", { className: "row" }, swatch, name, element("span", { className: "count", textContent: grouped(count) }));
  });
  if (sorted.length > 12) rows.push(element("li", { className: "row quiet", textContent: `and ${sorted.length - 12} more` }));
  return element("ul", { className: "list" }, ...rows);
}
