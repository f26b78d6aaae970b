// Points in tiles beside the page: those of a view are loaded as scripts, which pages from a disk may load as well as served ones.

/** Points of a view at most, and those of other tiles that are kept. */
const VIEW = 800000;
const KEPT = 2000000;
/** Points that the lasso holds at most. */
const HELD = 1000000;
/** Scripts that are loaded at once. */
const AT_ONCE = 8;
/** Milliseconds between two looks at which tiles a moving view takes. */
const PAUSE = 120;

/** The scripts that are on their way: what each is to call, and all who wait for it. */
const waiting = new Map();

/** What each script calls. */
function received(name, parts) {
  waiting.get(name)?.resolve(parts);
}

/** The arrays of a script. One that could not be loaded is asked for again by who needs it next. */
function load(name) {
  if (!waiting.has(name)) {
    const entry = {};
    entry.parts = new Promise((resolve, reject) => {
      entry.resolve = resolve;
      const script = element("script", { src: `${name}.js` });
      script.onload = () => script.remove();
      script.onerror = () => {
        script.remove();
        reject(new Error(`${name}.js, which belongs to this page, cannot be loaded.`));
      };
      document.head.append(script);
    }).finally(() => waiting.delete(name));
    waiting.set(name, entry);
  }
  return waiting.get(name).parts;
}

/** As the writer scatters rows: points in this order are a sample wherever one stops. */
function scatter(i) {
  i = Math.imul(i ^ (i >>> 16), 0x85ebca6b);
  i = Math.imul(i ^ (i >>> 13), 0xc2b2ae35);
  return (i ^ (i >>> 16)) >>> 0;
}

/** Points with all that is known of them. */
class Block {
  /** Those of a tile, in the order in which they are scattered. */
  static async read(number, meta) {
    const parts = await load(`tiles/${number}`);
    const rows = await numbers("rows", Uint32Array, parts);
    const keys = Float64Array.from(rows, (row, k) => scatter(row) * 2 ** 17 + k).sort();
    const order = Uint32Array.from(keys, (key) => key % 2 ** 17);
    const sorted = (values) => {
      const result = new values.constructor(order.length);
      for (let k = 0; k < order.length; k++) result[k] = values[order[k]];
      return result;
    };
    const block = new Block();
    block.scattered = Uint32Array.from(keys, (key) => Math.floor(key / 2 ** 17));
    block.rows = sorted(rows);
    block.axes = [];
    for (let axis = 0; axis < 2; axis++) block.axes.push(sorted(await numbers("axis-" + axis, Float32Array, parts)));
    block.values = [];
    for (let c = 0; c < meta.columns.length; c++) block.values.push(sorted(await numbers("values-" + c, Column.type(meta.columns[c]), parts)));
    const texts = meta.ids ? await Texts.read("ids", parts) : null;
    block.id = (k) => texts.get(order[k]);
    block.n = order.length;
    return block;
  }

  /** Some points of blocks, as pairs of a block and a place in it. */
  static of(pairs, columns) {
    const block = new Block();
    const gather = (Type, value) => Type.from(pairs, ([from, k]) => value(from, k));
    block.n = pairs.length;
    block.rows = gather(Uint32Array, (from, k) => from.rows[k]);
    block.axes = [0, 1].map((axis) => gather(Float32Array, (from, k) => from.axes[axis][k]));
    block.values = columns.map((column, c) => gather(Column.type(column), (from, k) => from.values[c][k]));
    block.id = (k) => pairs[k][0].id(pairs[k][1]);
    return block;
  }

  /** How many points are scattered up to a reach. */
  upTo(reach) {
    let [low, high] = [0, this.n];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.scattered[middle] <= reach) low = middle + 1; else high = middle;
    }
    return low;
  }
}

/** A page's points of which some are there: those that are held or chosen, and then those of the view. */
class TiledDataset extends Dataset {
  static async read(meta) {
    const data = new TiledDataset();
    data.meta = meta;
    data.all = meta.n;
    const table = async (name, Type) => numbers("tile-" + name, Type);
    const [parents, counts, reaches] = [await table("parents", Uint32Array), await table("counts", Uint32Array), await table("reaches", Uint32Array)];
    const bounds = await table("bounds", Float32Array);
    data.tiles = Array.from(parents, (_, number) => {
      const [left, right, bottom, top] = bounds.subarray(4 * number, 4 * number + 4);
      return { number, count: counts[number], reach: reaches[number], left, right, bottom, top, children: [], block: null, used: 0 };
    });
    for (let t = 1; t < data.tiles.length; t++) data.tiles[parents[t]].children.push(data.tiles[t]);
    data.columns = [];
    data.held = data.chosen = null;
    Object.assign(data, { clock: 0, most: VIEW, spare: KEPT });
    data.rowsOf = new Map();
    const [root] = data.tiles;
    await data.blockOf(root);
    data.compose([root], root.reach);
    return data;
  }

  async readRest() {
    const { meta, tiles: [root] } = this;
    for (let c = 0; c < meta.columns.length; c++) this.columns.push(await Column.ofSample(meta.columns[c], c, meta.tiles.columns[c], root.block.values[c]));
    this.firsts = meta.ids ? await Texts.read("firsts") : null;
    this.ids = meta.ids ? { get: (i) => this.idOf(i) } : null;
    this.compose([root], root.reach);
  }

  /** The points of a tile. */
  async blockOf(tile) {
    tile.used = ++this.clock;
    if (!tile.block) {
      tile.loading ??= Block.read(tile.number, this.meta).finally(() => (tile.loading = null));
      const block = await tile.loading;
      tile.block ??= block;
    }
    return tile.block;
  }

  /** Lets go of the tiles that were not used for longest. */
  forget() {
    const loaded = this.tiles.filter((tile) => tile.block && tile !== this.tiles[0] && !this.shown.includes(tile));
    loaded.sort((a, b) => b.used - a.used);
    let kept = 0;
    for (const tile of loaded) {
      kept += tile.count;
      if (kept > this.spare) tile.block = null;
    }
  }

  /**
   * The tiles of a view: below those of the densest parts others come first, until there are too many points or some that `has` does
   * not have. Up to the reach, all parts of the view have all their points, so that these are a sample as dense everywhere.
   */
  select(view, has) {
    const [root] = this.tiles;
    const tiles = [root];
    const open = new Set(root.children.length > 0 ? [root] : []);
    let total = root.count;
    let reach = 0xffffffff;
    while (open.size > 0) {
      let next = null;
      for (const tile of open) if (!next || tile.reach < next.reach) next = tile;
      const more = next.children.filter((tile) => tile.left <= view.right && tile.right >= view.left && tile.bottom <= view.top && tile.top >= view.bottom);
      total += more.reduce((sum, tile) => sum + tile.count, 0);
      if (total > this.most || !more.every(has)) {
        reach = next.reach;
        break;
      }
      open.delete(next);
      for (const tile of more) {
        tiles.push(tile);
        if (tile.children.length > 0) open.add(tile);
      }
    }
    return { tiles, reach };
  }

  /** Makes the points of these tiles, up to the reach, those of the page. */
  compose(tiles, reach) {
    this.shown = tiles;
    const kept = [this.held, this.chosen].filter(Boolean);
    this.blocks = [...kept, ...tiles.map((tile) => tile.block)];
    const counts = this.blocks.map((block) => (block.scattered ? block.upTo(reach) : block.n));
    this.starts = [0];
    for (const count of counts) this.starts.push(this.starts[this.starts.length - 1] + count);
    this.n = this.starts[this.blocks.length];
    const joined = (values) => {
      const result = new (values(this.blocks[0]).constructor)(this.n);
      this.blocks.forEach((block, b) => result.set(values(block).subarray(0, counts[b]), this.starts[b]));
      return result;
    };
    this.rows = joined((block) => block.rows);
    this.axes = [0, 1].map((axis) => joined((block) => block.axes[axis]));
    this.columns.forEach((column, c) => (column.values = joined((block) => block.values[c])));
    // The first tile is a sample of the whole map.
    const from = this.starts[kept.length];
    this.sample = Uint32Array.from({ length: counts[kept.length] }, (_, k) => from + k);
  }

  /** The block of a point, and its place there. */
  at(i) {
    let b = 0;
    while (this.starts[b + 1] <= i) b++;
    return [this.blocks[b], i - this.starts[b]];
  }

  idOf(i) {
    const [block, k] = this.at(i);
    return block.id(k);
  }

  row(i) {
    return this.rows[i];
  }

  near() {
    return [];
  }

  async find(wanted, most) {
    return this.firsts ? idsFrom(this.firsts, wanted, most) : [];
  }

  /** Keeps a point of the page as the chosen one, or none. */
  choose(i) {
    this.chosen = i < 0 ? null : Block.of([this.at(i)], this.meta.columns);
  }

  /** Keeps the point of a row as the chosen one. */
  async chooseRow(row) {
    const { rows } = this.meta.tiles;
    const chunk = Math.floor(row / rows);
    if (!this.rowsOf.has(chunk)) this.rowsOf.set(chunk, await numbers("tiles", Uint32Array, await load(`rows/${chunk}`)));
    const block = await this.blockOf(this.tiles[this.rowsOf.get(chunk)[row % rows]]);
    this.chosen = Block.of([[block, block.rows.indexOf(row)]], this.meta.columns);
  }

  /** Keeps all points in a polygon whose values of the column are shown, in the order of their rows. */
  async hold(polygon, c) {
    const view = outline(polygon);
    const pairs = [];
    for (const tile of this.tiles) {
      if (tile.left > view.right || tile.right < view.left || tile.bottom > view.top || tile.top < view.bottom) continue;
      const block = await this.blockOf(tile);
      const column = c < 0 ? null : this.columns[c].over(block.values[c]);
      const [x, y] = block.axes;
      for (let k = 0; k < block.n; k++) if (isInside(polygon, x[k], y[k]) && (!column || column.shows(k))) pairs.push([block, k]);
      if (pairs.length > HELD) throw new Error(`The lasso holds at most ${grouped(HELD)} points: draw it around fewer.`);
      this.forget();
    }
    pairs.sort(([a, j], [b, k]) => a.rows[j] - b.rows[k]);
    this.held = Block.of(pairs, this.meta.columns);
  }
}

/** Keeps the tiles of the view at hand. */
class Loader {
  constructor(app) {
    Object.assign(this, { app, timer: null, isBusy: false, isAsked: false, key: "" });
  }

  /** The view may take other tiles. */
  ask() {
    if (this.app.isBusy) return;
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.isAsked = true;
      if (!this.isBusy) this.update().catch((error) => this.app.fail(error));
    }, PAUSE);
  }

  /** What is seen, and something around it. */
  view() {
    const { x, y, scale, width, height } = this.app.camera;
    const [across, along] = [0.6 * width / scale, 0.6 * height / scale];
    return { left: x - across, right: x + across, bottom: y - along, top: y + along };
  }

  async update() {
    const { data } = this.app;
    this.isBusy = true;
    try {
      while (this.isAsked) {
        this.isAsked = false;
        const missing = data.select(this.view(), () => true).tiles.filter((tile) => !tile.block);
        for (let k = 0; k < missing.length && !this.isAsked; k += AT_ONCE) {
          await Promise.all(missing.slice(k, k + AT_ONCE).map((tile) => data.blockOf(tile)));
          this.show();
        }
        this.show();
      }
      data.forget();
    } finally {
      this.isBusy = false;
    }
  }

  /** Shows what there is of the view; `anew` even where the tiles are the same. */
  show(anew = false) {
    const { app } = this;
    const { tiles, reach } = app.data.select(this.view(), (tile) => tile.block);
    const key = `${reach} ${tiles.map((tile) => tile.number).join(" ")}`;
    for (const tile of tiles) tile.used = ++app.data.clock;
    if (key === this.key && !anew) return;
    this.key = key;
    app.data.compose(tiles, reach);
    app.recomposed();
  }
}
