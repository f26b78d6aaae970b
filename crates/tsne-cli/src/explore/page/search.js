// Searching ids, row numbers and labels; a list to go through with the arrow keys.

const MOST_HITS = 40;

/** What matches: points (by their place on the page, or by their row where they may not be there), and classes of any column. */
async function matches(data, wanted) {
  const hits = [];
  const number = /^#?(\d+)$/.exec(wanted);
  if (number && Number(number[1]) < data.all) {
    const i = Number(number[1]);
    if (!data.ids || wanted.startsWith("#")) hits.push(data.n === data.all ? { point: i } : { row: i, name: "#" + i });
  }
  hits.push(...(await data.find(wanted, MOST_HITS)));
  for (const column of data.columns) {
    if (column.isNumbers) continue;
    for (const code of column.names.find(wanted, 10)) hits.push({ column, code });
  }
  // A class that is called so comes first, however many ids have it in them, and others have their share of the list.
  const isExact = (hit) => hit.column && hit.column.names.get(hit.code).toLowerCase() === wanted.toLowerCase();
  const exact = hits.filter(isExact);
  const points = hits.filter((hit) => !hit.column);
  const classes = hits.filter((hit) => hit.column && !isExact(hit));
  const room = MOST_HITS - exact.length - Math.min(classes.length, 10);
  return [...exact, ...points.slice(0, room), ...classes].slice(0, MOST_HITS);
}

class Search {
  constructor(app) {
    this.app = app;
    this.input = byId("search");
    this.list = byId("hits");
    this.hits = [];
    this.at = 0;
    this.asked = 0;
    this.input.addEventListener("input", () => this.update());
    this.input.addEventListener("keydown", (event) => this.key(event));
  }

  async update() {
    const wanted = this.input.value.trim();
    const asked = ++this.asked;
    const hits = wanted === "" ? [] : await matches(this.app.data, wanted);
    // Lists that are loaded may come after those of what was typed later.
    if (asked !== this.asked) return;
    this.hits = hits;
    this.at = 0;
    this.list.hidden = wanted === "";
    this.input.setAttribute("aria-expanded", String(wanted !== ""));
    this.list.replaceChildren(...this.hits.map((hit, h) => this.row(hit, h)));
    if (wanted !== "" && this.hits.length === 0) this.list.append(element("li", { className: "note", textContent: "nothing found" }));
    this.mark();
  }

  row(hit, h) {
    const { data } = this.app;
    const name = hit.name ?? (hit.column ? hit.column.names.get(hit.code) : data.name(hit.point));
    const note = !hit.column ? (hit.row === undefined ? (this.app.column?.text(hit.point) ?? "") : "") : `${hit.column.name || "label"}, ${grouped(hit.column.counts[hit.code])}`;
    const go = () => this.go(h);
    return element("li", { id: `hit-${h}`, role: "option", onclick: go }, element("span", { textContent: name, title: name }), element("span", { className: "count", textContent: note }));
  }

  mark() {
    for (const [h, child] of [...this.list.children].entries()) child.setAttribute("aria-selected", String(h === this.at && this.hits.length > 0));
    if (this.hits.length > 0) {
      this.input.setAttribute("aria-activedescendant", `hit-${this.at}`);
      this.list.children[this.at].scrollIntoView({ block: "nearest" });
    } else {
      this.input.removeAttribute("aria-activedescendant");
    }
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.hits.length > 0) {
      this.at = (this.at + step + this.hits.length) % this.hits.length;
      this.mark();
      event.preventDefault();
    } else if (event.key === "Enter" && this.hits.length > 0) {
      this.go(this.at);
    } else if (event.key === "Escape") {
      this.input.value = "";
      this.update();
      byId("stage").focus();
      event.stopPropagation();
    }
  }

  go(h) {
    this.at = h;
    this.mark();
    const hit = this.hits[h];
    if (hit.column) this.app.goToClass(hit.column, hit.code);
    else if (hit.row !== undefined) this.app.goToRow(hit.row);
    else this.app.goTo(hit.point);
  }
}
