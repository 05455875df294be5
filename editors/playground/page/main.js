// The page: an editor whose every change is put to the compiler, and what the compiler answers.
import { EditorView, basicSetup } from 'codemirror';
import { EditorState } from '@codemirror/state';
import { hoverTooltip, keymap } from '@codemirror/view';
import { setDiagnostics, lintGutter } from '@codemirror/lint';
import { rust } from '@codemirror/lang-rust';
import { python } from '@codemirror/lang-python';
import { indentUnit } from '@codemirror/language';

import { engine } from './engine.js';
import { colours, term } from './language.js';
import { pack, unpack } from './link.js';
import { showSummary } from './summary.js';

const byId = (id) => document.getElementById(id);
const state = { name: 'digits.term', model: null, view: 'graph', depth: 0, at: null, asked: 0, changed: 0 };
/** What the self-test reads: milliseconds from each change of the text to the page that shows it. */
const times = [];

const editor = new EditorView({
  parent: byId('editor'),
  extensions: [
    basicSetup,
    term,
    colours,
    lintGutter(),
    indentUnit.of('    '),
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ 'aria-label': 'The text of the model' }),
    hoverTooltip(meaning),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) {
        state.changed = performance.now();
        ask();
      }
    }),
  ],
});

const shown = (parent, language) =>
  new EditorView({
    parent: byId(parent),
    extensions: [basicSetup, language, colours, EditorState.readOnly.of(true), EditorView.editable.of(false)],
  });
const sources = { rust: shown('rust', rust()), pytorch: shown('pytorch', python()) };

const compiler = engine(ENGINE, WORKER);
compiler.ready.catch((error) => (byId('figures').textContent = `this browser cannot run the compiler: ${error.message}`));

function question(more) {
  const text = editor.state.doc.toString();
  return { name: state.name, text, files: /^\s*use\b/m.test(text) ? EXAMPLES : {}, model: state.model, ...more };
}

function ask() {
  const want = { graph: ['graph'], summary: ['summary'], source: ['rust', 'pytorch'] }[state.view];
  const asked = ++state.asked;
  const changed = state.changed;
  compiler.ask('all', question({ want, depth: state.depth, at: state.at })).then((answer) => {
    if (asked !== state.asked) return;
    show(answer);
    later(asked);
    if (changed) {
      times.push(performance.now() - changed);
      state.changed = 0;
    }
  });
}

/** What is wrong with the other models of the text is told when nothing has been typed for a moment. */
let pause;
function later(asked) {
  clearTimeout(pause);
  pause = setTimeout(async () => {
    const answer = await compiler.ask('rest', question({ all: true, model: null }));
    if (asked === state.asked && answer.findings) showFindings(answer.findings);
  }, 250);
}

/** Text with words in backticks as code. */
function worded(parent, text) {
  text.split('`').forEach((part, i) => {
    if (i % 2) {
      const code = document.createElement('code');
      code.textContent = part;
      parent.append(code);
    } else {
      parent.append(part);
    }
  });
  return parent;
}

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function show(answer) {
  if (answer.fault) {
    byId('figures').textContent = `a fault of the playground: ${answer.fault}`;
    return;
  }
  showModels(answer.models);
  showFindings(answer.findings);
  const good = answer.figures !== undefined;
  for (const id of ['picture', 'summary', 'source']) byId(id).classList.toggle('stale', !good);
  const status = byId('figures');
  if (!good) {
    const errors = answer.findings.filter((found) => found.severity === 'error').length;
    status.textContent = errors === 1 ? '1 error' : `${errors} errors`;
    return;
  }
  const { name, parameters, multiply_adds: perImage } = answer.figures;
  status.replaceChildren(element('b', {}, name), `: ${parameters} parameters, ${perImage} multiply-adds per image`);
  showCalls(answer.figures.calls);
  if (answer.graph !== undefined) showGraph(answer.graph);
  if (answer.summary) {
    showSummary(byId('summary'), answer.summary);
  }
  for (const language of ['rust', 'pytorch']) {
    if (answer[language] !== undefined) replace(sources[language], answer[language]);
  }
}

/** Puts a text in place of another, keeping what is the same, so that nothing jumps. */
function replace(view, text) {
  const old = view.state.doc.toString();
  if (old === text) return;
  let start = 0;
  const least = Math.min(old.length, text.length);
  while (start < least && old[start] === text[start]) start++;
  let end = 0;
  while (end < least - start && old[old.length - 1 - end] === text[text.length - 1 - end]) end++;
  view.dispatch({ changes: { from: start, to: old.length - end, insert: text.slice(start, text.length - end) } });
}

function showGraph(graph) {
  const picture = byId('picture');
  if (graph.refused) {
    picture.textContent = graph.refused;
    return;
  }
  picture.innerHTML = graph;
}

function showCalls(calls) {
  const select = byId('at');
  if (select.dataset.calls === calls.join()) return;
  select.dataset.calls = calls.join();
  select.replaceChildren(element('option', { value: '' }, 'all'), ...calls.map((path) => element('option', { value: path }, path)));
  if (!calls.includes(state.at)) state.at = null;
  select.value = state.at ?? '';
}

function showModels(models) {
  const select = byId('model');
  if (select.dataset.models === models.join()) return;
  select.dataset.models = models.join();
  select.replaceChildren(...models.map((name) => element('option', { value: name }, name)));
  if (!models.includes(state.model)) state.model = null;
  select.value = state.model ?? models[0] ?? '';
}

function showFindings(findings) {
  const list = byId('findings');
  list.replaceChildren(
    ...findings.map((found) => {
      const where = found.from === null && found.file ? `${found.file}:${found.line}` : `line ${found.line}`;
      const item = element('li', { className: found.severity }, element('span', { className: 'where' }, `${found.code}, ${where}: `));
      worded(item, found.message);
      if (found.help) {
        const help = worded(element('p', { className: 'help' }), found.help);
        for (const word of found.replacements ?? []) {
          if (found.from === null) break;
          const button = element('button', { type: 'button' }, `write ${word}`);
          button.addEventListener('click', (event) => {
            event.stopPropagation();
            editor.dispatch({ changes: { from: found.from, to: found.to, insert: word } });
            editor.focus();
          });
          help.append(button);
        }
        item.append(help);
      }
      item.addEventListener('click', () => {
        if (found.from === null) return;
        editor.dispatch({ selection: { anchor: found.from, head: found.to }, scrollIntoView: true });
        editor.focus();
      });
      return item;
    }),
  );
  const length = editor.state.doc.length;
  const own = findings.filter((found) => found.from !== null && found.to <= length);
  const marks = own.map((found) => ({
    from: found.from,
    to: Math.max(found.to, Math.min(found.from + 1, length)),
    severity: found.severity,
    message: found.help ? `${found.message}\nhelp: ${found.help}` : found.message,
  }));
  editor.dispatch(setDiagnostics(editor.state, marks));
}

async function meaning(view, position) {
  const answer = await compiler.ask('hover', question({ hover: position }));
  const found = answer.hover;
  if (!found) return null;
  return {
    pos: found.from,
    end: found.to,
    above: true,
    create: () => ({ dom: element('pre', { className: 'meaning' }, found.text) }),
  };
}

// ---- what is chosen ------------------------------------------------------------------------------------------------

function load(name, text) {
  Object.assign(state, { name, model: null, at: null });
  byId('model').dataset.models = '';
  editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: text }, selection: { anchor: 0 }, scrollIntoView: true });
}

const example = byId('example');
const names = Object.keys(EXAMPLES).filter((name) => /^\s*(model|variant) /m.test(EXAMPLES[name]));
example.replaceChildren(element('option', { value: '', hidden: true }, 'your own'), ...names.map((name) => element('option', { value: name }, name)));
example.addEventListener('change', () => {
  history.replaceState(null, '', location.pathname + location.search);
  load(example.value, EXAMPLES[example.value]);
});

byId('model').addEventListener('change', (event) => {
  state.model = event.target.value;
  ask();
});

byId('at').addEventListener('change', (event) => {
  state.at = event.target.value || null;
  ask();
});

const LEVELS = ['blocks closed', 'one level open', 'two levels open', 'three levels open'];
byId('depth').addEventListener('input', (event) => {
  state.depth = Number(event.target.value);
  byId('levels').textContent = LEVELS[state.depth];
  ask();
});

byId('explore').addEventListener('click', async () => {
  // Opened at once: later the browser would take it for an advertisement.
  const opened = window.open('', '_blank');
  const answer = await compiler.ask('page', question({ want: ['page'] }));
  if (!opened || typeof answer.page !== 'string') {
    opened?.close();
    return;
  }
  opened.location = URL.createObjectURL(new Blob([answer.page], { type: 'text/html' }));
});

async function said(button, text) {
  const before = button.textContent;
  button.textContent = text;
  await new Promise((done) => setTimeout(done, 1200));
  button.textContent = before;
}

byId('share').addEventListener('click', async (event) => {
  const hash = `#t=${await pack(editor.state.doc.toString())}`;
  history.replaceState(null, '', hash);
  let copied = true;
  await navigator.clipboard.writeText(location.href).catch(() => (copied = false));
  said(event.target, copied ? 'Copied' : 'It is in the address');
});

for (const button of document.querySelectorAll('.copy')) {
  button.addEventListener('click', async () => {
    let copied = true;
    await navigator.clipboard.writeText(sources[button.dataset.of].state.doc.toString()).catch(() => (copied = false));
    said(button, copied ? 'Copied' : 'Not allowed');
  });
}

const tabs = [...document.querySelectorAll('[role=tab]')];
function choose(tab) {
  state.view = tab.getAttribute('aria-controls');
  for (const other of tabs) {
    other.setAttribute('aria-selected', other === tab);
    other.tabIndex = other === tab ? 0 : -1;
    byId(other.getAttribute('aria-controls')).hidden = other !== tab;
  }
  // What was hidden was not measured.
  for (const view of Object.values(sources)) view.requestMeasure();
  ask();
}
tabs.forEach((tab, i) => {
  tab.addEventListener('click', () => choose(tab));
  tab.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = tabs[(i + step + tabs.length) % tabs.length];
    next.focus();
    choose(next);
  });
});

async function begin() {
  const code = location.hash.match(/^#t=([\w-]+)$/)?.[1];
  const linked = code && (await unpack(code).catch(() => null));
  const wanted = new URLSearchParams(location.search).get('example');
  const name = names.includes(wanted) ? wanted : 'digits.term';
  example.value = linked ? '' : name;
  load(linked ? 'linked.term' : name, linked || EXAMPLES[name]);
  const view = new URLSearchParams(location.search).get('view');
  if (view && byId(`tab-${view}`)) choose(byId(`tab-${view}`));
}

globalThis.playground = { editor, state, times, compiler, pack, unpack };
begin();
addEventListener('hashchange', begin);
