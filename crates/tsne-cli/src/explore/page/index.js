// Ids of points that are not there: sorted lists beside the page, of which one is loaded for a search.

/** As the writer sorts ids: their bytes, letters of ASCII all small. */
const folded = (text) => new TextEncoder().encode(text.replace(/[A-Z]/g, (letter) => letter.toLowerCase()));

/** Below 0 where `a` comes before `b`. */
function compared(a, b) {
  for (let k = 0; k < a.length && k < b.length; k++) if (a[k] !== b[k]) return a[k] - b[k];
  return a.length - b.length;
}

const begins = (text, start) => text.length >= start.length && start.every((byte, k) => text[k] === byte);

/** The first of `count` sorted texts that is not before `wanted`. */
function firstFrom(count, get, wanted) {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compared(folded(get(middle)), wanted) < 0) low = middle + 1; else high = middle;
  }
  return low;
}

/** The first `most` points whose ids begin with a text, in the order of the ids. */
async function idsFrom(firsts, text, most) {
  const wanted = folded(text);
  const found = [];
  // The list before the first that begins with it may end with such ones.
  let list = Math.max(0, firstFrom(firsts.count, (k) => firsts.get(k), wanted) - 1);
  for (; list < firsts.count && found.length < most; list++) {
    const parts = await load(`ids/${list}`);
    const ids = await Texts.read("ids", parts);
    const rows = await numbers("rows", Uint32Array, parts);
    let k = firstFrom(ids.count, (k) => ids.get(k), wanted);
    if (k === ids.count) continue;
    for (; k < ids.count && found.length < most && begins(folded(ids.get(k)), wanted); k++) found.push({ row: rows[k], name: ids.get(k) });
    if (k < ids.count) break;
  }
  return found;
}
