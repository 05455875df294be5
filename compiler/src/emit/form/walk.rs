//! Walks over expressions and statements that are printed.

use super::reading::has;
use super::structure::{Argument, Expr, Name, Part, Statement, Structure};
use crate::primitives::written::Code;

impl Expr {
    /// Shows every expression, operands first.
    pub(in crate::emit) fn each(&self, see: &mut dyn FnMut(&Expr)) {
        let parts = |parts: &[Part], see: &mut dyn FnMut(&Expr)| {
            for part in parts {
                match part {
                    Part::One(expr) | Part::Repeat(expr, _) => expr.each(see),
                    Part::Slice(..) => {}
                }
            }
        };
        match self {
            Self::Read(_) | Self::Number(_) => {}
            Self::Op(op) => parts(&op.operands, see),
            Self::Call(call) => {
                for argument in &call.arguments {
                    match argument {
                        Argument::One(expr) => expr.each(see),
                        Argument::List(list) => parts(list, see),
                    }
                }
            }
        }
        see(self);
    }

    /// Lets every expression become another one, operands first.
    pub(super) fn each_mut(&mut self, change: &mut dyn FnMut(&mut Expr)) {
        let parts = |parts: &mut [Part], change: &mut dyn FnMut(&mut Expr)| {
            for part in parts {
                match part {
                    Part::One(expr) | Part::Repeat(expr, _) => expr.each_mut(change),
                    Part::Slice(..) => {}
                }
            }
        };
        match self {
            Self::Read(_) | Self::Number(_) => {}
            Self::Op(op) => parts(&mut op.operands, change),
            Self::Call(call) => {
                for argument in &mut call.arguments {
                    match argument {
                        Argument::One(expr) => expr.each_mut(change),
                        Argument::List(list) => parts(list, change),
                    }
                }
            }
        }
        change(self);
    }

    /// Whether it makes a tensor on a device.
    pub(super) fn needs_device(&self) -> bool {
        let mut found = false;
        self.each(&mut |expr| {
            found |= matches!(expr, Self::Op(op) if has(&op.burn, &Code::Device));
        });
        found
    }

    /// Shows every name that is read.
    pub(in crate::emit) fn each_name(&self, see: &mut dyn FnMut(&Name)) {
        self.each(&mut |expr| {
            let slices = |parts: &[Part], see: &mut dyn FnMut(&Name)| {
                for part in parts {
                    if let Part::Slice(name, ..) = part {
                        see(name);
                    }
                }
            };
            match expr {
                Self::Read(read) => see(&read.name),
                Self::Number(_) => {}
                Self::Op(op) => slices(&op.operands, see),
                Self::Call(call) => {
                    for argument in &call.arguments {
                        if let Argument::List(list) = argument {
                            slices(list, see);
                        }
                    }
                }
            }
        });
    }

    /// Shows the name of every field that is used.
    pub(in crate::emit) fn each_field(&self, see: &mut dyn FnMut(&str)) {
        self.each(&mut |expr| {
            let field = match expr {
                Self::Read(_) | Self::Number(_) => None,
                Self::Op(op) => op.held.as_ref(),
                Self::Call(call) => call.field.as_ref(),
            };
            if let Some(field) = field {
                see(&field.name);
            }
        });
    }
}

impl Argument {
    /// Shows every name that is read.
    pub(in crate::emit) fn each_name(&self, see: &mut dyn FnMut(&Name)) {
        match self {
            Self::One(expr) => expr.each_name(see),
            Self::List(parts) => {
                for part in parts {
                    match part {
                        Part::One(expr) | Part::Repeat(expr, _) => expr.each_name(see),
                        Part::Slice(name, ..) => see(name),
                    }
                }
            }
        }
    }
}

impl Statement {
    /// Shows every name that it makes.
    pub(super) fn each_made(&self, see: &mut dyn FnMut(&str)) {
        match self {
            Self::Let(name, _)
            | Self::Parts(name, _)
            | Self::Variable(name, _)
            | Self::Set(name, _)
            | Self::List(name, _)
            | Self::Push(name, _)
            | Self::Collect(name, ..) => see(name),
            Self::Loop(_, arms) => arms.iter().flatten().for_each(|line| line.each_made(see)),
        }
    }

    /// Shows every expression of the statement and of those inside it.
    pub(in crate::emit) fn each_expr(&self, see: &mut dyn FnMut(&Expr)) {
        match self {
            Self::Let(_, expr)
            | Self::Parts(_, expr)
            | Self::Variable(_, expr)
            | Self::Set(_, expr)
            | Self::Push(_, expr) => see(expr),
            Self::List(_, exprs) | Self::Collect(_, _, exprs) => exprs.iter().for_each(see),
            Self::Loop(_, arms) => {
                for statement in arms.iter().flatten() {
                    statement.each_expr(see);
                }
            }
        }
    }

    /// Lets every expression of the statement and of those inside it become another one, operands first.
    pub(super) fn each_expr_mut(&mut self, change: &mut dyn FnMut(&mut Expr)) {
        match self {
            Self::Let(_, expr)
            | Self::Parts(_, expr)
            | Self::Variable(_, expr)
            | Self::Set(_, expr)
            | Self::Push(_, expr) => expr.each_mut(change),
            Self::List(_, exprs) | Self::Collect(_, _, exprs) => {
                exprs.iter_mut().for_each(|expr| expr.each_mut(change));
            }
            Self::Loop(_, arms) => {
                for statement in arms.iter_mut().flatten() {
                    statement.each_expr_mut(change);
                }
            }
        }
    }

    /// Shows the name of every field that is used.
    pub(in crate::emit) fn each_field(&self, see: &mut dyn FnMut(&str)) {
        self.each_expr(&mut |expr| expr.each_field(see));
    }
}

impl Structure {
    /// Shows every expression of the forward pass, operands first.
    pub(in crate::emit) fn each_expr(&self, see: &mut dyn FnMut(&Expr)) {
        for statement in &self.body {
            statement.each_expr(&mut |expr| expr.each(see));
        }
        self.result.iter().for_each(|result| result.each(see));
    }
}
