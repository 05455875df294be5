//! Prints a syntax tree in the canonical form: four spaces, one blank line between items, lines up to 100 columns where
//! breaking helps. Plain comments are not part of the tree and so not printed.

use crate::ast::{
    Arg, BinaryOp, Binding, BlockDef, Branch, Call, Change, Expr, ExprKind, File, Item, ModelDef,
    ParamDef, Path, Range, Setting, SlowDef, TrainDef, VariantDef,
};

const WIDTH: usize = 100;

/// The canonical text of a file; parsing it gives the same tree, spans apart.
pub fn print(file: &File) -> String {
    let mut sections: Vec<String> = vec![];
    if !file.doc.is_empty() {
        sections.push(doc("//!", &file.doc, 0));
    }
    if let Some((version, _)) = file.language {
        sections.push(format!("language {version}\n"));
    }
    let mut previous_slow = false;
    for item in &file.items {
        let text = match item {
            Item::Slow(def) => slow(def),
            Item::Block(def) => block(def),
            Item::Model(def) => model(def),
            Item::Train(def) => train(def),
            Item::Variant(def) => variant(def),
        };
        // Slow nets without documentation stand together.
        let slow = matches!(item, Item::Slow(def) if def.doc.is_empty());
        match sections.last_mut() {
            Some(last) if slow && previous_slow => last.push_str(&text),
            _ => sections.push(text),
        }
        previous_slow = slow;
    }
    sections.join("\n")
}

/// The canonical text of an expression on its own.
pub fn print_expr(expr: &Expr) -> String {
    broken(expr, 0, 0)
}

fn pad(indent: usize) -> String {
    " ".repeat(indent)
}

fn doc(marker: &str, text: &str, indent: usize) -> String {
    if text.is_empty() {
        return String::new();
    }
    let line = |l: &str| {
        let space = if l.is_empty() { "" } else { " " };
        format!("{}{marker}{space}{l}\n", pad(indent))
    };
    text.split('\n').map(line).collect()
}

fn params(params: &[ParamDef]) -> String {
    let list: Vec<String> = params
        .iter()
        .map(|p| {
            let ty =
                p.ty.as_ref()
                    .map_or(String::new(), |t| format!(": {}", t.text));
            let default = p
                .default
                .as_ref()
                .map_or(String::new(), |d| format!(" = {}", flat(d)));
            format!("{}{ty}{default}", p.name.text)
        })
        .collect();
    if list.is_empty() {
        String::new()
    } else {
        format!("({})", list.join(", "))
    }
}

fn slow(def: &SlowDef) -> String {
    let head = format!("slow {}{} = ", def.name.text, params(&def.params));
    format!(
        "{}{}\n",
        doc("///", &def.doc, 0),
        after(&head, &def.value, 0)
    )
}

/// `head` followed by an expression, broken if the line would be too long.
fn after(head: &str, value: &Expr, indent: usize) -> String {
    let column = indent + head.chars().count();
    format!(
        "{}{head}{}",
        pad(indent),
        broken(value, indent, column.saturating_sub(indent))
    )
}

fn binding(binding: &Binding) -> String {
    let kernel = if binding.kernel { "kernel " } else { "" };
    let head = format!("{kernel}{} = ", binding.name.text);
    format!(
        "{}{}\n",
        doc("///", &binding.doc, 4),
        after(&head, &binding.value, 4)
    )
}

fn block(def: &BlockDef) -> String {
    let mut body: String = def.bindings.iter().map(binding).collect();
    if let Some(result) = &def.result {
        if !body.is_empty() {
            body.push('\n');
        }
        body.push_str(&after("", result, 4));
        body.push('\n');
    }
    format!(
        "{}block {}{} {{\n{body}}}\n",
        doc("///", &def.doc, 0),
        def.name.text,
        params(&def.params)
    )
}

fn model(def: &ModelDef) -> String {
    let mut body = String::new();
    for input in &def.inputs {
        body.push_str(&doc("///", &input.doc, 4));
        body.push_str(&format!(
            "    input {}{}\n",
            input.name.text,
            flat(&input.sizes)
        ));
    }
    body.extend(def.bindings.iter().map(binding));
    for output in &def.outputs {
        body.push_str(&doc("///", &output.doc, 4));
        let head = format!("output {}({}) = ", output.name.text, flat(&output.size));
        body.push_str(&after(&head, &output.value, 4));
        body.push('\n');
    }
    for loss in &def.losses {
        if !body.is_empty() {
            body.push('\n');
        }
        body.push_str(&doc("///", &loss.doc, 4));
        let terms: String = loss
            .terms
            .iter()
            .map(|t| format!("{}\n", after("", t, 8)))
            .collect();
        body.push_str(&if terms.is_empty() {
            "    loss { }\n".to_owned()
        } else {
            format!("    loss {{\n{terms}    }}\n")
        });
    }
    format!(
        "{}model {}{} {{\n{body}}}\n",
        doc("///", &def.doc, 0),
        def.name.text,
        params(&def.params)
    )
}

fn train(def: &TrainDef) -> String {
    let body: String = def.settings.iter().map(setting).collect();
    format!("{}train {{\n{body}}}\n", doc("///", &def.doc, 0))
}

fn setting(setting: &Setting) -> String {
    let values: Vec<String> = setting.values.iter().map(flat).collect();
    let line = format!("    {} {}", setting.key.text, values.join(", "));
    if line.chars().count() <= WIDTH {
        return format!("{line}\n");
    }
    format!("    {} {}\n", setting.key.text, values.join(",\n        "))
}

fn variant(def: &VariantDef) -> String {
    let body: String = def.changes.iter().map(change).collect();
    let (name, base) = (&def.name.text, &def.base.text);
    format!(
        "{}variant {name} of {base} {{\n{body}}}\n",
        doc("///", &def.doc, 0)
    )
}

fn change(change: &Change) -> String {
    match change {
        Change::Set { path, value } => {
            format!("{}\n", after(&format!("{} = ", dotted(path)), value, 4))
        }
        Change::Without { path } => format!("    without {}\n", dotted(path)),
    }
}

fn dotted(path: &Path) -> String {
    path.parts
        .iter()
        .map(|p| p.text.as_str())
        .collect::<Vec<_>>()
        .join(".")
}

/// How tightly an expression binds: operands that bind less tightly than their place need parentheses.
fn tightness(expr: &Expr) -> u8 {
    match &expr.kind {
        ExprKind::Pipe { .. } => 0,
        ExprKind::Binary {
            op: BinaryOp::Add | BinaryOp::Sub,
            ..
        } => 1,
        ExprKind::Binary { .. } => 2,
        _ => 3,
    }
}

/// One line, whatever its length; concatenations, which always break, apart.
fn flat(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Int(i) => i.to_string(),
        ExprKind::Float(x) => format!("{x:?}"),
        ExprKind::Name(name) => name.clone(),
        ExprKind::List(items) => format!(
            "[{}]",
            items.iter().map(flat).collect::<Vec<_>>().join(", ")
        ),
        ExprKind::Call(call) => flat_call(call, false),
        ExprKind::Binary { op, lhs, rhs, .. } => {
            let own = tightness(expr);
            format!(
                "{} {} {}",
                operand(lhs, own),
                op.symbol(),
                operand(rhs, own + 1)
            )
        }
        ExprKind::Pipe { value, into } => {
            format!("{} |> {}", operand(value, 0), flat_call(into, true))
        }
        ExprKind::Index { list, range } => format!("{}[{}]", operand(list, 3), index(range)),
        ExprKind::Concat(branches) => concat(branches, 0),
    }
}

fn operand(expr: &Expr, place: u8) -> String {
    if tightness(expr) < place {
        format!("({})", flat(expr))
    } else {
        flat(expr)
    }
}

fn index(range: &Range) -> String {
    match range {
        Range::At(at) => flat(at),
        Range::Slice { start, end } => {
            let text = |e: &Option<Box<Expr>>| e.as_ref().map_or(String::new(), |e| flat(e));
            format!("{}..{}", text(start), text(end))
        }
    }
}

/// A call; in a pipe the parentheses of a call without arguments are left out.
fn flat_call(call: &Call, piped: bool) -> String {
    if piped && call.args.is_empty() {
        return call.callee.text.clone();
    }
    format!(
        "{}({})",
        call.callee.text,
        call.args
            .iter()
            .map(flat_arg)
            .collect::<Vec<_>>()
            .join(", ")
    )
}

fn flat_arg(arg: &Arg) -> String {
    let name = arg
        .name
        .as_ref()
        .map_or(String::new(), |n| format!("{}: ", n.text));
    format!("{name}{}", flat(&arg.value))
}

fn has_concat(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Concat(_) => true,
        ExprKind::Pipe { value, into } => {
            has_concat(value) || into.args.iter().any(|a| has_concat(&a.value))
        }
        ExprKind::Binary { lhs, rhs, .. } => has_concat(lhs) || has_concat(rhs),
        ExprKind::Call(call) => call.args.iter().any(|a| has_concat(&a.value)),
        ExprKind::List(items) => items.iter().any(has_concat),
        ExprKind::Index { list, .. } => has_concat(list),
        _ => false,
    }
}

/// An expression that starts `used` columns into a line of this indentation, broken where it would not fit.
fn broken(expr: &Expr, indent: usize, used: usize) -> String {
    let line = flat(expr);
    if !has_concat(expr) && indent + used + line.chars().count() <= WIDTH {
        return line;
    }
    match &expr.kind {
        ExprKind::Concat(branches) => concat(branches, indent),
        ExprKind::Pipe { .. } => broken_pipe(expr, indent, used),
        ExprKind::Call(call) => broken_call(call, indent),
        ExprKind::Binary { op, lhs, rhs, .. } => {
            let own = tightness(expr);
            let side = |e: &Expr, place: u8| match tightness(e) < place {
                true => format!("({})", broken(e, indent, used + 1)),
                false => broken(e, indent, used),
            };
            format!("{} {} {}", side(lhs, own), op.symbol(), side(rhs, own + 1))
        }
        ExprKind::List(items) => {
            let inner = indent + 4;
            let items: String = items
                .iter()
                .map(|i| format!("{}{},\n", pad(inner), broken(i, inner, 0)))
                .collect();
            format!("[\n{items}{}]", pad(indent))
        }
        ExprKind::Index { list, range } if has_concat(list) => {
            format!("({})[{}]", broken(list, indent, used), index(range))
        }
        _ => line,
    }
}

fn broken_call(call: &Call, indent: usize) -> String {
    let inner = indent + 4;
    let args: String = call
        .args
        .iter()
        .map(|arg| {
            let name = arg
                .name
                .as_ref()
                .map_or(String::new(), |n| format!("{}: ", n.text));
            format!(
                "{}{name}{},\n",
                pad(inner),
                broken(&arg.value, inner, name.chars().count())
            )
        })
        .collect();
    if args.is_empty() {
        flat_call(call, false)
    } else {
        format!("{}(\n{args}{})", call.callee.text, pad(indent))
    }
}

fn broken_pipe(expr: &Expr, indent: usize, used: usize) -> String {
    let mut stages: Vec<&Call> = vec![];
    let mut source = expr;
    while let ExprKind::Pipe { value, into } = &source.kind {
        stages.push(into);
        source = value;
    }
    stages.reverse();
    let mut out = broken(source, indent, used);
    let mut column = WIDTH;
    for call in stages {
        let stage = flat_call(call, true);
        let stage = if has_concat_args(call) {
            broken_call(call, indent)
        } else {
            stage
        };
        let width = stage.chars().count() + 4;
        if column + width <= WIDTH {
            out.push_str(" |> ");
            column += width;
        } else {
            out.push_str(&format!("\n{}|> ", pad(indent)));
            column = indent + width;
        }
        out.push_str(&stage);
    }
    out
}

fn has_concat_args(call: &Call) -> bool {
    call.args.iter().any(|a| has_concat(&a.value))
}

fn concat(branches: &[Branch], indent: usize) -> String {
    let inner = indent + 4;
    let branches: String = branches
        .iter()
        .map(|b| {
            let label = b
                .label
                .as_ref()
                .map_or(String::new(), |l| format!("{}: ", l.text));
            format!(
                "{}{}\n",
                doc("///", &b.doc, inner),
                after(&label, &b.value, inner)
            )
        })
        .collect();
    format!("concat {{\n{branches}{}}}", pad(indent))
}
