// The data of the page: arrays in script elements of plain text, deflated, in base64, their bytes in planes.

/** The text of the element with this name, which is taken away. */
function taken(name) {
  const element = document.getElementById("data-" + name);
  element.remove();
  return element.textContent;
}

/** The bytes of that name, of the page or of a script beside it. */
async function unpack(name, parts) {
  const text = parts ? parts[name] : taken(name);
  let packed;
  if (Uint8Array.fromBase64) {
    packed = Uint8Array.fromBase64(text);
  } else {
    const characters = atob(text);
    packed = new Uint8Array(characters.length);
    for (let i = 0; i < packed.length; i++) packed[i] = characters.charCodeAt(i);
  }
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** An array of numbers: first the lowest byte of each, then the next. The files, and all machines with browsers, are little-endian. */
async function numbers(name, Type, parts) {
  const planes = await unpack(name, parts);
  const size = Type.BYTES_PER_ELEMENT;
  if (size === 1) return planes;
  const n = planes.length / size;
  const bytes = new Uint8Array(planes.length);
  for (let p = 0; p < size; p++) {
    for (let i = 0, at = p, from = p * n; i < n; i++, at += size) bytes[at] = planes[from + i];
  }
  return new Type(bytes.buffer);
}

/** Many texts in one, told apart by their lengths in units of UTF-16: one string is read and searched far faster than a million. */
class Texts {
  static async read(name, parts) {
    const [bytes, lengths] = [await unpack(name, parts), await numbers(name + "-lengths", Uint32Array, parts)];
    // A mark at the beginning belongs to the first text.
    return new Texts(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes), lengths);
  }

  constructor(text, lengths) {
    this.text = text;
    this.starts = new Uint32Array(lengths.length + 1);
    for (let i = 0; i < lengths.length; i++) this.starts[i + 1] = this.starts[i] + lengths[i];
    this.count = lengths.length;
    this.lower = null;
  }

  get(i) {
    return this.text.slice(this.starts[i], this.starts[i + 1]);
  }

  /** Which text holds a place. */
  at(place) {
    let [low, high] = [0, this.count];
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.starts[middle] <= place) low = middle; else high = middle;
    }
    return low;
  }

  /** The first `most` texts that contain `wanted`, whatever the case; those that are it come first. */
  find(wanted, most) {
    wanted = wanted.toLowerCase();
    if (this.lower === null) this.lower = this.text.toLowerCase();
    const found = [];
    const exact = [];
    const add = (i) => (this.get(i).toLowerCase() === wanted ? exact : found).push(i);
    if (this.lower.length !== this.text.length) {
      // Some capital has a small letter of another length: places in one text are not those in the other.
      for (let i = 0; i < this.count && found.length < most; i++) {
        if (this.get(i).toLowerCase().includes(wanted)) add(i);
      }
    } else {
      for (let place = this.lower.indexOf(wanted); place >= 0 && found.length < 50 * most;) {
        const i = this.at(place);
        const inside = place + wanted.length <= this.starts[i + 1];
        if (inside) add(i);
        place = this.lower.indexOf(wanted, inside ? this.starts[i + 1] : place + 1);
      }
    }
    return exact.concat(found).slice(0, most);
  }
}

/** One column of labels. */
class Column {
  /** A column with all its values. */
  static async read(meta, c) {
    const column = new Column(meta, await numbers("values-" + c, Column.type(meta)));
    if (column.isNumbers) {
      column.hasMissing = column.values.some(Number.isNaN);
    } else {
      const { names } = await column.named(c);
      const counts = new Uint32Array(names.count + 1);
      for (const code of column.values) counts[Math.min(code, names.count)]++;
      column.count(counts);
    }
    return column;
  }

  /** A column with the values of a sample, and what is known of all: counts, or how many numbers are missing. */
  static async ofSample(meta, c, [...known], values) {
    const column = new Column(meta, values);
    if (column.isNumbers) {
      column.hasMissing = known[0] > 0;
    } else {
      await column.named(c);
      column.count(Uint32Array.from(known));
    }
    return column;
  }

  /** The type of the values. */
  static type({ kind, bytes }) {
    return kind === "numbers" ? { 4: Float32Array, 8: Float64Array }[bytes] : { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array }[bytes];
  }

  constructor(meta, values) {
    this.name = meta.name;
    this.isNumbers = meta.kind === "numbers";
    this.isSingle = meta.bytes === 4;
    this.values = values;
    this.colors = meta.colors;
    // The ends of the scale of numbers, and whether there are some beyond them.
    this.range = meta.range;
    this.isClipped = meta.clipped;
    this.missing = 2 ** (8 * meta.bytes) - 1;
    // What the legend hides: a flag of each class, and one for the points without a label.
    this.hidden = new Uint8Array(1);
  }

  async named(c) {
    this.names = await Texts.read("names-" + c);
    this.hidden = new Uint8Array(this.names.count + 1);
    return this;
  }

  count(counts) {
    this.counts = counts;
    this.hasMissing = counts[this.names.count] > 0;
  }

  /** The same column, with the values of other points. */
  over(values) {
    return Object.assign(Object.create(this), { values });
  }

  /** The class of a point, or the one after the last if it has none; 0 of numbers. */
  code(i) {
    if (this.isNumbers) return 0;
    return Math.min(this.values[i], this.names.count);
  }

  isMissing(i) {
    return this.isNumbers ? Number.isNaN(this.values[i]) : this.values[i] === this.missing;
  }

  /** Whether the legend shows a point. */
  shows(i) {
    return this.hidden[this.isNumbers ? 0 : this.code(i)] === 0 || (this.isNumbers && !this.isMissing(i));
  }

  text(i) {
    if (this.isMissing(i)) return "";
    if (!this.isNumbers) return this.names.get(this.values[i]);
    return shortest(this.values[i], this.isSingle);
  }
}

/** A number with the fewest digits that read back as the same. */
function shortest(value, isSingle) {
  if (!isSingle) return String(value);
  for (let digits = 6; digits < 10; digits++) {
    const text = String(Number(value.toPrecision(digits)));
    if (Math.fround(Number(text)) === value) return text;
  }
  return String(value);
}

/** All that the page knows. */
class Dataset {
  static async read(meta) {
    const data = new Dataset();
    data.meta = meta;
    data.n = data.all = meta.n;
    data.axes = [];
    for (let axis = 0; axis < meta.axes.length; axis++) data.axes.push(await numbers("axis-" + axis, Float32Array));
    return data;
  }

  /** What is not needed to draw the first picture. */
  async readRest() {
    const { meta } = this;
    this.columns = [];
    for (let c = 0; c < meta.columns.length; c++) this.columns.push(await Column.read(meta.columns[c], c));
    this.ids = meta.ids ? await Texts.read("ids") : null;
    this.neighbors = meta.k > 0 ? await numbers("neighbors", Uint32Array) : null;
    // Of each frame both coordinates of the first point, then those of the second, and so on.
    this.frames = [];
    for (let f = 0; f < meta.frames.length; f++) this.frames.push(new Uint16Array((await numbers("frame-" + f, Uint32Array)).buffer));
  }

  /** What a point is called. */
  name(i) {
    return this.ids ? this.ids.get(i) : "#" + this.row(i);
  }

  /** Where it is in the table of the map, from 0. */
  row(i) {
    return i;
  }

  /** A point is chosen, or none. */
  choose() {}

  /** Points whose ids have a text in them. */
  find(wanted, most) {
    return this.ids ? this.ids.find(wanted, most).map((point) => ({ point })) : [];
  }

  coordinate(axis, i) {
    const origin = this.meta.origin[axis];
    return origin === 0 ? shortest(this.axes[axis][i], true) : String(origin + this.axes[axis][i]);
  }

  /** The neighbors of a point in the data, nearest first. */
  near(i) {
    if (!this.neighbors) return [];
    const { k } = this.meta;
    // Column by column, as ranks of near points resemble each other.
    const row = Array.from({ length: k }, (_, rank) => this.neighbors[rank * this.n + i]);
    return row.filter((j) => j < this.n);
  }
}
