// Points by WebGL 2: one square each, cut to a disc. They are kept in a shuffled order, so that the first of them are a sample:
// while the map moves, no more are drawn than a frame allows, and when it rests, the others are drawn unseen in as many frames as
// they take.

const VERTEX = `#version 300 es
in vec2 position;
in vec4 color;
uniform vec4 center;
uniform vec2 scale;
uniform float size;
out vec4 tint;
void main() {
  // The center in two parts: what one part rounds away would shake the map at deep zoom.
  gl_Position = vec4((position - center.xy - center.zw) * scale, 0.0, 1.0);
  gl_PointSize = size;
  tint = color;
}`;

const FRAGMENT = `#version 300 es
precision highp float;
in vec4 tint;
uniform float size;
uniform float radius;
uniform float rim;
uniform float opacity;
uniform vec3 ground;
out vec4 result;
void main() {
  float away = length(gl_PointCoord - 0.5) * size;
  float disc = clamp(radius - away + 0.5, 0.0, 1.0);
  float all = rim > 0.0 ? clamp(radius + rim - away + 0.5, 0.0, 1.0) : disc;
  if (all <= 0.0) discard;
  float alpha = all * opacity * tint.a;
  result = vec4(mix(ground, tint.rgb, rim > 0.0 ? disc : 1.0) * alpha, alpha);
}`;

class Renderer {
  constructor(canvas) {
    this.canvas = canvas;
    const gl = canvas.getContext("webgl2", { alpha: false, antialias: false, depth: false, preserveDrawingBuffer: true });
    if (!gl) throw new Error("This page draws with WebGL 2, which this browser does not have or has switched off.");
    this.gl = gl;
    const program = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program));
    gl.useProgram(program);
    this.uniforms = {};
    for (const name of ["center", "scale", "size", "radius", "rim", "opacity", "ground"]) {
      this.uniforms[name] = gl.getUniformLocation(program, name);
    }
    const attribute = (name, size, type, normalized) => {
      const buffer = gl.createBuffer();
      const place = gl.getAttribLocation(program, name);
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, size, type, normalized, 0, 0);
      return buffer;
    };
    this.positions = attribute("position", 2, gl.FLOAT, false);
    this.colors = attribute("color", 4, gl.UNSIGNED_BYTE, true);
    this.elements = gl.createBuffer();
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.elements);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.largest = gl.getParameter(gl.ALIASED_POINT_SIZE_RANGE)[1];
    this.groups = [];
  }

  /** Takes the places of the points, in the order in which they are drawn. */
  place(plane, order) {
    const values = new Float32Array(2 * order.length);
    for (let s = 0; s < order.length; s++) {
      values[2 * s] = plane.x[order[s]];
      values[2 * s + 1] = plane.y[order[s]];
    }
    this.gl.bindBuffer(this.gl.ARRAY_BUFFER, this.positions);
    this.gl.bufferData(this.gl.ARRAY_BUFFER, values, this.gl.STATIC_DRAW);
  }

  /** Takes a color and a group for each point: of group 0 those at the bottom, then 1 and 2; points of none are hidden. */
  paint(order, colorOf, groupOf) {
    const { gl } = this;
    const n = order.length;
    const colors = new Uint32Array(n);
    const groups = new Uint8Array(n);
    const starts = [0, 0, 0, 0, 0];
    for (let s = 0; s < n; s++) {
      const group = groupOf(order[s]);
      groups[s] = group;
      starts[group + 1]++;
      if (group < 3) colors[s] = colorOf(order[s], group);
    }
    for (let g = 1; g < 5; g++) starts[g] += starts[g - 1];
    this.groups = [0, 1, 2].map((g) => ({ start: starts[g], count: starts[g + 1] - starts[g] }));
    const ends = starts.slice();
    const elements = new Uint32Array(starts[3]);
    for (let s = 0; s < n; s++) if (groups[s] < 3) elements[ends[groups[s]]++] = s;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.colors);
    gl.bufferData(gl.ARRAY_BUFFER, colors, gl.DYNAMIC_DRAW);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, elements, gl.DYNAMIC_DRAW);
    this.shown = starts[3];
  }

  /** Draws the share of the points from 0 to 1. */
  draw(camera, ground, dot, share) {
    const { gl } = this;
    this.prepare(camera, ground, dot);
    this.clear(ground);
    for (const { start, count } of this.groups) {
      const some = Math.ceil(count * share);
      if (some > 0) gl.drawElements(gl.POINTS, some, gl.UNSIGNED_INT, 4 * start);
    }
  }

  /** Draws points from one place in their order on, unseen; with the last of them all are seen at once, and the answer is true. */
  drawOn(camera, ground, dot, from, count) {
    const { gl, canvas } = this;
    const [width, height] = [canvas.width, canvas.height];
    if (!this.unseen || this.unseen.width !== width || this.unseen.height !== height) {
      if (this.unseen) gl.deleteTexture(this.unseen.texture);
      this.unseen = { texture: gl.createTexture(), frame: this.unseen?.frame ?? gl.createFramebuffer(), width, height };
      gl.bindTexture(gl.TEXTURE_2D, this.unseen.texture);
      gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8, width, height);
      gl.bindFramebuffer(gl.FRAMEBUFFER, this.unseen.frame);
      gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, this.unseen.texture, 0);
    }
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.unseen.frame);
    this.prepare(camera, ground, dot);
    if (from === 0) this.clear(ground);
    const some = Math.min(count, this.shown - from);
    if (some > 0) gl.drawElements(gl.POINTS, some, gl.UNSIGNED_INT, 4 * from);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    if (from + some < this.shown) return false;
    gl.bindFramebuffer(gl.READ_FRAMEBUFFER, this.unseen.frame);
    gl.blitFramebuffer(0, 0, width, height, 0, 0, width, height, gl.COLOR_BUFFER_BIT, gl.NEAREST);
    gl.bindFramebuffer(gl.READ_FRAMEBUFFER, null);
    return true;
  }

  clear(ground) {
    this.gl.clearColor(ground[0] / 255, ground[1] / 255, ground[2] / 255, 1);
    this.gl.clear(this.gl.COLOR_BUFFER_BIT);
  }

  prepare(camera, ground, dot) {
    const { gl, uniforms, canvas } = this;
    gl.viewport(0, 0, canvas.width, canvas.height);
    const [x, y] = [Math.fround(camera.x), Math.fround(camera.y)];
    gl.uniform4f(uniforms.center, x, y, camera.x - x, camera.y - y);
    gl.uniform2f(uniforms.scale, 2 * camera.scale / camera.width, 2 * camera.scale / camera.height);
    const ratio = canvas.width / camera.width;
    const radius = dot.radius * ratio;
    const rim = dot.radius >= 2.5 ? 0.9 * ratio : 0;
    gl.uniform1f(uniforms.radius, radius);
    gl.uniform1f(uniforms.rim, rim);
    gl.uniform1f(uniforms.size, Math.min(this.largest, Math.ceil(2 * (radius + rim) + 1)));
    gl.uniform1f(uniforms.opacity, dot.opacity);
    gl.uniform3f(uniforms.ground, ground[0] / 255, ground[1] / 255, ground[2] / 255);
  }
}

/** The size of dots, so that all cover about a ninth of the picture of the whole map, as in the pictures that `tsne embed --plot` draws. */
function dotOf(n, camera, fitted) {
  const zoom = Math.max(camera.scale / fitted, 0.2);
  const wanted = Math.sqrt(0.11 * camera.width * camera.height * 0.6 / (Math.PI * Math.max(n, 1))) * zoom ** 0.65;
  const radius = Math.max(0.7, Math.min(7, wanted));
  return { radius, opacity: Math.max(0.22, 0.94 * Math.min(1, (wanted / radius) ** 1.2)) };
}
