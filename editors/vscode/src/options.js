// How the server is started, and what it is told of this editor.

exports.serverOptions = (path) => ({ command: path, args: ['lsp'] });

exports.clientOptions = () => ({
  documentSelector: [{ language: 'term' }],
  // Graphs are shown in a panel of this editor, not in a browser.
  initializationOptions: { graphView: true },
});
