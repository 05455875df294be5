// How the server is started, and what it is told of this editor.

exports.serverOptions = (path) => ({ command: path, args: ['lsp'] });

exports.clientOptions = (files) => ({
  // Not what `git:` shows beside a file: it has no place from which to `use` others, and nobody mends it.
  documentSelector: ['file', 'untitled'].map((scheme) => ({ language: 'term', scheme })),
  // Files may change while no editor has them open.
  synchronize: { fileEvents: files },
  // Graphs are shown in a panel of this editor, not in a browser.
  initializationOptions: { graphView: true },
});
