//! Operators: on numbers and starts while compiling, on tensors as nodes.

use termc_grammar::ast::{BinaryOp, Expr};

use super::Elaborator;
use super::draft::Building;
use super::eval::reported;
use super::numbers::{Undefined, floats, integers, number, scaled};
use super::scope::{Address, Scope};
use crate::diagnostics::ProgramKind;
use crate::language::limits::LONGEST_LIST;
use crate::language::{Given, Places, Refusal, Start, Traced, Ty, Value, elements};
use crate::model::{NodeId, Span};
use crate::primitives::operators;

type Operand = (Traced, Span);

impl<'a> Elaborator<'a> {
    /// `a and b`, `a or b`; the right side is evaluated only if the left does not decide.
    pub(super) fn logical(
        &mut self,
        scope: &Scope<'a>,
        op: BinaryOp,
        lhs: &'a Expr,
        rhs: &'a Expr,
    ) -> Traced {
        let left = self.eval(scope, lhs, Some(&Ty::Bool));
        let Some((a, from)) = self.truth(left, lhs.span) else {
            return reported();
        };
        if a == (op == BinaryOp::Or) {
            return boolean(a, from);
        }
        let right = self.eval(scope, rhs, Some(&Ty::Bool));
        match self.truth(right, rhs.span) {
            Some((b, places)) => boolean(b, from.and(&places)),
            None => reported(),
        }
    }

    pub(super) fn not(&mut self, value: Traced, span: Span) -> Traced {
        match self.truth(value, span) {
            Some((b, places)) => boolean(!b, places),
            None => reported(),
        }
    }

    pub(super) fn negate(&mut self, scope: &Scope<'a>, operand: Traced, span: Span) -> Traced {
        let places = operand.places;
        let value = match operand.value {
            Value::Int(n) => match n.checked_neg() {
                Some(n) => Value::Int(n),
                None => return self.overflow(span, &places),
            },
            Value::Float(x) => Value::Float(-x),
            Value::Init(start) => Value::Init(Start {
                scale: -start.scale,
                ..start
            }),
            Value::Tensor(id) => {
                let x = Given { value: id, places };
                return self.operation(scope, span.start, span, |build| {
                    operators::scale_by(build, &x, -1.0)
                });
            }
            Value::Unknown => return reported(),
            other => {
                let found = self.described(&other);
                let operator = "-".to_owned();
                self.report(ProgramKind::NoOperand { operator, found }.into(), span);
                return reported();
            }
        };
        Traced { value, places }
    }

    /// Every other operator.
    pub(super) fn binary(
        &mut self,
        scope: &Scope<'a>,
        op: BinaryOp,
        op_span: Span,
        a: Operand,
        b: Operand,
    ) -> Traced {
        use Value::{Bool, Float, Init, Int, List, Tensor, Unknown};
        let span = a.1.to(b.1);
        let places = a.0.places.and(&b.0.places);
        let value = match (&a.0.value, op, &b.0.value) {
            (Unknown, _, _) | (_, _, Unknown) => return reported(),
            (Tensor(x), _, Tensor(y)) => {
                return self.tensors(scope, op, op_span, span, (*x, &a), (*y, &b));
            }
            (Tensor(x), _, Int(_) | Float(_)) => {
                let by = number(&b.0.value);
                return self.with_number(scope, op, op_span, span, (*x, &a), by, &b);
            }
            (Int(_) | Float(_), BinaryOp::Add | BinaryOp::Mul | BinaryOp::Sub, Tensor(y)) => {
                let by = number(&a.0.value);
                return self.number_with(scope, op, op_span, span, by, (*y, &b));
            }
            (Int(x), _, Int(y)) => match integers(op, *x, *y) {
                Ok(Some(value)) => value,
                Ok(None) => return self.overflow(span, &places),
                Err(Undefined::Operator) => return self.no_operator(op, op_span, &a, &b),
                Err(Undefined::Zero) => {
                    self.refuse(ProgramKind::DivisionByZero {}.into(), &b.0.places, b.1);
                    return reported();
                }
            },
            (Int(_) | Float(_), _, Int(_) | Float(_)) => {
                match floats(op, number(&a.0.value), number(&b.0.value)) {
                    Ok(Some(value)) => value,
                    Ok(None) => {
                        self.refuse(ProgramKind::NotFinite {}.into(), &places, span);
                        return reported();
                    }
                    Err(Undefined::Operator) => return self.no_operator(op, op_span, &a, &b),
                    Err(Undefined::Zero) => {
                        self.refuse(ProgramKind::DivisionByZero {}.into(), &b.0.places, b.1);
                        return reported();
                    }
                }
            }
            (Init(start), BinaryOp::Mul, Int(_) | Float(_)) => scaled(start, number(&b.0.value)),
            (Int(_) | Float(_), BinaryOp::Mul, Init(start)) => scaled(start, number(&a.0.value)),
            (Init(start), BinaryOp::Div, Int(_) | Float(_)) if number(&b.0.value) != 0.0 => {
                scaled(start, 1.0 / number(&b.0.value))
            }
            (List(items), BinaryOp::Mul, Int(times)) => {
                let count = usize::try_from(*times)
                    .ok()
                    .filter(|n| n.saturating_mul(elements(items)) <= LONGEST_LIST);
                match count {
                    Some(count) => {
                        let all = items.iter().cycle().take(count * items.len());
                        List(all.cloned().collect())
                    }
                    None => {
                        let kind = ProgramKind::ListTooLong {
                            times: *times,
                            most: LONGEST_LIST,
                        };
                        self.refuse(kind.into(), &b.0.places, b.1);
                        return reported();
                    }
                }
            }
            (Bool(x), BinaryOp::Eq, Bool(y)) => Bool(x == y),
            (Bool(x), BinaryOp::Ne, Bool(y)) => Bool(x != y),
            _ => return self.no_operator(op, op_span, &a, &b),
        };
        Traced { value, places }
    }

    fn no_operator(&mut self, op: BinaryOp, span: Span, a: &Operand, b: &Operand) -> Traced {
        let (left, right) = (self.described(&a.0.value), self.described(&b.0.value));
        let operator = op.symbol().to_owned();
        self.report(
            ProgramKind::NoOperator {
                operator,
                left,
                right,
            }
            .into(),
            span,
        );
        reported()
    }

    fn overflow(&mut self, span: Span, places: &Places) -> Traced {
        self.refuse(ProgramKind::Overflow {}.into(), places, span);
        reported()
    }

    fn tensors(
        &mut self,
        scope: &Scope<'a>,
        op: BinaryOp,
        op_span: Span,
        span: Span,
        (x, a): (NodeId, &Operand),
        (y, b): (NodeId, &Operand),
    ) -> Traced {
        // A tensor's own places are where its sizes were written: those are blamed for sizes that do not fit.
        let given = |id: NodeId, of: &Operand, this: &Self| Given {
            value: id,
            places: match this.draft.sizes(id) {
                places if places.is_empty() => of.0.places.clone(),
                places => places,
            },
        };
        let (left_given, right_given) = (given(x, a, self), given(y, b, self));
        let build = match op {
            BinaryOp::Add => operators::add,
            BinaryOp::Sub => operators::sub,
            BinaryOp::Mul => operators::mul,
            BinaryOp::MatMul => operators::matmul,
            _ => return self.no_operator(op, op_span, a, b),
        };
        self.operation(scope, op_span.start, span, |draft| {
            let (left, right) = (draft.shape(x), draft.shape(y));
            build(draft, &left_given, &right_given).map_err(|refusal| {
                // Planes of the same sizes cannot be multiplied because they are not square: their sizes are to blame.
                let square = op == BinaryOp::MatMul
                    && left.sizes == right.sizes
                    && left.channels == right.channels;
                match square && refusal.places.is_empty() {
                    true => Refusal {
                        places: left_given.places.clone(),
                        ..refusal
                    },
                    false => refusal,
                }
            })
        })
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "an operator, where it stands, and its two sides"
    )]
    fn with_number(
        &mut self,
        scope: &Scope<'a>,
        op: BinaryOp,
        op_span: Span,
        span: Span,
        (x, a): (NodeId, &Operand),
        by: f64,
        b: &Operand,
    ) -> Traced {
        let x = Given {
            value: x,
            places: a.0.places.clone(),
        };
        self.operation(scope, op_span.start, span, |build| match op {
            BinaryOp::Add => operators::offset(build, &x, by),
            BinaryOp::Sub => operators::offset(build, &x, -by),
            BinaryOp::Mul => operators::scale_by(build, &x, by),
            BinaryOp::Div if by != 0.0 => operators::scale_by(build, &x, 1.0 / by),
            BinaryOp::Div => Err(Refusal {
                kind: Box::new(ProgramKind::DivisionByZero {}.into()),
                places: b.0.places.clone(),
            }),
            _ => Err(Refusal::call(no_number(op))),
        })
    }

    fn number_with(
        &mut self,
        scope: &Scope<'a>,
        op: BinaryOp,
        op_span: Span,
        span: Span,
        by: f64,
        (y, b): (NodeId, &Operand),
    ) -> Traced {
        let y = Given {
            value: y,
            places: b.0.places.clone(),
        };
        match op {
            BinaryOp::Add => self.operation(scope, op_span.start, span, |build| {
                operators::offset(build, &y, by)
            }),
            BinaryOp::Mul => self.operation(scope, op_span.start, span, |build| {
                operators::scale_by(build, &y, by)
            }),
            // `by - y` is two operations of one operator.
            _ => self.operation(scope, op_span.start, span, |build| {
                let minus = operators::scale_by(build, &y, -1.0)?;
                match minus {
                    Value::Tensor(id) => operators::offset(
                        build,
                        &Given {
                            value: id,
                            places: y.places.clone(),
                        },
                        by,
                    ),
                    other => Ok(other),
                }
            }),
        }
    }

    /// Makes the node of the operator that stands at `key`.
    fn operation(
        &mut self,
        scope: &Scope<'a>,
        key: u32,
        span: Span,
        make: impl FnOnce(&mut dyn crate::primitives::Build) -> Result<Value, Refusal>,
    ) -> Traced {
        let address = scope.folder.get(key);
        let steps = address.iter().flat_map(Address::steps);
        let site = self.site(scope, steps, span);
        let made = make(&mut Building {
            draft: &mut self.draft,
            site: &site,
        });
        self.made(made, span)
    }

    /// The value of an operation that was made, or a report of why it was refused.
    pub(super) fn made(&mut self, made: Result<Value, Refusal>, span: Span) -> Traced {
        self.check_limits(span);
        match made {
            Ok(value) => Traced {
                value,
                places: Places::default(),
            },
            Err(refusal) => {
                self.refuse(*refusal.kind, &refusal.places, span);
                reported()
            }
        }
    }
}

fn no_number(op: BinaryOp) -> crate::diagnostics::Kind {
    ProgramKind::NoOperator {
        operator: op.symbol().into(),
        left: "a tensor".into(),
        right: "a number".into(),
    }
    .into()
}

fn boolean(value: bool, places: Places) -> Traced {
    Traced {
        value: Value::Bool(value),
        places,
    }
}
