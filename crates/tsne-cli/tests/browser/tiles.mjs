// A page in a folder in a real browser, from the disk: 200,000 points of which the page loads what it shows.
//
// node tiles.mjs DIRECTORY PROGRAM, as explore.mjs.

import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import test, { after, before } from "node:test";
import { browser, open, projection, quiet, settle } from "./browser.mjs";
import { path, tsne } from "./digits.mjs";
import { Picture, distance } from "./picture.mjs";

const N = 200000;
const KINDS = 7;

/** Seven discs, the later ones with many more points. */
const points = Array.from({ length: N }, (_, i) => {
  const kind = Math.min(KINDS - 1, Math.floor(Math.log2(1 + (i % 127))));
  const [angle, away] = [2.399963 * i, Math.sqrt(((i * 0.7548776662) % 1))];
  const [x, y] = [12 * Math.cos(kind * 0.9) + 4 * away * Math.cos(angle), 12 * Math.sin(kind * 0.9) + 4 * away * Math.sin(angle)];
  return { x: Math.fround(x), y: Math.fround(y), kind: `kind ${kind}`, id: `Cell-${String((i * 7919) % N).padStart(6, "0")}` };
});

before(() => {
  writeFileSync(path("tiled.csv"), "id,x,y,kind\n" + points.map(({ id, x, y, kind }) => `${id},${x},${y},${kind}`).join("\n") + "\n");
  rmSync(path("tiled"), { recursive: true, force: true });
  tsne("explore", "tiled.csv", "--theme", "light", "-o", "tiled/");
});

after(() => browser.close());

/** Opens the page with room for few of the points, so that it takes tiles and lets go of them as with millions. */
async function openTiled() {
  const opened = await open("tiled/index.html");
  await loaded(opened.page);
  await opened.page.evaluate(() => {
    Object.assign(tsne.data, { most: 110000, spare: 0 });
    tsne.loader.ask();
  });
  await loaded(opened.page);
  assert.ok(await opened.page.evaluate((n) => tsne.data.n < n && tsne.data.tiles.some((tile) => !tile.block), N));
  return opened;
}

/** No request left the folder. */
function inside(opened) {
  const folder = opened.address.slice(0, opened.address.lastIndexOf("/"));
  quiet({ noticed: { ...opened.noticed, requests: opened.noticed.requests.filter((url) => !url.startsWith(`${folder}/`)) }, address: opened.address });
}

/** Waits until the tiles of the view are there and drawn. */
async function loaded(page) {
  await settle(page);
  await page.waitForFunction(() => tsne.loader.timer === null && !tsne.loader.isBusy && !tsne.isHolding);
  await settle(page);
}

async function closer(page, i, presses) {
  await page.evaluate(([x, y]) => Object.assign(tsne.camera, { x, y }), [points[i].x, points[i].y]);
  for (let press = 0; press < presses; press++) await page.keyboard.press("+");
  await loaded(page);
}

test("the pointer is told the right point, near and far", async () => {
  const opened = await openTiled();
  const { page } = opened;
  for (const [i, presses] of [[5, 0], [123456, 4], [77777, 8], [199999, 12]]) {
    await page.keyboard.press("0");
    await loaded(page);
    await closer(page, i, presses);
    const screen = await projection(page);
    // The nearest of all points that the page says to have; close by it has all.
    const here = await page.evaluate(() => [...tsne.data.rows]);
    if (presses >= 8) assert.ok(here.includes(i), `point ${i}`);
    const from = [screen.width / 2, screen.height / 2];
    const away = (row) => Math.hypot(...screen.at([points[row].x, points[row].y]).map((value, c) => value - from[c]));
    const best = here.reduce((a, b) => (away(b) < away(a) ? b : a));
    await page.mouse.move(1, 1);
    await page.mouse.move(...from);
    if (away(best) < 5) {
      assert.equal(await page.locator("#tip strong").innerText(), points[best].id);
      assert.equal(await page.locator("#tip dd").innerText(), points[best].kind);
    }
    if (presses >= 8) assert.ok(away(best) < 1);
  }
  inside(opened);
  await opened.close();
});

test("a view has a sample that is as dense everywhere, and close by all points", async () => {
  const opened = await openTiled();
  const { page } = opened;
  const rows = new Set(await page.evaluate(() => [...tsne.data.rows]));
  const share = rows.size / N;
  for (let kind = 2; kind < KINDS; kind++) {
    const of = points.map((_, i) => i).filter((i) => points[i].kind === `kind ${kind}`);
    const found = of.filter((i) => rows.has(i)).length;
    assert.ok(Math.abs(found - share * of.length) <= 5 * Math.sqrt(of.length * share * (1 - share)) + 1e-9, `${kind}: ${found} of ${of.length}`);
  }
  assert.match(await page.locator("#subtitle").innerText(), /^200,000 points, a sample of [0-9,]+ here$/);
  await closer(page, 100, 9);
  const screen = await projection(page);
  const isSeen = ({ x, y }) => { const [left, top] = screen.at([x, y]); return left >= 0 && top >= 0 && left <= screen.width && top <= screen.height; };
  const here = new Set(await page.evaluate(() => [...tsne.data.rows]));
  assert.ok(points.every((point, i) => !isSeen(point) || here.has(i)));
  const picture = new Picture(await page.screenshot());
  assert.ok(distance(picture.at(screen.width / 2, screen.height / 2), [255, 255, 255]) > 20);
  inside(opened);
  await opened.close();
});

test("search finds ids by their beginning, rows and classes", async () => {
  const opened = await openTiled();
  const { page } = opened;
  await page.keyboard.press("/");
  await page.keyboard.type("cell-12345");
  await page.waitForFunction(() => document.querySelectorAll("#hits li:not(.note)").length === 10);
  const sorted = points.map(({ id }) => id).filter((id) => id.startsWith("Cell-12345")).sort();
  assert.deepEqual(await page.locator("#hits li span:first-child").allInnerTexts(), sorted);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.locator("#chosen h2").waitFor();
  await loaded(page);
  const i = points.findIndex(({ id }) => id === sorted[1]);
  assert.equal(await page.locator("#chosen h2").innerText(), sorted[1]);
  assert.deepEqual((await page.locator("#chosen dd").allInnerTexts()).slice(0, 2), [points[i].kind, String(i)]);
  const screen = await projection(page);
  assert.ok(Math.hypot(...screen.at([points[i].x, points[i].y]).map((value, c) => value - [screen.width, screen.height][c] / 2)) < 1);
  await page.locator("#search").fill("#54321");
  await page.waitForFunction(() => document.querySelector("#hits li span")?.textContent === "#54321");
  await page.locator("#hits li").first().click();
  await page.waitForFunction((id) => document.querySelector("#chosen h2")?.textContent === id, points[54321].id);
  await page.locator("#search").fill("kind 3");
  await page.locator("#hits li", { hasText: "kind, " }).first().click();
  await loaded(page);
  const alone = await page.$$eval("#legend button", (all) => all.filter((button) => button.getAttribute("aria-pressed") === "true").map((button) => button.dataset.code));
  assert.deepEqual(alone, ["3"]);
  await page.locator("#search").fill("nobody");
  await page.locator("#hits .note").waitFor();
  inside(opened);
  await opened.close();
});

test("the lasso exports all points in it, also those that the view does not have", async () => {
  const opened = await openTiled();
  const { page } = opened;
  const screen = await projection(page);
  const [x, y] = screen.at([points.find(({ kind }) => kind === "kind 6").x, points.find(({ kind }) => kind === "kind 6").y]);
  const polygon = [[x - 60, y - 50], [x + 70, y - 40], [x + 50, y + 60], [x - 40, y + 70]];
  const isIn = ({ x, y }) => {
    const [left, top] = screen.at([x, y]);
    let turns = 0;
    polygon.forEach(([ax, ay], k) => {
      const [bx, by] = polygon[(k + 1) % polygon.length];
      turns += Math.atan2((ax - left) * (by - top) - (ay - top) * (bx - left), (ax - left) * (bx - left) + (ay - top) * (by - top));
    });
    return Math.abs(turns) > Math.PI;
  };
  const expected = points.map((_, i) => i).filter((i) => isIn(points[i]));
  assert.ok(expected.length > 1000);
  const here = new Set(await page.evaluate(() => [...tsne.data.rows]));
  assert.ok(expected.some((i) => !here.has(i)));
  await page.keyboard.press("l");
  await page.mouse.move(...polygon[0]);
  await page.mouse.down();
  for (const place of polygon.slice(1)) await page.mouse.move(...place, { steps: 4 });
  await page.mouse.up();
  await page.locator("#held h2").waitFor();
  await loaded(page);
  assert.equal(await page.locator("#held h2").innerText(), `${expected.length.toLocaleString("en-US")} points`);
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByText("Download CSV").click()]);
  await download.saveAs(path("tiled-points.csv"));
  const lines = readFileSync(path("tiled-points.csv"), "utf8").trim().split("\n").map((line) => line.split(","));
  assert.deepEqual(lines[0], ["row", "id", "x", "y", "kind"]);
  assert.deepEqual(lines.slice(1).map((fields) => Number(fields[0])), expected);
  for (const [row, id, px, py, kind] of lines.slice(1)) {
    const point = points[Number(row)];
    assert.deepEqual([id, Math.fround(Number(px)), Math.fround(Number(py)), kind], [point.id, point.x, point.y, point.kind]);
  }
  // What is held stays when the view has other tiles.
  await closer(page, expected[7], 6);
  assert.equal(await page.evaluate(() => tsne.held.length), expected.length);
  assert.deepEqual(await page.evaluate(() => [...tsne.held].map((i) => tsne.data.row(i))), expected);
  inside(opened);
  await opened.close();
});

test("the legend counts all points and hides classes", async () => {
  const opened = await openTiled();
  const { page } = opened;
  const counts = Array.from({ length: KINDS }, (_, kind) => points.filter((point) => point.kind === `kind ${kind}`).length);
  const shown = await page.locator("#legend .count").allInnerTexts();
  assert.deepEqual(shown, counts.map((count) => count.toLocaleString("en-US")));
  await page.locator('#legend button[data-code="6"]').click();
  await loaded(page);
  assert.ok(await page.evaluate(() => tsne.renderer.shown === tsne.data.n - tsne.data.columns[0].values.filter((code) => code === 6).length));
  inside(opened);
  await opened.close();
});
