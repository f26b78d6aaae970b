// The start: points are seen as soon as their places are read, the rest comes after.

async function main() {
  const began = performance.now();
  try {
    const meta = JSON.parse(byId("data-meta").textContent);
    const data = await (meta.tiles ? TiledDataset : Dataset).read(meta);
    const app = new App(data);
    await new Promise(requestAnimationFrame);
    await data.readRest();
    app.begin();
    // For tests, and for whoever looks at the page from its console.
    globalThis.tsne = app;
    app.milliseconds = performance.now() - began;
  } catch (error) {
    byId("message").textContent = error.message;
    throw error;
  }
}

main();
