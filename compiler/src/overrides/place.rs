//! Finds what a path leads to in a syntax tree and changes it there.

use termc_grammar::ast::{
    Arg, Binding, BlockDef, Call, Change, Expr, ExprKind, File, Item, ModelDef, Name, ParamDef,
    Path, Setting,
};

use super::slots::Slots;
use super::without::without;
use crate::check::{loss, train};
use crate::diagnostics::{Code, Diagnostic, nearest, one_of};

/// Applies one change, or says why not.
pub(super) fn change(file: &mut File, change: &Change, found: &mut Vec<Diagnostic>) {
    let result = match change {
        Change::Set { path, value } => set(file, path, value),
        Change::Without { path } => without(file, path),
    };
    if let Err(diagnostic) = result {
        found.push(*diagnostic);
    }
}

pub(super) type Changed = Result<(), Box<Diagnostic>>;

pub(super) fn missing<'k>(
    path: &Path,
    at: usize,
    known: impl IntoIterator<Item = &'k str>,
) -> Box<Diagnostic> {
    let Some(part) = path.parts.get(at).or(path.parts.last()) else {
        return Box::new(Diagnostic::new(
            Code::UnknownPath,
            path.span,
            "an empty path",
        ));
    };
    let known: Vec<&str> = known.into_iter().collect();
    let parent = path
        .parts
        .iter()
        .take(at)
        .map(|p| p.text.as_str())
        .collect::<Vec<_>>()
        .join(".");
    let place = if parent.is_empty() {
        "the file".to_owned()
    } else {
        format!("`{parent}`")
    };
    let diagnostic = Diagnostic::new(
        Code::UnknownPath,
        part.span,
        format!("{place} has no `{}` to change", part.text),
    )
    .label("nothing of this name");
    Box::new(match nearest(&part.text, known.iter().copied()) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None if known.is_empty() => diagnostic.help("a path ends at a value"),
        None => diagnostic.help(format!("there are {}", one_of(known))),
    })
}

fn set(file: &mut File, path: &Path, value: &Expr) -> Changed {
    let parts: Vec<&Name> = path.parts.iter().collect();
    let slots = Slots::of(file);
    let Some((first, rest)) = parts.split_first() else {
        return Err(missing(path, 0, []));
    };
    match first.text.as_str() {
        "loss" => return set_loss(file, path, rest, value, &slots),
        "train" => return set_train(file, path, rest, value, &slots),
        _ => {}
    }
    let mut known: Vec<String> = vec!["loss".into(), "train".into()];
    for item in &mut file.items {
        match item {
            Item::Slow(slow) if slow.name.text == first.text => {
                let Some((next, deeper)) = rest.split_first() else {
                    slow.value = value.clone();
                    return Ok(());
                };
                if let (Some(default), true) = (param(&mut slow.params, next), deeper.is_empty()) {
                    *default = Some(value.clone());
                    return Ok(());
                }
                let params: Vec<String> = slow.params.iter().map(|p| p.name.text.clone()).collect();
                return set_in(&mut slow.value, path, 1, value, &slots, &params);
            }
            Item::Block(block) if block.name.text == first.text => {
                return set_block(block, path, rest, value, &slots);
            }
            Item::Model(model) => {
                let (at, rest) = if model.name.text == first.text {
                    (1, rest)
                } else {
                    (0, parts.as_slice())
                };
                if let Some(result) = set_model(model, path, at, rest, value, &slots) {
                    return result;
                }
                known.extend(model_names(model));
            }
            Item::Slow(def) => known.push(def.name.text.clone()),
            Item::Block(def) => known.push(def.name.text.clone()),
            _ => {}
        }
    }
    let at = usize::from(parts.len() > 1 && model_is(file, &first.text));
    Err(missing(path, at, known.iter().map(String::as_str)))
}

fn model_is(file: &File, name: &str) -> bool {
    super::model_name(file) == Some(name)
}

fn model_names(model: &ModelDef) -> Vec<String> {
    let inputs = model.inputs.iter().map(|i| &i.name);
    let outputs = model.outputs.iter().map(|o| &o.name);
    let bindings = model.bindings.iter().map(|b| &b.name);
    let params = model.params.iter().map(|p| &p.name);
    inputs
        .chain(outputs)
        .chain(bindings)
        .chain(params)
        .map(|n| n.text.clone())
        .collect()
}

fn param<'p>(params: &'p mut [ParamDef], name: &Name) -> Option<&'p mut Option<Expr>> {
    params
        .iter_mut()
        .find(|p| p.name.text == name.text)
        .map(|p| &mut p.default)
}

fn set_block(
    block: &mut BlockDef,
    path: &Path,
    rest: &[&Name],
    value: &Expr,
    slots: &Slots,
) -> Changed {
    let Some((next, deeper)) = rest.split_first() else {
        return Err(Box::new(
            Diagnostic::new(
                Code::UnknownPath,
                path.span,
                format!("block `{}` is not a value", block.name.text),
            )
            .label("needs a further name")
            .help(format!(
                "change a part of it, for instance `{}.{}`",
                block.name.text,
                block_names(block).first().map_or("x", |n| n)
            )),
        ));
    };
    if let (Some(default), true) = (param(&mut block.params, next), deeper.is_empty()) {
        *default = Some(value.clone());
        return Ok(());
    }
    if let Some(binding) = block.bindings.iter_mut().find(|b| b.name.text == next.text) {
        return if deeper.is_empty() {
            binding.value = value.clone();
            Ok(())
        } else {
            set_in(&mut binding.value, path, 2, value, slots, &[])
        };
    }
    let exprs = block
        .bindings
        .iter_mut()
        .map(|b| &mut b.value)
        .chain(block.result.iter_mut());
    let target = exprs
        .map(|expr| find_branch(expr, &next.text))
        .find(Option::is_some)
        .flatten();
    if let Some(branch) = target {
        return if deeper.is_empty() {
            *branch = value.clone();
            Ok(())
        } else {
            set_in(branch, path, 2, value, slots, &[])
        };
    }
    // A call in the pipe of the result: `sfne.dropout.rate`.
    if let (Some(result), false) = (&mut block.result, deeper.is_empty())
        && let Some((call, piped)) = pipe_call(result, &next.text)
    {
        return set_argument(call, piped, path, 2, value, slots);
    }
    Err(missing(
        path,
        1,
        block_names(block).iter().map(String::as_str),
    ))
}

fn block_names(block: &BlockDef) -> Vec<String> {
    let mut names: Vec<String> = block.params.iter().map(|p| p.name.text.clone()).collect();
    names.extend(block.bindings.iter().map(|b| b.name.text.clone()));
    for expr in block.bindings.iter().map(|b| &b.value).chain(&block.result) {
        labels(expr, &mut names);
    }
    let mut expr = block.result.as_ref();
    while let Some(Expr {
        kind: ExprKind::Pipe { value, into },
        ..
    }) = expr
    {
        names.push(into.callee.text.clone());
        expr = Some(value);
    }
    names
}

pub(super) fn labels(expr: &Expr, names: &mut Vec<String>) {
    match &expr.kind {
        ExprKind::Concat(branches) => {
            names.extend(
                branches
                    .iter()
                    .filter_map(|b| b.label.as_ref())
                    .map(|l| l.text.clone()),
            );
            branches.iter().for_each(|b| labels(&b.value, names));
        }
        ExprKind::Pipe { value, .. } => labels(value, names),
        _ => {}
    }
}

fn find_branch<'e>(expr: &'e mut Expr, label: &str) -> Option<&'e mut Expr> {
    match &mut expr.kind {
        ExprKind::Concat(branches) => {
            for branch in branches {
                if branch.label.as_ref().is_some_and(|l| l.text == label) {
                    return Some(&mut branch.value);
                }
                if let Some(found) = find_branch(&mut branch.value, label) {
                    return Some(found);
                }
            }
            None
        }
        ExprKind::Pipe { value, .. } => find_branch(value, label),
        _ => None,
    }
}

/// The only call of this name in a chain of pipes.
fn pipe_call<'e>(expr: &'e mut Expr, name: &str) -> Option<(&'e mut Call, bool)> {
    match &mut expr.kind {
        ExprKind::Pipe { into, .. } if into.callee.text == name => Some((into, true)),
        ExprKind::Pipe { value, .. } => pipe_call(value, name),
        ExprKind::Call(call) if call.callee.text == name => Some((call, false)),
        _ => None,
    }
}

/// None if the model has nothing of that name.
fn set_model(
    model: &mut ModelDef,
    path: &Path,
    at: usize,
    rest: &[&Name],
    value: &Expr,
    slots: &Slots,
) -> Option<Changed> {
    let (next, deeper) = rest.split_first()?;
    if deeper.is_empty() {
        if let Some(default) = param(&mut model.params, next) {
            *default = Some(value.clone());
            return Some(Ok(()));
        }
        if let Some(input) = model.inputs.iter_mut().find(|i| i.name.text == next.text) {
            input.sizes = value.clone();
            return Some(Ok(()));
        }
        if let Some(output) = model.outputs.iter_mut().find(|o| o.name.text == next.text) {
            output.size = value.clone();
            return Some(Ok(()));
        }
    }
    if let Some(output) = model.outputs.iter_mut().find(|o| o.name.text == next.text) {
        let (name, deeper) = deeper.split_first()?;
        return Some(match pipe_call(&mut output.value, &name.text) {
            Some((call, piped)) if !deeper.is_empty() => {
                set_argument(call, piped, path, at + 2, value, slots)
            }
            _ => Err(missing(path, at + 1, [])),
        });
    }
    let binding: &mut Binding = model
        .bindings
        .iter_mut()
        .find(|b| b.name.text == next.text)?;
    if deeper.is_empty() {
        binding.value = value.clone();
        return Some(Ok(()));
    }
    Some(set_in(&mut binding.value, path, at + 1, value, slots, &[]))
}

/// Sets the argument that path part `at` names, of the outermost call of an expression.
fn set_in(
    expr: &mut Expr,
    path: &Path,
    at: usize,
    value: &Expr,
    slots: &Slots,
    params: &[String],
) -> Changed {
    if let ExprKind::Name(name) = &expr.kind {
        // A bare name stands for a call without arguments: `cross_entropy`.
        let callee = Name {
            text: name.clone(),
            span: expr.span,
        };
        if slots.of_callee(&callee.text).is_some() {
            expr.kind = ExprKind::Call(Call {
                callee,
                args: vec![],
                span: expr.span,
            });
        }
    }
    match &mut expr.kind {
        ExprKind::Call(call) => set_argument(call, false, path, at, value, slots),
        ExprKind::Pipe { into, .. } => set_argument(into, true, path, at, value, slots),
        _ => Err(missing(path, at, params.iter().map(String::as_str))),
    }
}

fn set_argument(
    call: &mut Call,
    piped: bool,
    path: &Path,
    at: usize,
    value: &Expr,
    slots: &Slots,
) -> Changed {
    let known = slots.of_callee(&call.callee.text).unwrap_or_default();
    let Some(name) = path.parts.get(at) else {
        return Err(missing(path, at, known.iter().map(String::as_str)));
    };
    let Some(slot) = known.iter().position(|k| *k == name.text) else {
        return Err(missing(path, at, known.iter().map(String::as_str)));
    };
    let positional = slot.checked_sub(usize::from(piped));
    let mut position = 0;
    let mut target: Option<&mut Expr> = None;
    for arg in &mut call.args {
        let here = match &arg.name {
            Some(given) => given.text == name.text,
            None => {
                position += 1;
                positional == Some(position - 1)
            }
        };
        if here {
            target = Some(&mut arg.value);
            break;
        }
    }
    if path.parts.len() > at + 1 {
        return match target {
            Some(expr) => set_in(expr, path, at + 1, value, slots, &[]),
            None => Err(missing(path, at + 1, [])),
        };
    }
    match target {
        Some(expr) => *expr = value.clone(),
        None => call.args.push(Arg {
            name: Some(name.clone()),
            value: value.clone(),
        }),
    }
    Ok(())
}

fn set_loss(file: &mut File, path: &Path, rest: &[&Name], value: &Expr, slots: &Slots) -> Changed {
    let mut names = vec![];
    let Some((next, deeper)) = rest.split_first() else {
        return Err(missing(path, 1, loss::TERMS.iter().map(|t| t.0)));
    };
    for item in &mut file.items {
        let Item::Model(model) = item else { continue };
        for term in model.losses.iter_mut().flat_map(|l| &mut l.terms) {
            let name = loss::head(term)
                .map(|(n, _)| n.to_owned())
                .unwrap_or_default();
            if name == next.text {
                return if deeper.is_empty() {
                    *term = value.clone();
                    Ok(())
                } else {
                    set_in(term, path, 2, value, slots, &[])
                };
            }
            names.push(name);
        }
    }
    Err(missing(path, 1, names.iter().map(String::as_str)))
}

fn set_train(file: &mut File, path: &Path, rest: &[&Name], value: &Expr, slots: &Slots) -> Changed {
    let known = train::SETTINGS.iter().copied();
    let Some((next, deeper)) = rest.split_first() else {
        return Err(missing(path, 1, known));
    };
    if !train::SETTINGS.contains(&next.text.as_str()) {
        return Err(missing(path, 1, known));
    }
    if !file.items.iter().any(|item| matches!(item, Item::Train(_))) {
        file.items.push(Item::Train(termc_grammar::ast::TrainDef {
            doc: String::new(),
            settings: vec![],
            span: path.span,
        }));
    }
    let section = file.items.iter_mut().find_map(|item| match item {
        Item::Train(section) => Some(section),
        _ => None,
    });
    let Some(section) = section else {
        return Err(missing(path, 1, []));
    };
    let stated: Vec<String> = section
        .settings
        .iter()
        .map(|s| s.key.text.clone())
        .collect();
    match section
        .settings
        .iter_mut()
        .find(|s| s.key.text == next.text)
    {
        // A list replaces several values: `train.augment = [horizontal_flip]`.
        Some(setting) if deeper.is_empty() => {
            setting.values = match &value.kind {
                ExprKind::List(items) if next.text == "augment" => items.clone(),
                _ => vec![value.clone()],
            };
            if setting.values.is_empty() {
                section.settings.retain(|s| s.key.text != next.text);
            }
            Ok(())
        }
        Some(setting) => {
            let single = setting.values.len() == 1 && next.text != "augment";
            if let (true, Some(first)) = (single, setting.values.first_mut()) {
                return set_in(first, path, 2, value, slots, &[]);
            }
            let name = deeper.first().map(|n| n.text.clone()).unwrap_or_default();
            let names: Vec<String> = setting
                .values
                .iter()
                .filter_map(|v| loss::head(v).map(|(n, _)| n.to_owned()))
                .collect();
            match setting
                .values
                .iter_mut()
                .find(|v| loss::head(v).is_some_and(|(n, _)| n == name))
            {
                Some(found) if deeper.len() > 1 => set_in(found, path, 3, value, slots, &[]),
                Some(found) => {
                    *found = value.clone();
                    Ok(())
                }
                None => Err(missing(path, 2, names.iter().map(String::as_str))),
            }
        }
        // Every setting has a default, so it is there to be changed.
        None if deeper.is_empty() => {
            let values = match &value.kind {
                ExprKind::List(items) if next.text == "augment" => items.clone(),
                _ => vec![value.clone()],
            };
            if !values.is_empty() {
                section.settings.push(Setting {
                    key: (*next).clone(),
                    values,
                });
            }
            Ok(())
        }
        None => Err(missing(path, 1, stated.iter().map(String::as_str))),
    }
}
