; What is coloured how; the names of the captures are those that Neovim, Helix and Zed share.

(comment) @comment
(doc_comment) @comment.documentation
(number) @number
(boolean) @constant.builtin
(string) @string
(text) @string
(escape) @string.escape
(hole) @embedded

[
  "language"
  "use"
  "const"
  "block"
  "model"
  "train"
  "variant"
  "of"
  "input"
  "output"
  "loss"
  "for"
  "in"
  "require"
  "without"
  "add"
  "after"
  "before"
  "if"
  "else"
  "and"
  "or"
  "not"
] @keyword
(keyword) @keyword

[
  "="
  "=="
  "!="
  "<="
  ">="
  "<"
  ">"
  "+"
  "-"
  "*"
  "/"
  "%"
  "@"
  "|>"
  ".."
] @operator

["(" ")" "[" "]" "{" "}"] @punctuation.bracket
["," ":" "." ";"] @punctuation.delimiter

; Names: the general first, what is more special after it.
(identifier) @variable
(attribute name: (identifier) @property)
(argument name: (identifier) @variable.parameter)
(parameter name: (identifier) @variable.parameter)
(type (identifier) @type)
(call function: (identifier) @function)
(pipe (identifier) @function .)
(block name: (identifier) @function)
(model name: (identifier) @type)
(variant name: (identifier) @type)
(variant base: (identifier) @type)
(const name: (identifier) @constant)
(train body: (body (binding name: (identifier) @property)))
