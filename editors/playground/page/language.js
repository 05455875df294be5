// The colours of .term texts while one types: by single words. What names mean, the compiler tells on hovering.
import { StreamLanguage, HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { tags } from '@lezer/highlight';

const KEYWORDS = new Set(
  'language use const block model variant train of input output loss for in if else require without choose add after before and or not'.split(' '),
);
const ATOMS = new Set('true false none pi'.split(' '));

export const term = StreamLanguage.define({
  name: 'term',
  startState: () => ({ names: false }),
  token(stream, state) {
    if (stream.eatSpace()) return null;
    if (stream.match(/^\/\/[/!].*/)) return 'docComment';
    if (stream.match(/^\/\/.*/)) return 'comment';
    if (stream.match(/^"([^"\\]|\\.)*"?/)) return 'string';
    if (stream.match(/^\d[\d_]*(\.\d[\d_]*)?([eE][+-]?\d+)?/)) return 'number';
    if (stream.match(/^(\|>|==|!=|<=|>=|\.\.|[-+*/%@<>=])/)) return 'operator';
    const word = stream.match(/^[A-Za-z_]\w*/);
    if (word) {
      const defines = state.names;
      state.names = false;
      if (KEYWORDS.has(word[0])) {
        state.names = ['block', 'model', 'variant', 'const'].includes(word[0]);
        return 'keyword';
      }
      if (ATOMS.has(word[0])) return 'atom';
      if (defines) return 'definition';
      if (stream.match(/^\(/, false)) return 'function';
      if (stream.match(/^\s*=(?!=)/, false)) return 'name';
      return 'variableName';
    }
    stream.next();
    return 'punctuation';
  },
  tokenTable: {
    docComment: tags.docComment,
    definition: tags.definition(tags.variableName),
    function: tags.function(tags.variableName),
    name: tags.propertyName,
  },
  languageData: { commentTokens: { line: '//' }, closeBrackets: { brackets: ['(', '[', '{', '"'] }, indentOnInput: /^\s*\}$/ },
});

export const colours = syntaxHighlighting(
  HighlightStyle.define([
    { tag: tags.keyword, color: 'var(--keyword)', fontWeight: '600' },
    { tag: [tags.comment, tags.lineComment, tags.blockComment], color: 'var(--comment)' },
    { tag: tags.docComment, color: 'var(--doc)' },
    { tag: [tags.string, tags.special(tags.string)], color: 'var(--string)' },
    { tag: [tags.number, tags.atom, tags.bool], color: 'var(--number)' },
    { tag: [tags.function(tags.variableName), tags.function(tags.propertyName), tags.macroName], color: 'var(--function)' },
    { tag: [tags.definition(tags.variableName), tags.className, tags.typeName], color: 'var(--definition)' },
    { tag: tags.propertyName, color: 'var(--text)' },
    { tag: [tags.operator, tags.punctuation], color: 'var(--operator)' },
  ]),
);
