// Starts the compiler in a worker and puts questions to it.

async function unpacked(base64) {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Response(stream).arrayBuffer();
}

export function engine(code, script) {
  const worker = new Worker(URL.createObjectURL(new Blob([script], { type: 'text/javascript' })));
  const waiting = new Map();
  let next = 0;
  worker.onmessage = ({ data }) => {
    const found = waiting.get(data.kind);
    // An older question of the same kind gets no answer of its own: a newer one has taken its place.
    if (found && found.id === data.id) {
      waiting.delete(data.kind);
      found.done(data.answer);
    }
  };
  const ready = unpacked(code)
    .then((bytes) => WebAssembly.compile(bytes))
    .then((module) => worker.postMessage({ module }));
  return {
    ready,
    ask(kind, question) {
      const id = ++next;
      return new Promise((done) => {
        waiting.set(kind, { id, done });
        worker.postMessage({ id, kind, question });
      });
    },
  };
}
