//! Lays out the few forms of Rust that are generated piece by piece the way rustfmt would; text in, text out.

/// Widest line.
const MAX_WIDTH: usize = 100;
/// Widest argument list, chain or array on one line.
const SMALL: usize = 60;
/// Widest struct literal on one line.
const STRUCT: usize = 18;
/// Widest element of an array whose elements are packed into lines.
const SHORT_ELEMENT: usize = 10;

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expr {
    /// Text that is never broken: a name, a literal, a field access.
    Atom(String),
    /// `function(arguments)`.
    Call(String, Vec<Expr>),
    /// `self.field.method(arguments)`.
    Method(String, String, Vec<Expr>),
    /// `left operator right`.
    Binary(Box<Expr>, &'static str, Box<Expr>),
    /// `vec![elements]`.
    Vec(Vec<Expr>),
    /// `include_bytes!("file")`.
    Include(String),
    /// `Name { fields }`, a field without a value being its own.
    Struct(String, Vec<(String, Option<Expr>)>),
}

impl Expr {
    pub(super) fn atom(text: impl Into<String>) -> Self {
        Self::Atom(text.into())
    }

    pub(super) fn call(function: impl Into<String>, arguments: Vec<Expr>) -> Self {
        Self::Call(function.into(), arguments)
    }

    /// On one line; None if rustfmt would break it wherever it stands.
    fn one_line(&self) -> Option<String> {
        match self {
            Self::Atom(text) => Some(text.clone()),
            Self::Call(function, arguments) => {
                let list = joined(arguments)?;
                (list.len() <= SMALL).then(|| format!("{function}({list})"))
            }
            Self::Method(object, method, arguments) => {
                let chain = format!("{object}.{method}({})", joined(arguments)?);
                (chain.len() <= SMALL).then_some(chain)
            }
            Self::Binary(left, operator, right) => {
                let (left, right) = (left.one_line()?, right.one_line()?);
                Some(format!("{left} {operator} {right}"))
            }
            Self::Vec(elements) => {
                let list = joined(elements)?;
                (list.len() <= SMALL).then(|| format!("vec![{list}]"))
            }
            Self::Include(file) => Some(format!("include_bytes!({file:?})")),
            Self::Struct(name, fields) => {
                let fields: Option<Vec<String>> = fields
                    .iter()
                    .map(|(field, value)| match value {
                        None => Some(field.clone()),
                        Some(value) => Some(format!("{field}: {}", value.one_line()?)),
                    })
                    .collect();
                let list = fields?.join(", ");
                (list.len() <= STRUCT).then(|| format!("{name} {{ {list} }}"))
            }
        }
    }

    /// Over several lines, the first of them continuing a line of the given indentation.
    fn broken(&self, indent: usize) -> String {
        let inner = indent + 4;
        match self {
            Self::Atom(text) => text.clone(),
            Self::Call(function, arguments) => match arguments.as_slice() {
                [only @ (Self::Vec(_) | Self::Struct(..))] => {
                    format!("{function}({})", only.broken(indent))
                }
                _ => format!(
                    "{function}(\n{}{})",
                    lines(arguments, inner),
                    spaces(indent)
                ),
            },
            Self::Method(object, method, arguments) => {
                let arguments = joined(arguments).unwrap_or_default();
                let (root, field) = object.split_once('.').unwrap_or((object, ""));
                let space = spaces(inner);
                format!("{root}\n{space}.{field}\n{space}.{method}({arguments})")
            }
            Self::Binary(left, operator, right) => {
                let left = left.one_line().unwrap_or_else(|| left.broken(indent));
                let right = right.one_line().unwrap_or_else(|| right.broken(inner));
                format!("{left}\n{}{operator} {right}", spaces(inner))
            }
            Self::Vec(elements) => {
                format!("vec![\n{}{}]", packed(elements, inner), spaces(indent))
            }
            Self::Include(file) => {
                format!(
                    "include_bytes!(\n{}{file:?}\n{})",
                    spaces(inner),
                    spaces(indent)
                )
            }
            Self::Struct(name, fields) => {
                let fields: String = fields
                    .iter()
                    .map(|(field, value)| match value {
                        None => format!("{}{field},\n", spaces(inner)),
                        Some(value) => assigned(&format!("{field}:"), value, ",", inner),
                    })
                    .collect();
                format!("{name} {{\n{fields}{}}}", spaces(indent))
            }
        }
    }
}

/// `let name = value;` and a line break, indented.
pub(super) fn binding(name: &str, value: &Expr, indent: usize) -> String {
    assigned(&format!("let {name} ="), value, ";", indent)
}

/// `const NAME: Type = value;` and a line break, indented; `head` is all before the equals sign.
pub(super) fn constant(head: &str, value: &Expr, indent: usize) -> String {
    assigned(&format!("{head} ="), value, ";", indent)
}

/// An expression as the value of a body, and a line break, indented.
pub(super) fn tail(value: &Expr, indent: usize) -> String {
    let one = value
        .one_line()
        .filter(|one| indent + one.len() <= MAX_WIDTH);
    let text = one.unwrap_or_else(|| value.broken(indent));
    format!("{}{text}\n", spaces(indent))
}

/// `fn name(arguments) -> result {` and a line break, indented.
pub(super) fn signature(name: &str, arguments: &[String], result: &str, indent: usize) -> String {
    let space = spaces(indent);
    let one = format!("{space}{name}({}) -> {result} {{", arguments.join(", "));
    if one.len() <= MAX_WIDTH {
        return one + "\n";
    }
    let inner = spaces(indent + 4);
    let list: String = arguments
        .iter()
        .map(|argument| format!("{inner}{argument},\n"))
        .collect();
    format!("{space}{name}(\n{list}{space}) -> {result} {{\n")
}

fn assigned(target: &str, value: &Expr, end: &str, indent: usize) -> String {
    let space = spaces(indent);
    if let Some(one) = value.one_line() {
        let line = format!("{space}{target} {one}{end}");
        if line.len() <= MAX_WIDTH {
            return line + "\n";
        }
        let next = format!("{space}    {one}{end}");
        // The value of a field stays on the field's line.
        if next.len() <= MAX_WIDTH && end == ";" {
            return format!("{space}{target}\n{next}\n");
        }
    }
    format!("{space}{target} {}{end}\n", value.broken(indent))
}

fn spaces(n: usize) -> String {
    " ".repeat(n)
}

fn joined(list: &[Expr]) -> Option<String> {
    let list: Option<Vec<String>> = list.iter().map(Expr::one_line).collect();
    Some(list?.join(", "))
}

/// One expression per line.
fn lines(list: &[Expr], indent: usize) -> String {
    list.iter()
        .map(|e| {
            let text = e.one_line().unwrap_or_else(|| e.broken(indent));
            format!("{}{text},\n", spaces(indent))
        })
        .collect()
}

/// Elements of an array: packed into lines if all are short, else one per line.
fn packed(list: &[Expr], indent: usize) -> String {
    let short = |e: &Expr| e.one_line().is_some_and(|t| t.len() <= SHORT_ELEMENT);
    if !list.iter().all(short) {
        return lines(list, indent);
    }
    let mut out = String::new();
    let mut line = spaces(indent);
    for element in list.iter().filter_map(Expr::one_line) {
        let gap = usize::from(!line.trim().is_empty());
        if line.len() + gap + element.len() + 1 > MAX_WIDTH {
            out += &format!("{line}\n");
            line = spaces(indent);
        }
        if !line.trim().is_empty() {
            line.push(' ');
        }
        line += &format!("{element},");
    }
    out + &line + "\n"
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::process::{Command, Stdio};

    use super::*;

    /// What rustfmt makes of a file.
    fn rustfmt(source: &str) -> String {
        let mut child = Command::new("rustfmt")
            .args(["--edition", "2024"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("rustfmt is installed");
        let mut input = child.stdin.take().unwrap();
        input.write_all(source.as_bytes()).unwrap();
        drop(input);
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    }

    fn name(length: usize) -> Expr {
        Expr::atom("x".repeat(length))
    }

    /// Every form, with names of many lengths.
    fn forms() -> Vec<Expr> {
        let mut forms = vec![];
        for n in 1..48 {
            forms.push(Expr::call("gelu", vec![name(n)]));
            forms.push(Expr::call("tile", vec![name(n), Expr::atom("4")]));
            forms.push(Expr::call("depthwise", vec![name(n), name(20)]));
            forms.push(Expr::Binary(Box::new(name(n)), "*", Box::new(name(40))));
            let field = format!("self.{}", "f".repeat(n));
            forms.push(Expr::Method(field.clone(), "kernel".into(), vec![]));
            forms.push(Expr::Method(
                field,
                "forward".into(),
                vec![name(12), name(3)],
            ));
            for length in [4, 9, 10, 11, 16] {
                let elements = (0..n / 2 + 1).map(|_| name(length)).collect();
                forms.push(Expr::call("concat", vec![Expr::Vec(elements)]));
            }
            let fields = vec![("a".to_owned(), Some(name(n))), ("b".to_owned(), None)];
            forms.push(Expr::Struct("S".into(), fields.clone()));
            let sizes = Expr::Struct("&S".into(), fields);
            forms.push(Expr::call("Sfne::new", vec![sizes, Expr::atom("device")]));
        }
        forms
    }

    #[test]
    fn every_form_is_laid_out_as_rustfmt_would() {
        let mut source = String::from("fn f() {\n");
        for (i, form) in forms().iter().enumerate() {
            source += &binding(&"n".repeat(i % 37 + 1), form, 4);
        }
        source += "}\n";
        for (i, form) in forms().iter().enumerate() {
            // A chain is never a body's value unless it is short.
            if !matches!(form, Expr::Method(..)) {
                source += &format!("\nfn f{i}() -> T {{\n{}}}\n", tail(form, 4));
            }
            let fields = vec![("field".repeat(i % 5 + 1), Some(form.clone()))];
            let whole = tail(&Expr::Struct("Self".into(), fields), 4);
            source += &format!("\nfn g{i}() -> T {{\n{whole}}}\n");
        }
        for n in 1..8 {
            let arguments = vec!["x: Tensor<4>".to_owned(); n];
            let head = signature("fn forward", &arguments, "Tensor<4>", 0);
            source += &format!("\n{head}    x\n}}\n");
        }
        let formatted = rustfmt(&source);
        for (ours, theirs) in source.lines().zip(formatted.lines()) {
            assert_eq!(ours, theirs);
        }
        assert_eq!(source, formatted);
    }
}
