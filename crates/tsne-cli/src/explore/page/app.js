// The page as a whole: what is shown, and what changes it. Everything that changes asks for one frame; points are drawn anew
// only where they, their colors or the view did.

/** A frame that takes longer than this many milliseconds shows fewer points while the map moves, a quicker one more. */
const SLOW = 45;
const QUICK = 22;
/** Points that a moving map always shows, and those that it begins with. */
const FEWEST = 20000;
const FIRST = 150000;
/** Points of the rest that a frame draws at least: fewer would take as long each, by what a frame costs in any case. */
const SLICE = 60000;
/** How many milliseconds after the last move all points begin to be drawn. */
const REST = 140;

class App {
  constructor(data) {
    this.data = data;
    this.plane = new Plane(data.axes);
    this.order = shuffled(data.n);
    this.camera = new Camera();
    this.stage = byId("stage");
    this.canvases = ["points", "overlay"].map(byId);
    this.renderer = new Renderer(byId("points"));
    this.density = new Density(byId("density"));
    this.overlay = new Overlay(byId("overlay"));
    this.renderer.place(this.plane, this.order);
    Object.assign(this, {
      column: null, chosen: -1, hovered: -1, held: null, path: null, film: null, isHolding: false, mode: "pan", isDense: false, showNames: true, isBusy: true,
      budget: Math.min(data.n, FIRST), moved: -Infinity, last: 0, isTimed: false, isAsked: false, isStale: true,
      rest: -1, drawn: 0,
    });
    const asked = document.documentElement.dataset.theme;
    this.theme = asked === "auto" ? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light") : asked;
    document.documentElement.dataset.theme = this.theme;
    byId("title").textContent = data.meta.title;
    this.loader = data.meta.tiles ? new Loader(this) : null;
    this.countPoints();
    this.repaint();
    new ResizeObserver(() => this.resize()).observe(this.stage);
    this.resize();
    Object.assign(this.camera, this.camera.around(this.bounds()));
  }

  /** All data are there. */
  begin() {
    const { data } = this;
    this.isBusy = false;
    byId("message").hidden = true;
    const select = byId("column");
    select.append(element("option", { value: "-1", textContent: "One color" }));
    data.columns.forEach((column, c) => select.append(element("option", { value: String(c), textContent: column.name || "label" })));
    select.addEventListener("change", () => this.colorBy(Number(select.value)));
    select.value = data.columns.length > 0 ? "0" : "-1";
    byId("colors").hidden = data.columns.length === 0;
    byId("rotate").hidden = this.plane.axes.length !== 3;
    const buttons = {
      "zoom-in": () => this.zoom(1.5), "zoom-out": () => this.zoom(1 / 1.5), fit: () => this.fit(), lasso: () => this.setMode("lasso"),
      rotate: () => this.setMode("rotate"), dense: () => this.toggleDensity(), names: () => this.toggleNames(),
      theme: () => this.toggleTheme(), ask: () => this.help(),
    };
    for (const [id, action] of Object.entries(buttons)) byId(id).addEventListener("click", action);
    this.search = new Search(this);
    this.gestures = new Gestures(this, this.stage);
    this.colorBy(Number(select.value));
    if (this.loader) byId("search").placeholder = "Beginning of an id, #row or label";
    this.loader?.ask();
    this.film = data.meta.frames.length > 0 ? new Film(this) : null;
  }

  /** How many points there are, and how many of them this view has. */
  countPoints() {
    const { all, n } = this.data;
    byId("subtitle").textContent = `${grouped(all)} points${n < all ? `, a sample of ${grouped(n)} here` : ""}`;
  }

  fail(error) {
    byId("message").textContent = error.message;
    byId("message").hidden = false;
  }

  // Drawing.

  resize() {
    const { camera } = this;
    const box = this.stage.getBoundingClientRect();
    const [width, height] = [Math.max(1, box.width), Math.max(1, box.height)];
    if (camera.width > 1) camera.scale *= Math.min(width / camera.width, height / camera.height);
    Object.assign(camera, { width, height });
    const ratio = Math.min(devicePixelRatio || 1, 3);
    for (const canvas of this.canvases) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    this.loader?.ask();
    this.redraw();
  }

  /** Asks for a frame. */
  draw() {
    if (this.isAsked) return;
    this.isAsked = true;
    requestAnimationFrame((now) => this.frame(now));
  }

  /** Asks for a frame with new points. */
  redraw() {
    this.isStale = true;
    this.draw();
  }

  moves() {
    this.moved = performance.now();
    this.loader?.ask();
    this.redraw();
  }

  frame(now) {
    this.isAsked = false;
    const { camera } = this;
    if (camera.step(now)) this.moves();
    const isMoving = performance.now() - this.moved < REST;
    if (this.isTimed) this.adapt(now - this.last);
    this.last = now;
    this.dot = dotOf(this.renderer.shown, camera, camera.around(this.bounds()).scale);
    const wasDrawn = this.isStale || (this.rest >= 0 && !isMoving);
    if (this.isStale) {
      this.drawPart();
      this.isStale = false;
    } else if (wasDrawn) {
      this.drawRest();
    }
    this.overlay.draw(this);
    const goesOn = isMoving || this.rest >= 0;
    this.isTimed = wasDrawn && goesOn;
    if (goesOn) this.draw();
  }

  /** How many points a frame has time for, by how long the last one took. */
  adapt(milliseconds) {
    if (milliseconds > SLOW) this.budget = Math.max(FEWEST, this.budget * Math.max(0.2, Math.min(0.8, SLOW / milliseconds)));
    else if (milliseconds < QUICK) this.budget = Math.min(this.data.n, this.budget * 1.15);
  }

  /** Draws as many points as there is time for. */
  drawPart() {
    const shown = Math.max(1, this.renderer.shown);
    const share = Math.min(1, this.budget / shown);
    if (this.isDense) {
      this.drawDensity(share);
    } else {
      // The same darkness from fewer points.
      const opacity = Math.min(0.94, this.dot.opacity / Math.sqrt(share));
      this.renderer.draw(this.camera, THEMES[this.theme].ground, { radius: this.dot.radius, opacity }, share);
    }
    this.drawn = share;
    // From where on points are missing: all are drawn anew, with less opacity.
    this.rest = share < 1 ? 0 : -1;
  }

  /** Goes on with all points. */
  drawRest() {
    const count = Math.ceil(Math.max(this.budget, SLICE));
    if (this.isDense) this.drawDensity(1);
    else if (!this.renderer.drawOn(this.camera, THEMES[this.theme].ground, this.dot, this.rest, count)) {
      this.rest += count;
      return;
    }
    this.rest = -1;
    this.drawn = 1;
  }

  drawDensity(share) {
    this.density.draw(this.camera, this.plane, this.order, share, (i) => this.shows(i), this.paint.stops, this.theme);
  }

  bounds() {
    this.box ??= this.square() ?? this.plane.bounds();
    return this.box;
  }

  /** Where all frames of a film are shown. */
  square() {
    const { square } = this.data.meta;
    return square && { x: { low: square[0][0], high: square[0][1] }, y: { low: square[1][0], high: square[1][1] } };
  }

  /** Colors and groups of all points: missing ones below, those that are held above. */
  repaint() {
    const { column, theme } = this;
    this.paint = new Paint(column, this.data.meta, theme);
    const ground = THEMES[theme].ground;
    const held = this.held ? new Uint8Array(this.data.n) : null;
    if (held) for (const i of this.held) held[i] = 1;
    const group = (i) => {
      if (column && !column.shows(i)) return 3;
      if (held) return held[i] ? 2 : 0;
      return column && column.isMissing(i) ? 0 : 1;
    };
    const color = (i, group) => packed(held && group === 0 ? mix(this.paint.of(i), ground, 0.8) : this.paint.of(i));
    const known = column && !column.isNumbers && !held ? Uint32Array.from(this.paint.classes, (c) => packed(c)) : null;
    const quick = (i, group) => (group === 1 ? known[column.values[i]] : packed(this.paint.missing));
    this.renderer.paint(this.order, known ? quick : color, group);
    this.redraw();
  }

  // Looking at points.

  shows(i) {
    return !this.column || this.column.shows(i);
  }

  pointAt(place, radius) {
    const [x, y] = this.camera.toPlane(...place);
    return this.plane.nearest(x, y, Math.max(radius, this.dot.radius + 2) / this.camera.scale, (i) => this.shows(i));
  }

  hoverAt(place) {
    this.hover(place && !this.isBusy ? this.pointAt(place, 6) : -1, place);
  }

  hover(i, place) {
    const tip = byId("tip");
    if (i !== this.hovered) {
      this.hovered = i;
      this.stage.classList.toggle("pointing", i >= 0);
      if (i >= 0) tip.replaceChildren(element("strong", { textContent: this.data.name(i) }), labelPairs(this, i, 12));
      this.draw();
    }
    tip.hidden = i < 0;
    if (i < 0) return;
    // Beside the pointer, wherever there is room.
    const [width, height] = [tip.offsetWidth, tip.offsetHeight];
    const left = place[0] + 14 + width > this.camera.width ? place[0] - 14 - width : place[0] + 14;
    const top = place[1] + 14 + height > this.camera.height ? place[1] - 14 - height : place[1] + 14;
    tip.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, top)}px)`;
  }

  choose(i) {
    this.data.choose(i);
    this.chosen = i;
    showChosen(this);
    if (i >= 0) byId("chosen").scrollIntoView({ block: "nearest" });
    this.draw();
  }

  goTo(i) {
    this.choose(i);
    if (!this.shows(i)) this.showAll();
    const scale = Math.max(this.camera.scale, Math.min(this.closeUp(i), this.limits()[1]));
    this.camera.fly({ x: this.plane.x[i], y: this.plane.y[i], scale });
    this.moves();
  }

  /** The scale that shows a point with the nearer half of its neighbors: the others may be anywhere. */
  closeUp(i) {
    const fitted = this.camera.around(this.bounds()).scale;
    const away = (j) => Math.hypot(this.plane.x[j] - this.plane.x[i], this.plane.y[j] - this.plane.y[i]);
    const near = this.data.near(i).map(away).sort((a, b) => a - b);
    const half = near[near.length >> 1] ?? 0;
    const room = 0.25 * Math.min(this.camera.width, this.camera.height);
    return Math.max(fitted * 4, half > 0 ? room / half : 0);
  }

  /** Goes to a point that may not be there. */
  async goToRow(row) {
    try {
      await this.data.chooseRow(row);
    } catch (error) {
      this.fail(error);
      return;
    }
    this.chosen = 0;
    this.loader.show(true);
    this.goTo(this.chosen);
  }

  /** Shows a class alone, where it is in the sample of the whole map. */
  goToSample(column, code) {
    column.hidden.fill(1);
    column.hidden[code] = 0;
    this.refresh();
    const points = this.data.sample.filter((i) => column.values[i] === code);
    if (points.length > 0) this.flyAround(points);
  }

  /** Holds the points of a class, and shows them all. */
  goToClass(column, code) {
    this.colorBy(this.data.columns.indexOf(column));
    if (this.loader) {
      this.goToSample(column, code);
      return;
    }
    const points = [];
    for (let i = 0; i < this.data.n; i++) if (column.values[i] === code) points.push(i);
    this.hold(Uint32Array.from(points));
    this.flyAround(points);
  }

  flyAround(points) {
    const of = (axis) => span(Float32Array.from(points, (i) => axis[i]));
    const view = this.camera.around({ x: of(this.plane.x), y: of(this.plane.y) }, 0.2);
    this.camera.fly({ ...view, scale: Math.min(view.scale, this.limits()[1]) });
    this.moves();
  }

  // The lasso.

  /** Draws it on, from the place where it began; without a place it is given up. */
  lassoTo(place, from) {
    if (!place) this.path = null;
    else if (this.path) this.path.push(this.camera.toPlane(...place));
    else this.path = [this.camera.toPlane(...from), this.camera.toPlane(...place)];
    this.draw();
  }

  endLasso() {
    const path = this.path;
    this.path = null;
    if (path && path.length > 2) {
      if (this.loader) this.holdAll(path);
      else this.hold(inside(this.plane, path, (i) => this.shows(i)));
    }
    if (this.mode === "lasso") this.setMode("pan");
  }

  /** Holds all points in a polygon, also those that this view does not have. */
  async holdAll(path) {
    sayHeld("Loading the points in the lasso…");
    this.isHolding = true;
    try {
      await this.data.hold(path, this.data.columns.indexOf(this.column));
      this.held = new Uint32Array(0);
      this.loader.show(true);
      this.hold(this.held);
    } catch (error) {
      this.hold(null);
      sayHeld(error.message);
    } finally {
      this.isHolding = false;
    }
  }

  hold(points) {
    if (points === null) this.data.held = null;
    this.held = points;
    this.repaint();
    showHeld(this);
    if (points) byId("held").scrollIntoView({ block: "nearest" });
  }

  release() {
    if (this.path) this.lassoTo(null);
    else if (this.mode !== "pan") this.setMode("pan");
    else if (this.chosen >= 0) this.choose(-1);
    else if (this.held) this.hold(null);
  }

  /** There are other points: those of other tiles. */
  recomposed() {
    const { data } = this;
    this.plane.set(...data.axes);
    this.order = shuffled(data.n);
    this.hover(-1);
    // What is held and what is chosen comes first.
    if (this.held) this.held = Uint32Array.from({ length: data.held?.n ?? 0 }, (_, i) => i);
    if (this.chosen >= 0) this.chosen = data.held?.n ?? 0;
    this.renderer.place(this.plane, this.order);
    this.countPoints();
    this.repaint();
  }

  // The view.

  limits() {
    const fitted = this.camera.around(this.bounds()).scale;
    return [fitted / 4, fitted * 20000];
  }

  pan(across, along) {
    this.camera.x -= across / this.camera.scale;
    this.camera.y += along / this.camera.scale;
    this.moves();
  }

  zoom(factor, left, top) {
    this.camera.zoom(factor, left, top, this.limits());
    this.hover(-1);
    this.moves();
  }

  fit() {
    this.camera.fly(this.camera.around(this.bounds()));
    this.moves();
  }

  rotate(across, along) {
    this.plane.rotate(across, along);
    this.box = null;
    this.placed();
  }

  /** The points are elsewhere in the plane. */
  placed() {
    this.renderer.place(this.plane, this.order);
    this.findMedians();
    this.moves();
  }

  setMode(mode) {
    if (mode === "rotate" && this.plane.axes.length !== 3) return;
    this.mode = this.mode === mode ? "pan" : mode;
    for (const id of ["lasso", "rotate"]) byId(id).setAttribute("aria-pressed", String(this.mode === id));
    this.stage.classList.toggle("lasso", this.mode === "lasso");
  }

  toggleDensity() {
    this.isDense = !this.isDense;
    byId("dense").setAttribute("aria-pressed", String(this.isDense));
    for (const id of ["density", "density-key"]) byId(id).hidden = !this.isDense;
    this.redraw();
  }

  toggleNames() {
    this.showNames = !this.showNames;
    byId("names").setAttribute("aria-pressed", String(this.showNames));
    this.draw();
  }

  toggleTheme() {
    this.theme = this.theme === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = this.theme;
    this.refresh();
  }

  help() {
    byId("help").showModal();
  }

  // Colors.

  colorBy(c) {
    const column = c < 0 ? null : this.data.columns[c];
    byId("column").value = String(c);
    if (column !== this.column || !this.bySize) {
      this.column = column;
      this.bySize = column && !column.isNumbers ? Array.from({ length: column.names.count }, (_, code) => code).sort((a, b) => column.counts[b] - column.counts[a] || a - b) : [];
      this.findMedians();
    }
    this.refresh();
  }

  findMedians() {
    const { column } = this;
    this.medians = column && !column.isNumbers && column.names.count <= 5000 ? medians(this.plane, column, this.data.sample ?? this.order) : null;
  }

  /** Everything that shows a color. */
  refresh() {
    this.repaint();
    legend(this);
    showChosen(this);
    showHeld(this);
  }

  /** Hides a class or shows it; alone, all others are hidden, or shown again. */
  toggle(code, alone) {
    const { hidden } = this.column;
    if (alone) {
      const isAlone = !hidden[code] && hidden.every((flag, other) => other === code || flag);
      hidden.fill(isAlone ? 0 : 1);
      hidden[code] = 0;
    } else {
      hidden[code] ^= 1;
    }
    this.hover(-1);
    this.refresh();
    byId("legend").querySelector(`[data-code="${code}"]`)?.focus();
  }

  showAll() {
    this.column?.hidden.fill(0);
    this.refresh();
  }
}
