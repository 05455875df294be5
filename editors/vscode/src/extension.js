// Starts the language server of termc and shows graphs in a panel. All else is the server's.
const vscode = require('vscode');
const { LanguageClient } = require('vscode-languageclient/node');
const { serverOptions, clientOptions } = require('./options');

let client;
let files;
const panels = new Map();

async function start() {
  const path = vscode.workspace.getConfiguration('termc').get('path') || 'termc';
  client = new LanguageClient('termc', 'termc', serverOptions(path), clientOptions(files));
  try {
    await client.start();
  } catch (error) {
    const chosen = await vscode.window.showErrorMessage(
      `termc: \`${path} lsp\` does not start: ${error.message ?? error}`,
      'Open the setting',
    );
    if (chosen) vscode.commands.executeCommand('workbench.action.openSettings', 'termc.path');
  }
}

/** Shows the graph of a model of a document; without a name that of its first model. */
async function showGraph(uri, name) {
  const address = typeof uri === 'string' ? uri : (uri ?? vscode.window.activeTextEditor?.document.uri)?.toString();
  if (!address || !client) return;
  let page;
  try {
    const model = typeof name === 'string' ? [name] : [];
    page = await client.sendRequest('workspace/executeCommand', { command: 'termc.graph', arguments: [address, ...model] });
  } catch (error) {
    vscode.window.showErrorMessage(`termc: ${error.message}`);
    return;
  }
  const key = `${address}#${page.title}`;
  let panel = panels.get(key);
  if (!panel) {
    panel = vscode.window.createWebviewPanel('termc.graph', page.title, vscode.ViewColumn.Beside, {
      enableScripts: true,
      retainContextWhenHidden: true,
      localResourceRoots: [],
    });
    panels.set(key, panel);
    panel.onDidDispose(() => panels.delete(key));
  }
  panel.webview.html = page.html;
  panel.reveal(undefined, true);
}

exports.activate = async (context) => {
  files = vscode.workspace.createFileSystemWatcher('**/*.term');
  context.subscriptions.push(
    files,
    vscode.commands.registerCommand('termc.showGraph', showGraph),
    vscode.commands.registerCommand('termc.restart', async () => {
      await client?.stop().catch(() => {});
      await start();
    }),
  );
  await start();
};

exports.deactivate = () => client?.stop();
