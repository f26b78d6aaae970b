// What part of the plane is seen: a center, and pixels for each unit.

class Camera {
  constructor() {
    Object.assign(this, { x: 0, y: 0, scale: 1, width: 1, height: 1, flight: null });
  }

  toScreen(x, y) {
    return [(x - this.x) * this.scale + this.width / 2, this.height / 2 - (y - this.y) * this.scale];
  }

  toPlane(left, top) {
    return [(left - this.width / 2) / this.scale + this.x, (this.height / 2 - top) / this.scale + this.y];
  }

  /** The view in which a rectangle is seen with a margin. */
  around({ x, y }, margin = 0.08) {
    const head = Math.min(56, this.height * 0.12);
    const [width, height] = [Math.max(x.high - x.low, 1e-30), Math.max(y.high - y.low, 1e-30)];
    const scale = Math.min(this.width * (1 - margin) / width, (this.height - 2 * head) * (1 - margin / 2) / height);
    return { x: (x.low + x.high) / 2, y: (y.low + y.high) / 2, scale };
  }

  zoom(factor, left = this.width / 2, top = this.height / 2, limits) {
    const [x, y] = this.toPlane(left, top);
    this.scale = Math.max(limits[0], Math.min(limits[1], this.scale * factor));
    this.x = x - (left - this.width / 2) / this.scale;
    this.y = y + (top - this.height / 2) / this.scale;
  }

  /** Goes to a view in a third of a second, or at once where motion is not wanted. */
  fly(to) {
    const from = { x: this.x, y: this.y, scale: this.scale };
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      Object.assign(this, to);
      return;
    }
    this.flight = { from, to, begun: performance.now() };
  }

  /** Moves along its flight; whether it goes on. */
  step(now) {
    if (!this.flight) return false;
    const { from, to, begun } = this.flight;
    const t = Math.min(1, Math.max(0, (now - begun) / 350));
    const eased = t * t * (3 - 2 * t);
    this.scale = from.scale * (to.scale / from.scale) ** eased;
    // The target moves straight on the screen while the scale changes.
    const ratio = to.scale / from.scale;
    const along = Math.abs(ratio - 1) < 1e-6 ? eased : (1 - from.scale / this.scale) / (1 - 1 / ratio);
    this.x = from.x + (to.x - from.x) * along;
    this.y = from.y + (to.y - from.y) * along;
    if (t === 1) {
      Object.assign(this, to);
      this.flight = null;
    }
    return this.flight !== null;
  }
}
