// A browser in which nothing goes unnoticed: errors, what is written to the console, requests.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { directory, path } from "./digits.mjs";

const { chromium } = createRequire(`${directory}/package.json`)("playwright-core");

const ARGS = [
  "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

export const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ARGS });

/** Opens a page and waits until all of it is there. */
export async function open(name, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 800 }, acceptDownloads: true, ...options });
  const page = await context.newPage();
  const noticed = { errors: [], requests: [] };
  page.on("console", (message) => noticed.errors.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => noticed.errors.push(error.message));
  page.on("request", (request) => noticed.requests.push(request.url()));
  const address = pathToFileURL(path(name)).href;
  await page.goto(address);
  await page.waitForFunction(() => globalThis.tsne && !globalThis.tsne.isBusy);
  await settle(page);
  return { page, noticed, address, close: () => context.close() };
}

/** Waits for the frame after the last move, in which all points are drawn. */
export async function settle(page) {
  await page.waitForFunction(() => !tsne.camera.flight && !tsne.isAsked && !tsne.isStale && tsne.rest < 0);
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

/** Where a place of the map is on the screen: the camera's numbers, the arithmetic of this test. */
export async function projection(page) {
  const c = await page.evaluate(() => ({ x: tsne.camera.x, y: tsne.camera.y, scale: tsne.camera.scale, width: tsne.camera.width, height: tsne.camera.height, radius: tsne.dot.radius }));
  return { ...c, at: ([x, y]) => [c.width / 2 + (x - c.x) * c.scale, c.height / 2 - (y - c.y) * c.scale] };
}

/** Nothing was written to the console, and no request left the page. */
export function quiet({ noticed, address }) {
  assert.deepEqual(noticed.errors, []);
  const left = noticed.requests.filter((url) => url !== address && !url.startsWith("data:") && !url.startsWith("blob:"));
  assert.deepEqual(left, [], "requests left the page");
}
