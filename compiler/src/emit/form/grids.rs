//! Gives the grid of a slow net a name where a line is about what the net yields: `kernel = net(grid)`.

use std::collections::HashSet;

use super::structure::{Argument, Expr, Name, Part, Read, Statement, Structure};

/// What slow nets call their coordinates.
const GRID: &str = "grid";

/// Puts the first grid that is made among the arguments of such a line into a line before it.
pub(super) fn name_grid(structure: &mut Structure) {
    let mut names = HashSet::new();
    structure.body.iter().for_each(|line| {
        line.each_made(&mut |name| {
            names.insert(name.to_owned());
        })
    });
    names.extend(structure.inputs.iter().map(|input| input.source.clone()));
    if names.contains(GRID) {
        return;
    }
    let lines = structure.body.iter_mut().enumerate();
    let mut found = lines.filter_map(|(at, line)| match line {
        Statement::Let(_, value) => Some((at, value.taken_grid()?)),
        _ => None,
    });
    if let Some((at, grid)) = found.next() {
        structure.body.insert(at, Statement::Let(GRID.into(), grid));
    }
}

impl Expr {
    /// The coordinates that a net is called with, its name in their place.
    fn taken_grid(&mut self) -> Option<Expr> {
        match self {
            Self::Call(call) => call
                .arguments
                .iter_mut()
                .find_map(|argument| match argument {
                    Argument::One(made @ Self::Op(_)) if made.is_grid() => {
                        let grid = Self::Read(Read {
                            name: Name::Local(GRID.into()),
                            place: None,
                        });
                        Some(std::mem::replace(made, grid))
                    }
                    _ => None,
                }),
            // What only gives the net's values another shape.
            Self::Op(op) => match op.operands.as_mut_slice() {
                [Part::One(inner)] => inner.taken_grid(),
                _ => None,
            },
            Self::Read(_) | Self::Number(_) => None,
        }
    }

    fn is_grid(&self) -> bool {
        matches!(self, Self::Op(op) if op.operands.is_empty()) && self.needs_device()
    }
}
