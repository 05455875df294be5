// The page in headless Chromium: what is typed is checked and drawn, in time; links, examples, views. Leaves screenshots.
import assert from 'node:assert';
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { launch } from '../../../tests/browser/launch.mjs';

const [folder, browserPath] = process.argv.slice(2);
const address = pathToFileURL(resolve(folder, 'index.html')).toString();
const pictures = resolve(folder, 'pictures');
mkdirSync(pictures, { recursive: true });

const browser = await launch(browserPath);
let passed = 0;
const problems = [];

async function open(query = '', { width = 1280, height = 800, dark = false } = {}) {
  const page = await browser.newPage();
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  page.on('request', (request) => {
    if (!/^(file|blob|data):/.test(request.url())) problems.push(`asks the network for ${request.url()}`);
  });
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }]);
  await page.setViewport({ width, height, deviceScaleFactor: 1 });
  await page.goto(address + query);
  await page.waitForFunction(() => document.querySelector('#figures b'), { timeout: 60000 });
  return page;
}

const text = (page, selector) => page.$eval(selector, (element) => element.textContent);
const settled = (page) =>
  page.waitForFunction(() => playground.state.changed === 0 && !document.querySelector('.stale'), { timeout: 20000 });

async function check(what, run) {
  try {
    await run();
    passed++;
    console.log(`ok: ${what}`);
  } catch (error) {
    console.log(`failed: ${what}\n${error.stack}`);
    process.exitCode = 1;
  }
}

await check('an edit shows its finding and a new graph within 50 ms', async () => {
  const page = await open('?example=cifar10.term');
  const median = await page.evaluate(async () => {
    const { editor, times } = playground;
    times.length = 0;
    const seen = [];
    for (let i = 0; i < 101; i++) {
      // By turns another size, which is another graph, and a size that does not fit.
      const at = editor.state.doc.toString().indexOf('size=9') + 5;
      const change = i % 3 === 2 ? '8' : i % 3 ? '5' : '9';
      const now = editor.state.doc.toString();
      const place = now.search(/l9 = local\(x, size=\d/) + 'l9 = local(x, size='.length;
      const began = times.length;
      editor.dispatch({ changes: { from: place, to: place + 1, insert: change === now[place] ? '7' : change } });
      while (times.length === began) await new Promise((done) => setTimeout(done, 1));
      seen.push(document.querySelectorAll('#findings li.error').length);
    }
    if (!seen.includes(0) || !seen.some((n) => n > 0)) throw new Error(`findings: ${seen}`);
    const sorted = times.toSorted((a, b) => a - b);
    return sorted[sorted.length >> 1];
  });
  console.log(`median of 101 edits of cifar10.term: ${median.toFixed(1)} ms`);
  assert.ok(median < 50, `${median} ms`);
  await page.close();
});

await check('a finding is listed, its place is marked, its word can be put right', async () => {
  const page = await open();
  await page.evaluate(() => {
    const { editor } = playground;
    const at = editor.state.doc.toString().indexOf('rgu(');
    editor.dispatch({ changes: { from: at, to: at + 3, insert: 'rgy' } });
  });
  await page.waitForSelector('#findings li.error');
  assert.match(await text(page, '#findings li'), /E103.*unknown block or operation rgy/);
  assert.ok(await page.$('.cm-lintRange-error'));
  assert.ok(await page.$('#picture.stale'));
  await page.click('#findings button');
  await page.waitForFunction(() => !document.querySelector('#findings li'));
  await settled(page);
  await page.close();
});

await check('views, models and levels show what they say', async () => {
  const page = await open('?example=cifar10.term');
  await page.waitForSelector('#picture svg');
  const closed = await page.$eval('#picture', (picture) => picture.innerHTML.length);
  await page.$eval('#depth', (range) => ((range.value = 1), range.dispatchEvent(new Event('input'))));
  await page.waitForFunction((before) => document.querySelector('#picture').innerHTML.length > before, {}, closed);
  const all = await text(page, '#figures');
  await page.select('#model', 'ThreeLocal');
  await page.waitForFunction((before) => document.querySelector('#figures').textContent !== before, {}, all);
  assert.match(await text(page, '#figures'), /^ThreeLocal: /);
  await page.click('#tab-summary');
  await page.waitForSelector('#summary td');
  assert.match(await text(page, '#summary'), /b\[4\]/);
  await page.click('#tab-source');
  await page.waitForFunction(() => /pub struct/.test(document.querySelector('#rust').textContent));
  assert.match(await text(page, '#pytorch'), /import torch/);
  await page.focus('#tab-source');
  await page.keyboard.press('ArrowRight');
  assert.strictEqual(await page.$eval('#tab-graph', (tab) => tab.getAttribute('aria-selected')), 'true');
  await page.close();
});

await check('all examples are without a finding, those of several files too', async () => {
  const page = await open();
  const names = await page.$$eval('#example option', (options) => options.map((option) => option.value).filter(Boolean));
  assert.ok(names.length >= 10 && names.includes('own.term'), names.join());
  for (const name of names) {
    await page.select('#example', name);
    await settled(page);
    assert.strictEqual(await page.$$eval('#findings li.error', (all) => all.length), 0, name);
  }
  await page.close();
});

await check('a link carries the text', async () => {
  const page = await open();
  const code = await page.evaluate(() => {
    const { editor, pack } = playground;
    editor.dispatch({ changes: { from: 0, insert: '// für dich: 𝄞\n' } });
    return pack(editor.state.doc.toString());
  });
  const linked = await open(`#t=${code}`);
  assert.match(await linked.evaluate(() => playground.editor.state.doc.toString()), /^\/\/ für dich: 𝄞\n/);
  const broken = await open('#t=AAAA');
  assert.match(await broken.evaluate(() => playground.editor.state.doc.toString()), /model/);
  for (const one of [page, linked, broken]) await one.close();
});

await check('variants are checked a moment later', async () => {
  const page = await open('?example=cifar10.term');
  await page.evaluate(() => {
    const { editor } = playground;
    const at = editor.state.doc.toString().indexOf('sfne.wide.l3') + 11;
    editor.dispatch({ changes: { from: at, to: at + 1, insert: '4' } });
  });
  await page.waitForFunction(() => /E107/.test(document.querySelector('#findings').textContent));
  await page.close();
});

await check('names are explained on hovering', async () => {
  const page = await open();
  const told = await page.evaluate(async () => {
    const { compiler, editor } = playground;
    const text = editor.state.doc.toString();
    return compiler.ask('hover', { name: 'a.term', text, hover: text.indexOf('rgu(') + 1 });
  });
  assert.match(told.hover.text, /block rgu\(/);
  await page.close();
});

await check('pictures', async () => {
  for (const [width, height] of [[1280, 800], [390, 844]]) {
    for (const dark of [false, true]) {
      for (const view of ['graph', 'summary', 'source']) {
        const page = await open(`?example=cifar10.term&view=${view}`, { width, height, dark });
        await settled(page);
        if (view === 'graph' && !dark) {
          await page.evaluate(() => {
            const { editor } = playground;
            const at = editor.state.doc.toString().indexOf('g_ibs(12)') + 6;
            editor.dispatch({ changes: { from: at, to: at + 2, insert: '7' } });
          });
          await page.waitForSelector('#findings li');
          await page.screenshot({ path: `${pictures}/finding-${width}.png`, fullPage: width < 800 });
          await page.evaluate(() => {
            const { editor } = playground;
            const at = editor.state.doc.toString().indexOf('g_ibs(7)') + 6;
            editor.dispatch({ changes: { from: at, to: at + 1, insert: '12' } });
          });
          await settled(page);
        }
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(wide <= width, `${wide} of ${width} wide`);
        await page.screenshot({ path: `${pictures}/${view}-${width}-${dark ? 'dark' : 'light'}.png`, fullPage: width < 800 });
        await page.close();
      }
    }
  }
});

await check('no error, and nothing from the network', async () => assert.deepStrictEqual(problems, []));

await browser.close();
console.log(`${passed} passed, ${process.exitCode ? 1 : 0} failed`);
