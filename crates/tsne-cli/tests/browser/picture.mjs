// Pixels of a screenshot, read without the page's help (PNG, 8 bits, no interlacing: what browsers write).

import { inflateSync } from "node:zlib";

export class Picture {
  constructor(png) {
    const parts = [];
    for (let at = 8; at < png.length;) {
      const length = png.readUInt32BE(at);
      const kind = png.toString("latin1", at + 4, at + 8);
      const body = png.subarray(at + 8, at + 8 + length);
      if (kind === "IHDR") [this.width, this.height, this.channels] = [body.readUInt32BE(0), body.readUInt32BE(4), { 2: 3, 6: 4 }[body[9]]];
      if (kind === "IDAT") parts.push(body);
      at += length + 12;
    }
    const rows = inflateSync(Buffer.concat(parts));
    const stride = this.width * this.channels;
    this.bytes = Buffer.alloc(stride * this.height);
    for (let y = 0; y < this.height; y++) this.unfilter(rows, y, stride);
  }

  unfilter(rows, y, stride) {
    const filter = rows[y * (stride + 1)];
    const from = y * (stride + 1) + 1;
    for (let i = 0; i < stride; i++) {
      const left = i >= this.channels ? this.bytes[y * stride + i - this.channels] : 0;
      const up = y > 0 ? this.bytes[(y - 1) * stride + i] : 0;
      const corner = y > 0 && i >= this.channels ? this.bytes[(y - 1) * stride + i - this.channels] : 0;
      const p = left + up - corner;
      const [a, b, c] = [Math.abs(p - left), Math.abs(p - up), Math.abs(p - corner)];
      const paeth = a <= b && a <= c ? left : b <= c ? up : corner;
      this.bytes[y * stride + i] = rows[from + i] + [0, left, up, (left + up) >> 1, paeth][filter];
    }
  }

  at(x, y) {
    const from = (Math.floor(y) * this.width + Math.floor(x)) * this.channels;
    return [...this.bytes.subarray(from, from + 3)];
  }
}

/** The largest difference of a channel. */
export const distance = (a, b) => Math.max(...a.map((value, c) => Math.abs(value - b[c])));
