// The film of the digits' descent in a real browser: the slider shows other points, the words say which, and the film plays.
//
// node film.mjs DIRECTORY PROGRAM, as explore.mjs.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test, { after, before } from "node:test";
import { browser, open, projection, quiet, settle } from "./browser.mjs";
import { digits, ids, path, positions, prepare, tsne } from "./digits.mjs";
import { Picture, distance } from "./picture.mjs";

let report;

before(() => {
  prepare();
  report = JSON.parse(tsne("embed", "values.csv", "--labels", "digit.txt", "-o", "end.npy", "--frames", "film.html", "--n-frames", "30", "--json", "-q"));
  tsne("embed", "values.csv", "--labels", "digit.txt", "--frames", "film.png", "--n-frames", "5", "-q");
});

after(() => browser.close());

/** Points of a picture are where they should be: nearly all in color (rims of others hide some), and nothing where none is. */
function shows(picture, places, screen) {
  const isWhite = (place) => distance(picture.at(...place), [255, 255, 255]) <= 20;
  const onStage = places.filter(([x, y]) => x > 10 && y > 70 && x < screen.width - 10 && y < screen.height - 110);
  assert.ok(onStage.length > 1000, `${onStage.length} points on the stage`);
  assert.ok(onStage.filter(isWhite).length < 0.05 * onStage.length, `${onStage.filter(isWhite).length} of ${onStage.length} are white`);
  for (let x = 20; x < screen.width - 20; x += 30) {
    for (let y = 80; y < screen.height - 110; y += 30) {
      if (places.every((p) => Math.hypot(p[0] - x, p[1] - y) > screen.radius + 4)) assert.ok(isWhite([x, y]), `${x},${y}`);
    }
  }
}

test("the film opens at its end, and the slider shows each frame where it was", async () => {
  const opened = await open("film.html", { colorScheme: "light" });
  const { page } = opened;
  await page.keyboard.press("n");
  const map = positions("end.npy");
  const read = () => page.locator("#iteration").innerText();
  assert.equal(await read(), `iteration ${report.iterations} · KL ${report.kl_divergence.toFixed(4)}`);
  const slider = page.locator("#moment");
  assert.deepEqual([await slider.getAttribute("max"), await slider.inputValue()], ["29", "29"]);
  await settle(page);
  let before = await page.screenshot();
  const end = await projection(page);
  shows(new Picture(before), map.map(end.at), end);
  for (const f of [0, 10, 20, 29]) {
    await slider.fill(String(f));
    await settle(page);
    const after = await page.screenshot();
    assert.notDeepEqual(before, after, `frame ${f}`);
    before = after;
    const places = await page.evaluate((f) => {
      const { low, step } = tsne.data.meta.frames[f];
      const at = tsne.data.frames[f];
      return Array.from({ length: tsne.data.n }, (_, i) => [low[0] + step * at[2 * i], low[1] + step * at[2 * i + 1]]);
    }, f);
    const screen = await projection(page);
    shows(new Picture(after), places.map(screen.at), screen);
    const { iteration, zoom } = await page.evaluate((f) => tsne.data.meta.frames[f], f);
    assert.ok((await read()).startsWith(`iteration ${iteration}`) && (await read()).includes("enlarged") === (zoom >= 1.05));
  }
  // The pointer finds points where they are now.
  await slider.fill("10");
  await settle(page);
  const screen = await projection(page);
  const at = screen.at(await page.evaluate(() => [tsne.plane.x[7], tsne.plane.y[7]]));
  await page.mouse.move(...at);
  const named = Number((await page.locator("#tip strong").innerText()).slice(1));
  const label = await page.locator("#tip dd").first().innerText();
  assert.equal(label, digits[named].label);
  const place = screen.at(await page.evaluate((i) => [tsne.plane.x[i], tsne.plane.y[i]], named));
  assert.ok(Math.hypot(place[0] - at[0], place[1] - at[1]) < 1);
  quiet(opened);
  await opened.close();
});

test("keys play and step", async () => {
  const opened = await open("film.html");
  const { page } = opened;
  const at = () => page.evaluate(() => tsne.film.at);
  await page.keyboard.press(",");
  assert.equal(await at(), 28);
  await page.keyboard.press(".");
  await page.keyboard.press(".");
  assert.equal(await at(), 29);
  // Also where the slider has the focus, whose own keys are others.
  await page.locator("#moment").focus();
  await page.keyboard.press(",");
  await page.keyboard.press("ArrowRight");
  assert.equal(await at(), 29);
  await page.keyboard.press("Space");
  assert.equal(await page.locator("#play").getAttribute("aria-pressed"), "true");
  await page.waitForFunction(() => tsne.film.at > 2 && tsne.film.at < 29);
  await page.locator("#play").click();
  const stopped = await at();
  await new Promise((done) => setTimeout(done, 300));
  assert.equal(await at(), stopped);
  await page.locator("#play").click();
  await page.waitForFunction(() => tsne.film.at === 29 && tsne.film.timer === null);
  assert.equal(await page.locator("#play").getAttribute("aria-label"), "Play");
  quiet(opened);
  await opened.close();
});

test("the animated picture moves and ends with the map", async () => {
  const bytes = readFileSync(path("film.png"));
  const still = new Picture(bytes);
  assert.ok(still.width === 700 && still.height > 300 && ids.length === digits.length);
  const context = await browser.newContext({ viewport: { width: 720, height: 900 } });
  const page = await context.newPage();
  await page.setContent(`<img src="data:image/png;base64,${bytes.toString("base64")}">`);
  await page.waitForFunction(() => document.images[0].complete);
  const seen = new Set();
  for (const begun = Date.now(); seen.size < 2 && Date.now() - begun < 20000;) {
    seen.add((await page.screenshot()).toString("base64"));
    await new Promise((done) => setTimeout(done, 40));
  }
  assert.ok(seen.size >= 2, "the picture does not move");
  await context.close();
});
