//! A model as plain text, complete and stable: what the snapshot tests pin.

use std::fmt::Write;

use crate::model::{Grid, Init, Model, NodeId, Op, ParamId, Penalty, Scale, SlowNet};
use crate::summary::operation;

/// The model as text.
pub fn dump(model: &Model) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write(model, &mut out);
    out
}

fn write(model: &Model, out: &mut String) -> std::fmt::Result {
    let [c, h, w] = model.input;
    writeln!(
        out,
        "model {} ({} parameters)",
        model.name,
        model.parameter_count()
    )?;
    writeln!(out, "input {}[{c}, {h}, {w}]", model.input_name)?;
    writeln!(
        out,
        "output {}({}) = {}",
        model.output_name,
        model.classes,
        name(model, model.output)
    )?;
    writeln!(out, "loss {:?}", model.loss.cross_entropy)?;
    if let Some(slow) = &model.loss.slow_neural {
        let kernels: Vec<&str> = slow.kernels.iter().map(|k| name(model, *k)).collect();
        writeln!(
            out,
            "loss {:?} weight {} over {}",
            slow.kind,
            slow.weight,
            kernels.join(", ")
        )?;
    }
    if let Some(norm) = &model.loss.weight_norm {
        writeln!(out, "loss {norm:?}")?;
    }
    writeln!(out, "train {:?}", model.train)?;
    for id in model.scope_ids() {
        let scope = &model[id];
        let nodes = scope.first..scope.end;
        writeln!(
            out,
            "\nscope {} = {}: nodes {nodes:?} -> {}",
            quoted(&scope.name),
            scope.block,
            name(model, scope.result)
        )?;
        for node in model.node_ids().filter(|n| model[*n].scope == id) {
            let n = &model[node];
            let operands: Vec<&str> =
                n.op.operands()
                    .into_iter()
                    .map(|o| name(model, o))
                    .collect();
            let mark = if n.named { "*" } else { " " };
            writeln!(
                out,
                "{mark} {} {} = {}({})",
                n.name,
                n.shape,
                operation(&n.op),
                operands.join(", ")
            )?;
            if let Op::Kernel(net) | Op::ContextKernel { net, .. } = &n.op {
                writeln!(out, "      grid {}", grid(net))?;
            }
            if let Op::ContextKernel { context, .. } = &n.op {
                for (what, scale) in [("alpha", context.alpha), ("beta", context.beta)] {
                    match scale {
                        Scale::Constant(x) => writeln!(out, "      {what} {x}")?,
                        Scale::Trained(_) => writeln!(out, "      {what} trained")?,
                    }
                }
            }
            for param in n.op.params() {
                writeln!(out, "      {}", describe(model, param))?;
            }
        }
    }
    Ok(())
}

fn name(model: &Model, id: NodeId) -> &str {
    &model[id].name
}

fn quoted(name: &str) -> &str {
    if name.is_empty() { "(model)" } else { name }
}

fn grid(net: &SlowNet) -> String {
    match net.grid {
        Grid::Plane { height, width } => format!("{height} x {width}"),
        Grid::Line { length } => length.to_string(),
    }
}

fn describe(model: &Model, id: ParamId) -> String {
    let p = &model[id];
    let init = match p.init {
        Init::Constant(x) => format!("{x}"),
        Init::Uniform { bound } => format!("uniform {bound:.6}"),
        Init::Normal { std } => format!("normal {std:.6}"),
        Init::Filter {
            bound,
            scale,
            concentration,
        } => {
            format!("uniform {bound:.6} * {scale:.4} * gamma {concentration:.4}")
        }
    };
    let penalty = match p.penalty {
        Penalty::None => "",
        Penalty::Fast => ", fast norm",
        Penalty::Slow => ", slow norm",
    };
    format!("{} {:?} {init}{penalty}", p.path, p.shape)
}
