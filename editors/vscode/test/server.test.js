// The real server, started as the extension starts it, through the protocol's own client library: VS Code's test runner would
// have to download the editor. TERMC names the program.
const { test, before, after } = require('node:test');
const assert = require('node:assert');
const { spawn } = require('node:child_process');
const { mkdtempSync, readFileSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');
const { createProtocolConnection, StreamMessageReader, StreamMessageWriter } = require('vscode-languageserver-protocol/node');
const { serverOptions, clientOptions } = require('../src/options');

const root = join(__dirname, '..', '..', '..');
const text = readFileSync(join(root, 'examples', 'cifar10.term'), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'termc-'));
const uri = pathToFileURL(join(folder, 'cifar10.term')).toString();
let server, connection;
const diagnostics = [];
let told = () => {};

before(async () => {
  const { command, args } = serverOptions(process.env.TERMC ?? 'termc');
  server = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  connection = createProtocolConnection(new StreamMessageReader(server.stdout), new StreamMessageWriter(server.stdin));
  connection.onNotification('textDocument/publishDiagnostics', (params) => {
    diagnostics.push(params);
    told();
  });
  connection.listen();
  const { capabilities } = await connection.sendRequest('initialize', {
    processId: process.pid,
    rootUri: null,
    capabilities: {},
    initializationOptions: clientOptions().initializationOptions,
  });
  assert.ok(capabilities.hoverProvider && capabilities.completionProvider && capabilities.renameProvider);
  connection.sendNotification('initialized', {});
});

after(async () => {
  await connection.sendRequest('shutdown');
  const ended = new Promise((done) => server.on('exit', done));
  await connection.sendNotification('exit');
  connection.end();
  assert.strictEqual(await ended, 0);
  rmSync(folder, { recursive: true });
});

const next = () => new Promise((done) => (told = () => done(diagnostics.at(-1))));
const at = (marker) => {
  const before = text.slice(0, text.indexOf(marker) + 1).split('\n');
  return { textDocument: { uri }, position: { line: before.length - 1, character: before.at(-1).length } };
};

test('a document is checked as it is opened and changed', async () => {
  let found = next();
  connection.sendNotification('textDocument/didOpen', { textDocument: { uri, languageId: 'term', version: 1, text } });
  assert.deepStrictEqual((await found).diagnostics, []);
  found = next();
  const wrong = text.replace('g_ibs(12)', 'g_ibs(7)');
  connection.sendNotification('textDocument/didChange', { textDocument: { uri, version: 2 }, contentChanges: [{ text: wrong }] });
  assert.strictEqual((await found).diagnostics[0].code, 'E314');
  found = next();
  connection.sendNotification('textDocument/didChange', { textDocument: { uri, version: 3 }, contentChanges: [{ text }] });
  assert.deepStrictEqual((await found).diagnostics, []);
});

test('names are explained, found and exchanged', async () => {
  const hover = await connection.sendRequest('textDocument/hover', at('rgu(Z)'));
  assert.match(hover.contents.value, /block rgu/);
  const definition = await connection.sendRequest('textDocument/definition', at('rgu(Z)'));
  assert.match(definition.uri, /gates\.term$/);
  const edit = await connection.sendRequest('textDocument/rename', { ...at('fast = '), newName: 'quick' });
  assert.strictEqual(edit.changes[uri].length, 3);
});

test('the page of the graph comes for the panel', async () => {
  const lenses = await connection.sendRequest('textDocument/codeLens', { textDocument: { uri } });
  assert.strictEqual(lenses[0].command.command, 'termc.showGraph');
  const page = await connection.sendRequest('workspace/executeCommand', { command: 'termc.graph', arguments: lenses[0].command.arguments });
  assert.match(page.html, /<html/);
});
