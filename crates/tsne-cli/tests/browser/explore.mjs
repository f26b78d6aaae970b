// The page of the digits in a real browser: what it draws, names, finds and exports, compared with the map and the data themselves.
//
// node explore.mjs DIRECTORY PROGRAM: `cargo xtask browser` makes the directory, with playwright-core in it.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import test, { after, before } from "node:test";
import { browser, open, projection, quiet, settle } from "./browser.mjs";
import { digits, ids, nearest, path, positions, prepare, tsne } from "./digits.mjs";
import { Picture, distance } from "./picture.mjs";

let map;

before(() => {
  prepare();
  map = positions("digits.npy");
});

after(() => browser.close());

/** Points that no other one touches, and where they are on the screen. */
function alone(screen, away) {
  const places = map.map(screen.at);
  const isOnStage = ([x, y]) => x > 10 && y > 70 && x < screen.width - 10 && y < screen.height - 70;
  const isAlone = (p, i) => isOnStage(p) && places.every((q, j) => j === i || Math.hypot(p[0] - q[0], p[1] - q[1]) > away);
  return places.map((place, i) => ({ i, place })).filter(({ place, i }) => isAlone(place, i));
}

/** A window and a view in which many points stand alone. */
const WIDE = { viewport: { width: 2400, height: 1800 } };
async function closer(page) {
  for (let press = 0; press < 3; press++) await page.keyboard.press("+");
  await settle(page);
}

const swatches = (page) =>
  page.$$eval("#legend button .swatch", (all) => all.map((swatch) => getComputedStyle(swatch).backgroundColor.match(/\d+/g).map(Number)));

test("points are drawn where they are, in the color of their class", async () => {
  const opened = await open("digits.html", WIDE);
  const { page } = opened;
  await page.keyboard.press("n");
  await closer(page);
  const screen = await projection(page);
  const picture = new Picture(await page.screenshot());
  const colors = await swatches(page);
  assert.equal(colors.length, 10);
  const single = alone(screen, 2 * (screen.radius + 2));
  assert.ok(single.length >= 30, `${single.length} points stand alone`);
  for (const { i, place } of single) {
    // Opacity .94 on white and the anti-aliased rim.
    assert.ok(distance(picture.at(...place), colors[Number(digits[i].label)]) < 40, `${ids[i]}: ${picture.at(...place)}`);
  }
  // Where nothing is, nothing is drawn.
  const places = map.map(screen.at);
  for (let x = 20; x < screen.width - 20; x += 40) {
    for (let y = 80; y < screen.height - 80; y += 40) {
      if (places.every((p) => Math.hypot(p[0] - x, p[1] - y) > screen.radius + 4)) assert.deepEqual(picture.at(x, y), [255, 255, 255], `${x},${y}`);
    }
  }
  quiet(opened);
  await opened.close();
});

test("the pointer is told the id and the labels of the point below it", async () => {
  const opened = await open("digits.html");
  const { page } = opened;
  const single = alone(await projection(page), 1);
  assert.ok(single.length > 1000);
  for (const { i, place } of single.filter((_, s) => s % Math.ceil(single.length / 30) === 0)) {
    await page.mouse.move(...place);
    assert.equal(await page.locator("#tip strong").innerText(), ids[i]);
    assert.deepEqual(await page.locator("#tip dd").allInnerTexts(), [digits[i].label, String(digits[i].values.reduce((a, b) => a + b, 0) / 64)]);
  }
  await page.mouse.move(1, 799);
  assert.ok(await page.locator("#tip").isHidden());
  quiet(opened);
  await opened.close();
});

test("search finds a point, flies to it and shows its neighbors in the data", async () => {
  const opened = await open("digits.html");
  const { page } = opened;
  await page.keyboard.press("/");
  await page.keyboard.type("DIGIT-041");
  assert.deepEqual(await page.locator("#hits li span:first-child").allInnerTexts(), ids.slice(410, 420));
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await settle(page);
  assert.equal(await page.locator("#chosen h2").innerText(), ids[411]);
  const screen = await projection(page);
  const [x, y] = screen.at(map[411]);
  assert.ok(Math.hypot(x - screen.width / 2, y - screen.height / 2) < 1, `${x},${y}`);
  const rows = await page.locator("#chosen .list .name").allInnerTexts();
  assert.deepEqual(rows, nearest(411, 10).map((j) => ids[j]));
  // A neighbor is a way to go on.
  await page.locator("#chosen .list button").nth(2).click();
  assert.equal(await page.locator("#chosen h2").innerText(), rows[2]);
  // A class of a column is found, too, and held.
  await page.locator("#search").fill("7");
  await page.locator("#hits li", { hasText: "digit, " }).first().click();
  assert.equal(await page.locator("#held h2").innerText(), `${digits.filter((digit) => digit.label === "7").length} points`);
  quiet(opened);
  await opened.close();
});

/** Whether a polygon winds around a place: the sum of the angles, which no crossing of edges is counted for. */
function winds(polygon, [x, y]) {
  let turns = 0;
  polygon.forEach(([ax, ay], k) => {
    const [bx, by] = polygon[(k + 1) % polygon.length];
    turns += Math.atan2((ax - x) * (by - y) - (ay - y) * (bx - x), (ax - x) * (bx - x) + (ay - y) * (by - y));
  });
  return Math.abs(turns) > Math.PI;
}

test("the lasso holds and exports what is in it", async () => {
  const opened = await open("digits.html", { permissions: ["clipboard-read", "clipboard-write"] });
  const { page } = opened;
  const polygon = [[300, 300], [450, 280], [520, 400], [430, 520], [400, 390], [280, 460]];
  const screen = await projection(page);
  const expected = map.map((_, i) => i).filter((i) => winds(polygon, screen.at(map[i])));
  assert.ok(expected.length > 100 && expected.length < 800, String(expected.length));
  await page.keyboard.down("Shift");
  await page.mouse.move(...polygon[0]);
  await page.mouse.down();
  for (const place of polygon.slice(1)) await page.mouse.move(...place, { steps: 6 });
  await page.mouse.up();
  await page.keyboard.up("Shift");
  assert.equal(await page.locator("#held h2").innerText(), `${expected.length} points`);
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByText("Download CSV").click()]);
  await download.saveAs(path("points.csv"));
  const lines = readFileSync(path("points.csv"), "utf8").trim().split("\n");
  assert.equal(lines[0], "row,id,x,y,digit,ink");
  const rows = lines.slice(1).map((line) => line.split(","));
  assert.deepEqual(rows.map((row) => Number(row[0])), expected);
  for (const row of rows) {
    const i = Number(row[0]);
    assert.equal(row[1], ids[i]);
    assert.deepEqual([Math.fround(Number(row[2])), Math.fround(Number(row[3]))], map[i]);
    assert.equal(row[4], digits[i].label);
    assert.equal(Number(row[5]), digits[i].values.reduce((a, b) => a + b, 0) / 64);
  }
  await page.getByText("Copy ids").click();
  await page.getByText("Copied").waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), expected.map((i) => ids[i]).join("\n") + "\n");
  quiet(opened);
  await opened.close();
});

test("the legend hides classes, and one alone", async () => {
  const opened = await open("digits.html", WIDE);
  const { page } = opened;
  await page.keyboard.press("n");
  await closer(page);
  const screen = await projection(page);
  const single = alone(screen, 2 * (screen.radius + 2));
  const shown = async () => {
    await settle(page);
    const picture = new Picture(await page.screenshot());
    return single.filter(({ place }) => distance(picture.at(...place), [255, 255, 255]) > 20).map(({ i }) => i);
  };
  const without = (label, is) => single.filter(({ i }) => (digits[i].label === label) === is).map(({ i }) => i);
  const counts = digits.map(({ label }) => without(label, true).length);
  const { label } = digits[counts.indexOf(Math.max(...counts))];
  const button = page.locator(`#legend button[data-code="${label}"]`);
  await button.click();
  assert.equal(await button.getAttribute("aria-pressed"), "false");
  assert.deepEqual(await shown(), without(label, false));
  await page.mouse.move(...screen.at(map[without(label, true)[0]]));
  assert.ok(await page.locator("#tip").isHidden());
  await page.getByText("Show all").click();
  assert.equal(await button.getAttribute("aria-pressed"), "true");
  await button.click({ modifiers: ["Shift"] });
  assert.deepEqual(await shown(), without(label, true));
  await button.click({ modifiers: ["Shift"] });
  assert.deepEqual(await shown(), single.map(({ i }) => i));
  quiet(opened);
  await opened.close();
});

test("keys zoom, move, change theme and show the density; numbers have a scale", async () => {
  const opened = await open("digits.html", { deviceScaleFactor: 2 });
  const { page } = opened;
  const start = await projection(page);
  await page.keyboard.press("+");
  await page.keyboard.press("ArrowLeft");
  await settle(page);
  const moved = await projection(page);
  assert.ok(Math.abs(moved.scale / start.scale - 1.5) < 1e-9 && moved.x < start.x);
  await page.keyboard.press("0");
  await settle(page);
  assert.ok(Math.abs((await projection(page)).scale / start.scale - 1) < 1e-9);
  await page.keyboard.press("d");
  await page.keyboard.press("t");
  await settle(page);
  assert.equal(await page.locator("html").getAttribute("data-theme"), "dark");
  const picture = new Picture(await page.screenshot());
  // Twice as many pixels; far from all points it is dark, among zeros it is not.
  assert.equal(picture.width, 2400);
  assert.ok(Math.max(...picture.at(1600, 1400)) < 40);
  const zeros = map.filter((_, i) => digits[i].label === "0").map((await projection(page)).at);
  const middle = [0, 1].map((axis) => zeros.map((p) => p[axis]).sort((a, b) => a - b)[zeros.length >> 1]);
  await page.keyboard.press("n");
  await settle(page);
  assert.ok(Math.max(...new Picture(await page.screenshot()).at(2 * middle[0], 2 * middle[1])) > 100);
  // The key of the density counts in squares of 10 pixels: the most is at least the mean over the box around the map, and at most all.
  const most = Number((await page.locator("#densest").innerText()).split(" ")[0]);
  const screen = await projection(page);
  const sides = [0, 1].map((axis) => map.map((p) => screen.at(p)[axis])).map((c) => Math.max(...c) - Math.min(...c));
  assert.ok(most > (100 * map.length) / (sides[0] * sides[1]) && most <= map.length, `${most} points`);
  await page.keyboard.press("d");
  assert.ok(await page.locator("#density-key").isHidden());
  await page.locator("#column").selectOption({ label: "ink" });
  assert.ok((await page.locator("#legend .ticks span").count()) >= 3);
  // Three to seven ticks on any scale, and an end where the numbers are too near each other for steps.
  const ranges = [[4.015625, 6.03125], [0.002, 5.9975], [-7, 1e6], [0.1, 0.1000001], [-1e300, 1e300]];
  for (const range of ranges) {
    const count = await page.evaluate(([low, high]) => ticks(low, high).length, range);
    assert.ok(count >= 3 && count <= 7, `${range}: ${count}`);
  }
  assert.deepEqual(await page.evaluate(() => ticks(1e17, 1e17 + 16)), [1e17, 1e17 + 16]);
  await page.locator("#column").selectOption({ label: "One color" });
  assert.equal(await page.locator("#legend *").count(), 0);
  await page.keyboard.press("Escape");
  quiet(opened);
  await opened.close();
});

test("fingers choose and move", async () => {
  const opened = await open("digits.html", { hasTouch: true, viewport: { width: 390, height: 800 } });
  const { page } = opened;
  const screen = await projection(page);
  const [first] = alone(screen, 1);
  await page.touchscreen.tap(...first.place);
  assert.equal(await page.locator("#chosen h2").innerText(), ids[first.i]);
  quiet(opened);
  await opened.close();
});

test("names from anybody are text", async () => {
  const hostile = ["</script><script>globalThis.hacked = 1</script>", "\"><img src=x onerror=\"globalThis.hacked = 1\">", "a\u0000b", "\u{1f600}, \"quoted\"", "<!-- <script>", "&amp;"];
  writeFileSync(path("hostile.csv"), "id,x,y,</style>\n" + hostile.map((id, i) => `"${id.replaceAll('"', '""')}",${i},${i % 2},"${hostile[(i + 1) % 6].replaceAll('"', '""')}"`).join("\n") + "\n");
  tsne("explore", "hostile.csv", "--title", hostile[0], "-o", "hostile.html");
  const opened = await open("hostile.html");
  const { page } = opened;
  assert.equal(await page.title(), hostile[0]);
  assert.equal(await page.locator("h1").innerText(), hostile[0]);
  const names = await page.evaluate(() => Array.from({ length: 6 }, (_, i) => [tsne.data.ids.get(i), tsne.data.columns[0].text(i), tsne.data.columns[0].name]));
  assert.deepEqual(names, hostile.map((id, i) => [id, hostile[(i + 1) % 6], "</style>"]));
  for (let i = 0; i < 6; i++) await page.evaluate((i) => tsne.goTo(i), i);
  assert.equal(await page.evaluate(() => globalThis.hacked), undefined);
  quiet(opened);
  await opened.close();
});

test("of a large map that rests, every point is drawn", async () => {
  // A disc of more points than a first frame draws, and around it a ring of points that stand alone: last in the file.
  const disc = Array.from({ length: 200000 }, (_, i) => [Math.cos(2.4 * i) * Math.sqrt(i / 2000), Math.sin(2.4 * i) * Math.sqrt(i / 2000)]);
  const ring = Array.from({ length: 60 }, (_, i) => [30 * Math.cos(i * Math.PI / 30), 20 * Math.sin(i * Math.PI / 30)]);
  writeFileSync(path("large.csv"), "x,y\n" + [...disc, ...ring].map((place) => place.join(",")).join("\n") + "\n");
  tsne("explore", "large.csv", "--theme", "light", "-o", "large.html");
  const opened = await open("large.html");
  const { page } = opened;
  for (const key of ["", "ArrowUp"]) {
    if (key) await page.keyboard.press(key);
    await settle(page);
    const screen = await projection(page);
    const picture = new Picture(await page.screenshot());
    const differs = ([x, y]) => Math.max(...[-1, 0, 1].flatMap((dx) => [-1, 0, 1].map((dy) => distance(picture.at(x + dx, y + dy), [255, 255, 255]))));
    for (const [i, place] of ring.map(screen.at).entries()) {
      const isCovered = place[1] < 60 || place[1] > screen.height - 60;
      if (!isCovered) assert.ok(differs(place) > 15, `point ${i} of the ring after ${key}: ${place}`);
    }
    assert.equal(await page.evaluate(() => tsne.drawn), 1);
  }
  quiet(opened);
  await opened.close();
});

test("maps of one and of three dimensions open, and the latter turns", async () => {
  writeFileSync(path("line.csv"), "x,kind\n" + digits.map((digit, i) => `${map[i][0]},${digit.label}`).join("\n") + "\n");
  writeFileSync(path("space.csv"), "x,y,z\n" + map.map(([x, y], i) => `${x},${y},${i % 50}`).join("\n") + "\n");
  for (const name of ["line", "space"]) {
    tsne("explore", `${name}.csv`, "-o", `${name}.html`);
    const opened = await open(`${name}.html`);
    const { page } = opened;
    if (name === "space") {
      const turn = () => page.evaluate(() => [...tsne.plane.turn]);
      const start = await turn();
      await page.keyboard.press("r");
      await page.mouse.move(400, 400);
      await page.mouse.down();
      await page.mouse.move(520, 430, { steps: 6 });
      await page.mouse.up();
      const turned = await turn();
      assert.notDeepEqual(turned, start);
      // Both axes of the screen are still of length 1, and at a right angle.
      const [a, b] = [turned.slice(0, 3), turned.slice(3)];
      const dot = (u, v) => u.reduce((sum, value, c) => sum + value * v[c], 0);
      for (const [value, wanted] of [[dot(a, a), 1], [dot(b, b), 1], [dot(a, b), 0]]) assert.ok(Math.abs(value - wanted) < 1e-12);
    }
    quiet(opened);
    await opened.close();
  }
});
