// The film of the descent: the points as they were after some iterations, each frame on its own scale.

/** Milliseconds of a frame while the film plays. */
const TICK = 80;

class Film {
  constructor(app) {
    this.app = app;
    this.metas = app.data.meta.frames;
    this.last = this.metas.length - 1;
    this.at = this.last;
    // The map itself, to more digits than its frame has.
    [this.x, this.y] = app.data.axes;
    this.near = { x: new Float32Array(app.data.n), y: new Float32Array(app.data.n) };
    this.timer = null;
    this.slider = byId("moment");
    this.slider.max = String(this.last);
    this.slider.addEventListener("input", () => {
      this.stop();
      this.show(Number(this.slider.value));
    });
    byId("play").addEventListener("click", () => this.toggle());
    byId("film").hidden = false;
    for (const line of document.querySelectorAll(".of-film")) line.hidden = false;
    this.show(this.last);
  }

  /** Shows a frame. */
  show(f) {
    const { app } = this;
    this.at = Math.max(0, Math.min(this.last, f));
    const { iteration, kl, zoom, low, step } = this.metas[this.at];
    if (this.at === this.last) {
      app.plane.set(this.x, this.y);
    } else {
      const places = app.data.frames[this.at];
      const { x, y } = this.near;
      for (let i = 0; i < x.length; i++) {
        x[i] = low[0] + step * places[2 * i];
        y[i] = low[1] + step * places[2 * i + 1];
      }
      app.plane.set(x, y);
    }
    const parts = [`iteration ${grouped(iteration)}`, ...(kl === null ? [] : [`KL ${kl.toFixed(4)}`])];
    if (zoom >= 1.05) parts.push(`enlarged ${Number(zoom.toPrecision(2)).toLocaleString("en-US")}×`);
    const text = parts.join(" · ");
    byId("iteration").textContent = text;
    this.slider.value = String(this.at);
    this.slider.setAttribute("aria-valuetext", text);
    app.placed();
  }

  step(by) {
    this.stop();
    this.show(this.at + by);
  }

  toggle() {
    if (this.timer === null) this.play();
    else this.stop();
  }

  play() {
    if (this.at === this.last) this.show(0);
    this.timer = setInterval(() => {
      // A frame that could not be drawn in its time is not followed by another.
      if (this.app.isStale) return;
      this.show(this.at + 1);
      if (this.at === this.last) this.stop();
    }, TICK);
    this.mark();
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    this.mark();
  }

  mark() {
    byId("play").setAttribute("aria-pressed", String(this.timer !== null));
    byId("play").setAttribute("aria-label", this.timer === null ? "Play" : "Stop");
  }
}
