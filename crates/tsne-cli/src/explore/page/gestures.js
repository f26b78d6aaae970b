// Pointers, the wheel and keys.

/** Pixels that a pointer may move and still be a click. */
const STILL = 4;

class Gestures {
  constructor(app, stage) {
    this.app = app;
    this.stage = stage;
    this.pointers = new Map();
    this.drag = null;
    stage.addEventListener("pointerdown", (event) => this.down(event));
    stage.addEventListener("pointermove", (event) => this.move(event));
    stage.addEventListener("pointerup", (event) => this.up(event, true));
    stage.addEventListener("pointercancel", (event) => this.up(event, false));
    stage.addEventListener("pointerleave", () => this.app.hover(-1));
    stage.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    stage.addEventListener("dblclick", (event) => this.isOnMap(event) && this.app.zoom(2, ...this.at(event)));
    stage.addEventListener("contextmenu", (event) => this.isOnMap(event) && event.preventDefault());
    addEventListener("keydown", (event) => this.key(event));
  }

  isOnMap(event) {
    return !event.target.closest("#tools, #film");
  }

  at(event) {
    const box = this.stage.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  down(event) {
    if (!this.isOnMap(event) || this.app.isBusy) return;
    this.stage.setPointerCapture(event.pointerId);
    const place = this.at(event);
    this.pointers.set(event.pointerId, place);
    this.app.camera.flight = null;
    if (this.pointers.size > 1) {
      // A second finger: both move and zoom the map.
      this.app.lassoTo(null);
      this.drag = null;
      return;
    }
    const { app } = this;
    const turns = app.plane.axes.length === 3 && (app.mode === "rotate" || event.altKey || event.button === 2);
    const kind = event.shiftKey || app.mode === "lasso" ? "lasso" : turns ? "rotate" : "pan";
    this.drag = { kind, from: place, last: place, isStill: true };
  }

  move(event) {
    const place = this.at(event);
    const { app } = this;
    if (!this.pointers.has(event.pointerId)) {
      if (event.pointerType !== "touch") app.hoverAt(this.isOnMap(event) ? place : null);
      return;
    }
    const before = this.pointers.get(event.pointerId);
    if (this.pointers.size === 2) {
      const [other] = [...this.pointers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
      const distance = (a) => Math.max(8, Math.hypot(a[0] - other[0], a[1] - other[1]));
      const middle = (a) => [(a[0] + other[0]) / 2, (a[1] + other[1]) / 2];
      app.pan(middle(place)[0] - middle(before)[0], middle(place)[1] - middle(before)[1]);
      app.zoom(distance(place) / distance(before), ...middle(place), false);
    } else if (this.drag) {
      const { drag } = this;
      if (Math.hypot(place[0] - drag.from[0], place[1] - drag.from[1]) > STILL) drag.isStill = false;
      if (!drag.isStill) this.drags(drag, place);
      drag.last = place;
    }
    this.pointers.set(event.pointerId, place);
  }

  drags(drag, place) {
    const { app } = this;
    const [across, along] = [place[0] - drag.last[0], place[1] - drag.last[1]];
    app.hover(-1);
    this.stage.classList.add("dragging");
    if (drag.kind === "pan") app.pan(across, along);
    else if (drag.kind === "rotate") app.rotate(across * 0.008, along * 0.008);
    else app.lassoTo(place, drag.from);
  }

  up(event, isDone) {
    if (!this.pointers.delete(event.pointerId)) return;
    const { drag, app } = this;
    if (this.pointers.size === 0) {
      this.stage.classList.remove("dragging");
      this.drag = null;
    }
    if (!drag) return;
    if (drag.kind === "lasso" && !drag.isStill) {
      if (isDone) app.endLasso();
      else app.lassoTo(null);
    } else if (isDone && drag.isStill) {
      app.choose(app.pointAt(this.at(event), event.pointerType === "touch" ? 18 : 8));
    }
  }

  wheel(event) {
    if (!this.isOnMap(event)) return;
    event.preventDefault();
    // Lines and pages in pixels; a pinch on a touchpad comes with Ctrl and in small steps.
    const unit = [1, 16, 400][event.deltaMode];
    const step = Math.max(-240, Math.min(240, event.deltaY * unit));
    this.app.zoom(Math.exp(-step * (event.ctrlKey ? 0.01 : 0.002)), ...this.at(event), false);
  }

  key(event) {
    const { app } = this;
    if (event.key === "Escape" && !byId("help").open) {
      app.release();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || byId("help").open || app.isBusy) return;
    const ofFilm = event.target.id === "moment" && " ,.".includes(event.key);
    const inField = event.target.matches?.("input, select, textarea") && !ofFilm;
    if (inField) return;
    const step = 80;
    const arrows = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    const actions = {
      "+": () => app.zoom(1.5), "=": () => app.zoom(1.5), "-": () => app.zoom(1 / 1.5), _: () => app.zoom(1 / 1.5),
      0: () => app.fit(), Home: () => app.fit(), "/": () => byId("search").focus(), l: () => app.setMode("lasso"),
      r: () => app.setMode("rotate"), d: () => app.toggleDensity(), n: () => app.toggleNames(), t: () => app.toggleTheme(),
      "?": () => app.help(), ",": () => app.film?.step(-1), ".": () => app.film?.step(1),
    };
    // Where a button has the focus, the space key presses that.
    if (app.film && !event.target.closest?.("button")) actions[" "] = () => app.film.toggle();
    if (arrows[event.key]) {
      if (event.target.closest?.("#panel, #tools, #film")) return;
      app.pan(...arrows[event.key]);
    } else {
      const action = actions[event.key] ?? actions[event.key.toLowerCase()];
      if (!action) return;
      action();
    }
    event.preventDefault();
  }
}
