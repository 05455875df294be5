/**
 * The .term language, version 2, for editors. The statement of the syntax is grammar/src/term.pest; this follows it as far
 * as colours, folds and outlines need, and reads some texts that the compiler refuses.
 */

// A line end is white space before these, with the comments between: the longer token wins over the end of a line. No token
// begins with a space, which would belong to it.
const before = (text) => choice(text, token(prec(1, seq(repeat1(seq(/\r?\n[ \t]*/, optional(/\/\/[^\r\n]*/))), text))));

const list = ($, item) => seq(repeat($._newline), optional(seq(item, repeat(seq(',', repeat($._newline), item)), optional(','), repeat($._newline))));

module.exports = grammar({
  name: 'term',

  word: ($) => $.identifier,
  extras: ($) => [/[ \t\ufeff]/, $.doc_comment, $.comment],
  supertypes: ($) => [$._expression],
  inline: ($) => [$._separator_line],
  conflicts: ($) => [[$.without, $._name], [$.add, $._name]],

  rules: {
    source_file: ($) =>
      seq(repeat($._separator_line), optional(seq($._item, repeat(seq(repeat1($._separator_line), $._item)), repeat($._separator_line)))),
    _separator_line: ($) => choice($._newline, ';'),
    _newline: () => /\r?\n/,

    // `///` and `//!` lines say what something means; all other comments are for those who read the file.
    doc_comment: () => token(prec(1, choice(/\/\/\/([^\/\r\n][^\r\n]*)?/, /\/\/![^\r\n]*/))),
    comment: () => token(/\/\/[^\r\n]*/),

    _item: ($) => choice($.language, $.use, $.const, $.block, $.model, $.train, $.variant),
    language: ($) => seq('language', field('version', $.number)),
    use: ($) => seq('use', field('path', $.string)),
    const: ($) => seq('const', field('name', $.identifier), $._equals, field('value', $._value)),
    block: ($) => seq('block', field('name', $.identifier), field('parameters', $.parameters), field('body', $.body)),
    model: ($) => seq('model', field('name', $.identifier), optional(field('parameters', $.parameters)), field('body', $.body)),
    train: ($) => seq('train', field('body', $.body)),
    variant: ($) => seq('variant', field('name', $.identifier), 'of', field('base', $._path), field('body', $.body)),

    parameters: ($) => seq('(', list($, $.parameter), ')'),
    parameter: ($) =>
      seq(field('name', $.identifier), optional(seq(':', field('type', $.type))), optional(seq($._equals, field('default', $._value)))),
    type: ($) => choice($.identifier, seq('[', $.type, ']'), alias('block', $.identifier)),

    body: ($) =>
      seq('{', repeat($._separator_line), optional(seq($._line, repeat(seq(repeat1($._separator_line), $._line)), repeat($._separator_line))), '}'),
    _line: ($) => choice($.input, $.output, $.loss, $.for, $.require, $.without, $.add, $.binding, $._value),
    input: ($) => seq('input', field('name', $.identifier), field('sizes', $.list)),
    output: ($) => seq('output', field('name', $.identifier), $._equals, field('value', $._value)),
    loss: ($) => seq('loss', field('body', $.body)),
    for: ($) =>
      seq('for', field('name', $.identifier), 'in', field('start', $._expression), '..', field('end', $._expression), field('body', $.body)),
    require: ($) => seq('require', field('condition', $._value), ',', repeat($._newline), field('message', $.text)),
    // `without choose(a, b)` reads as a call.
    without: ($) => seq('without', field('path', $._expression)),
    add: ($) =>
      seq('add', field('path', $._path), $._equals, field('value', $._value), optional(seq(choice('after', 'before'), field('place', $._path)))),
    binding: ($) => seq(field('name', $._path), $._equals, field('value', $._value)),
    _equals: ($) => seq('=', repeat($._newline)),

    // What can stand left of `=`, and after `without`: names, attributes and elements.
    _path: ($) => choice($._name, $.attribute, $.element),
    // Words that begin lines elsewhere are names here.
    _name: ($) => choice($.identifier, alias(choice('loss', 'add', 'without', 'train', 'language', 'of', 'in', 'after', 'before'), $.identifier)),

    _value: ($) => choice($._expression, $.pipe),
    pipe: ($) => seq($._value, before('|>'), repeat($._newline), choice($.call, $._name)),

    _expression: ($) =>
      choice($._name, $.number, $.boolean, $.list, $.group, $.call, $.attribute, $.element, $.unary, $.binary, $.if),

    number: () => /[0-9][0-9_]*(\.[0-9][0-9_]*)?([eE][+-]?[0-9][0-9_]*)?/,
    boolean: () => choice('true', 'false'),
    list: ($) => seq('[', list($, $._value), ']'),
    group: ($) => seq('(', repeat($._newline), $._value, repeat($._newline), ')'),

    call: ($) => prec(9, seq(field('function', choice($._name, alias('choose', $.keyword))), field('arguments', $.arguments))),
    arguments: ($) => seq(token.immediate('('), list($, choice($.argument, $._value)), ')'),
    argument: ($) => seq(field('name', $._name), $._equals, field('value', $._value)),

    attribute: ($) => prec(9, seq(field('of', $._expression), token.immediate('.'), field('name', $._step))),
    _step: ($) => choice($._name, alias(choice('block', 'model', 'input', 'output', 'use', 'const', 'for', 'if', 'require'), $.identifier)),
    element: ($) => prec(9, seq(field('of', $._expression), token.immediate('['), field('index', choice($._value, $.slice)), ']')),
    slice: ($) => choice(seq('..', optional($._value)), seq($._value, '..', optional($._value))),

    unary: ($) => choice(prec(3, seq('not', $._expression)), prec(7, seq('-', $._expression))),
    binary: ($) =>
      choice(
        ...[
          [1, 'or'],
          [2, 'and'],
          [4, choice('==', '!=', '<=', '>=', '<', '>')],
          [5, choice('+', '-')],
          [6, choice('*', '/', '%', '@')],
        ].map(([strength, operator]) =>
          prec.left(strength, seq(field('left', $._expression), field('operator', operator), repeat($._newline), field('right', $._expression))),
        ),
      ),

    if: ($) =>
      seq('if', field('condition', $._value), field('then', $.arm), before('else'), field('else', choice($.arm, $.if))),
    arm: ($) => seq('{', repeat($._newline), $._value, repeat($._newline), '}'),

    string: () => /"[^"\r\n]*"/,
    text: ($) => seq('"', repeat(choice($.hole, $.characters, $.escape)), token.immediate('"')),
    hole: ($) => seq(token.immediate('{'), $._value, '}'),
    characters: () => token.immediate(prec(1, /[^"{\\\r\n]+/)),
    escape: () => token.immediate(/\\["{}\\]/),

    identifier: () => /[A-Za-z_][A-Za-z0-9_]*/,
  },
});
