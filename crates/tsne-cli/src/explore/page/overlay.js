// What lies above the points: names of classes, the chosen point with lines to its neighbors and their names, the lasso.

class Overlay {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
  }

  draw(app) {
    const { camera, context: c } = { camera: app.camera, context: this.context };
    const ratio = this.canvas.width / camera.width;
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.clearRect(0, 0, camera.width, camera.height);
    const theme = THEMES[app.theme];
    const at = (i) => camera.toScreen(app.plane.x[i], app.plane.y[i]);
    const radius = app.dot.radius;
    if (app.showNames) this.names(app, theme);
    if (app.chosen >= 0) {
      const [x, y] = at(app.chosen);
      c.strokeStyle = css(theme.ink);
      c.lineWidth = 1;
      c.globalAlpha = 0.75;
      for (const j of app.data.near(app.chosen)) {
        const [u, v] = at(j);
        c.beginPath();
        c.moveTo(x, y);
        c.lineTo(u, v);
        c.stroke();
        c.beginPath();
        c.arc(u, v, radius + 2, 0, 7);
        c.stroke();
      }
      c.globalAlpha = 1;
      this.ring(x, y, radius + 4, theme, 2.5);
      if (app.data.ids) this.pointNames(app, theme);
    }
    if (app.hovered >= 0) this.ring(...at(app.hovered), radius + 2.5, theme, 1.5);
    if (app.path) {
      c.beginPath();
      for (const [x, y] of app.path) c.lineTo(...camera.toScreen(x, y));
      c.closePath();
      c.fillStyle = css(theme.plain);
      c.globalAlpha = 0.12;
      c.fill();
      c.globalAlpha = 1;
      c.strokeStyle = css(theme.plain);
      c.lineWidth = 1.5;
      c.stroke();
    }
  }

  ring(x, y, radius, theme, width) {
    const c = this.context;
    for (const [color, w] of [[theme.ground, width + 2.5], [theme.ink, width]]) {
      c.beginPath();
      c.arc(x, y, radius, 0, 7);
      c.strokeStyle = css(color);
      c.lineWidth = w;
      c.stroke();
    }
  }

  /**
   * Names at the medians of their classes, those of many points first; one that would touch another goes to the nearest free place
   * above or below, and is left out where that is far.
   */
  names(app, theme) {
    const { column, camera } = app;
    if (!column || column.isNumbers || !app.medians) return;
    this.context.font = "600 13px system-ui, sans-serif";
    const taken = [];
    for (const code of app.bySize.slice(0, 400)) {
      if (column.hidden[code] || !app.medians[code]) continue;
      const [x, middle] = camera.toScreen(...app.medians[code]);
      if (x < -50 || middle < -10 || x > camera.width + 50 || middle > camera.height + 10) continue;
      this.write(column.names.get(code), x, [0, -19, 19, -38, 38].map((step) => middle + step), taken, theme);
    }
  }

  /** The names of the chosen point and of its neighbors, as far as there is room. */
  pointNames(app, theme) {
    this.context.font = "12px system-ui, sans-serif";
    const off = app.dot.radius + 14;
    const taken = [];
    for (const i of [app.chosen, ...app.data.near(app.chosen)]) {
      const [x, y] = app.camera.toScreen(app.plane.x[i], app.plane.y[i]);
      this.write(app.data.name(i), x, [y - off, y + off], taken, theme);
    }
  }

  /** Writes a text at the first of some heights where it touches no other one, or not at all. */
  write(whole, x, heights, taken, theme) {
    const c = this.context;
    c.textAlign = "center";
    c.textBaseline = "middle";
    c.lineJoin = "round";
    const text = whole.length > 32 ? whole.slice(0, 31) + "…" : whole;
    const half = c.measureText(text).width / 2 + 3;
    const box = (y) => [x - half, y - 9, x + half, y + 9];
    const free = (a) => !taken.some((b) => a[0] < b[2] && a[2] > b[0] && a[1] < b[3] && a[3] > b[1]);
    const y = heights.find((height) => free(box(height)));
    if (y === undefined) return;
    taken.push(box(y));
    c.strokeStyle = css(theme.ground);
    c.lineWidth = 4;
    c.strokeText(text, x, y);
    c.fillStyle = css(theme.ink);
    c.fillText(text, x, y);
  }
}
