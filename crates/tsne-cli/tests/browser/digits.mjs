// The digits, their map as the command writes it, and pages of it.

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

export const [directory, program] = process.argv.slice(2);

export const path = (name) => join(directory, name);

export function tsne(...args) {
  return execFileSync(program, args, { cwd: directory, stdio: ["ignore", "pipe", "inherit"] });
}

const rows = gunzipSync(readFileSync(new URL("../../data/digits.csv.gz", import.meta.url)))
  .toString()
  .trim()
  .split("\n")
  .map((line) => line.split(",").map(Number));

export const digits = rows.map((row) => ({ values: row.slice(0, 64), label: String(row[64]) }));
export const ids = digits.map((_, i) => `digit-${String(i).padStart(4, "0")}`);

/** The map, by another reader of its format. */
export function positions(name) {
  const bytes = readFileSync(path(name));
  const start = 10 + bytes.readUInt16LE(8);
  const values = [];
  for (let at = start; at < bytes.length; at += 4) values.push(bytes.readFloatLE(at));
  return Array.from({ length: values.length / 2 }, (_, i) => [values[2 * i], values[2 * i + 1]]);
}

/** Writes the map of the digits and its page. */
export function prepare() {
  tsne("demo", "-q");
  writeFileSync(path("values.csv"), digits.map((digit) => digit.values.join(",")).join("\n") + "\n");
  writeFileSync(path("digit.txt"), digits.map((digit) => digit.label).join("\n") + "\n");
  writeFileSync(path("ids.txt"), ids.join("\n") + "\n");
  writeFileSync(path("ink.txt"), digits.map((digit) => digit.values.reduce((a, b) => a + b, 0) / 64).join("\n") + "\n");
  tsne("explore", "digits.npy", "--labels", "digit.txt", "--labels", "ink.txt", "--ids", "ids.txt", "--data", "values.csv", "--theme", "light", "--title", "Digits", "-o", "digits.html");
}

/** The `k` nearest digits by distance and index, over all pairs. */
export function nearest(i, k) {
  const squared = (a, b) => a.values.reduce((sum, value, c) => sum + (value - b.values[c]) ** 2, 0);
  const others = digits.map((_, j) => j).filter((j) => j !== i);
  return others.map((j) => [squared(digits[i], digits[j]), j]).sort((a, b) => a[0] - b[0] || a[1] - b[1]).slice(0, k).map(([, j]) => j);
}
