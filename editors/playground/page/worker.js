// Runs the compiler beside the page, so that typing never waits for it. One question at a time; of those that wait only the
// last of each kind is answered.

let exports;
const waiting = new Map();
let scheduled = false;

function ask(question) {
  const bytes = new TextEncoder().encode(JSON.stringify(question));
  const at = exports.playground_question(bytes.length);
  new Uint8Array(exports.memory.buffer, at, bytes.length).set(bytes);
  const length = exports.playground_ask();
  const start = exports.playground_answer();
  return JSON.parse(new TextDecoder().decode(new Uint8Array(exports.memory.buffer, start, length)));
}

function answerAll() {
  scheduled = false;
  for (const [kind, { id, question }] of [...waiting]) {
    waiting.delete(kind);
    try {
      const answer = ask(question);
      postMessage({ id, kind, answer });
    } catch (error) {
      // A trap leaves the memory as it was; the next question starts anew.
      postMessage({ id, kind, answer: { fault: String(error) } });
      start(module);
    }
  }
}

let module;
function start(compiled) {
  module = compiled;
  exports = new WebAssembly.Instance(compiled, {}).exports;
}

onmessage = ({ data }) => {
  if (data.module) {
    start(data.module);
  } else {
    waiting.set(data.kind, data);
  }
  if (exports && !scheduled && waiting.size) {
    scheduled = true;
    setTimeout(answerAll, 0);
  }
};
