// Elements of the page. All text goes in as text: names come from tables of anybody.

const byId = (id) => document.getElementById(id);

function element(kind, properties = {}, ...children) {
  const made = document.createElement(kind);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith("aria-") || key === "role") made.setAttribute(key, value);
    else made[key] = value;
  }
  made.append(...children);
  return made;
}

const grouped = (count) => count.toLocaleString("en-US");

/** A point as a row that flies to it. */
function pointRow(app, i) {
  const swatch = element("span", { className: "swatch" });
  swatch.style.background = css(app.paint.of(i));
  const name = element("span", { className: "name", textContent: app.data.name(i) });
  const label = element("span", { className: "count", textContent: app.column?.text(i) ?? "" });
  const row = element("button", { type: "button", className: "row", onclick: () => app.goTo(i) }, swatch, name, label);
  row.dataset.point = i;
  return row;
}

/** Every label of a point. */
function labelPairs(app, i, most = Infinity) {
  const pairs = element("dl", { className: "pairs" });
  for (const column of app.data.columns.slice(0, most)) {
    const text = column.text(i);
    pairs.append(element("dt", { textContent: column.name || "label" }), element("dd", { textContent: text === "" ? "—" : text }));
  }
  return pairs;
}

/** Saves a text as a file of the reader's machine. */
function download(name, text) {
  const link = element("a", { href: URL.createObjectURL(new Blob([text], { type: "text/csv" })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Where pages from files may not use it.
    const area = element("textarea", { value: text });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

const quoted = (text) => (/[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** Points as a table: row from 0, id, coordinates, labels. */
function table(data, points) {
  const head = ["row", ...(data.ids ? ["id"] : []), ...data.meta.axes, ...data.columns.map((column) => column.name || "label")];
  const lines = [head.map(quoted).join(",")];
  for (const i of points) {
    const coordinates = data.meta.axes.map((_, axis) => data.coordinate(axis, i));
    const fields = [String(data.row(i)), ...(data.ids ? [data.ids.get(i)] : []), ...coordinates, ...data.columns.map((column) => column.text(i))];
    lines.push(fields.map(quoted).join(","));
  }
  return lines.join("\n") + "\n";
}
