//! `+`, `-`, `*` and `/`: channels and each position equal or 1 on a side; a value without positions is the same for all.

use super::written::{Code, Number, Written, n, x};
use super::{Build, Primitive, Visitor, Work};
use crate::diagnostics::{OutOfRange, ShapeKind};
use crate::language::{Given, Refusal, Value, shown};
use crate::parts::{NodeId, Shape, Sizes};
use crate::primitives::{Op, Operands};

/// Operations on two tensors whose scalars are paired: the node, and the function that makes it.
macro_rules! paired {
    ($($(#[$doc:meta])* $name:ident $word:literal $operator:literal $make:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name {
            /// Left operand.
            pub a: NodeId,
            /// Right operand.
            pub b: NodeId,
        }

        impl Primitive for $name {
            fn name(&self) -> &'static str {
                $word
            }

            fn visit(&mut self, visitor: &mut dyn Visitor) {
                visitor.node(&mut self.a);
                visitor.node(&mut self.b);
            }

            fn work(&self, _graph: &dyn Operands, shape: &Shape) -> Work {
                Work::each(shape, 1)
            }
        }

        impl Written for $name {
            fn burn(&self, _graph: &dyn Operands) -> Code {
                x(0).binary($operator, x(1))
            }

            fn torch(&self) -> Code {
                x(0).binary($operator, x(1))
            }
        }

        $(#[$doc])*
        ///
        /// # Errors
        /// If the shapes cannot be paired, or if the value would be too large.
        pub(crate) fn $make(
            build: &mut dyn Build,
            a: &Given<NodeId>,
            b: &Given<NodeId>,
        ) -> Result<Value, Refusal> {
            pair(build, $operator, a, b, |a, b| $name { a, b }.into())
        }
    )*};
}

paired! {
    /// `a + b` of two tensors.
    Add "add" "+" add;
    /// `a - b` of two tensors.
    Sub "sub" "-" sub;
    /// `a * b` of two tensors (HyperZZW, first product).
    Mul "mul" "*" mul;
}

/// `by * x`
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScaleBy {
    /// The value.
    pub x: NodeId,
    /// The number.
    pub by: f64,
}

impl Primitive for ScaleBy {
    fn name(&self) -> &'static str {
        "scale"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(&mut self.x);
    }

    fn work(&self, _graph: &dyn Operands, shape: &Shape) -> Work {
        Work::each(shape, 1)
    }
}

/// `x + by`
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Offset {
    /// The value.
    pub x: NodeId,
    /// The number.
    pub by: f64,
}

impl Primitive for Offset {
    fn name(&self) -> &'static str {
        "offset"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(&mut self.x);
    }

    fn work(&self, _graph: &dyn Operands, shape: &Shape) -> Work {
        Work::each(shape, 1)
    }
}

/// A tensor times a number.
///
/// # Errors
/// If the number is none that a tensor can hold.
pub(crate) fn scale_by(
    build: &mut dyn Build,
    x: &Given<NodeId>,
    by: f64,
) -> Result<Value, Refusal> {
    let (x, by) = (x.value, representable("the factor", by)?);
    let shape = build.shape(x);
    build.make(ScaleBy { x, by }, shape)
}

/// A tensor plus a number.
///
/// # Errors
/// If the number is none that a tensor can hold.
pub(crate) fn offset(build: &mut dyn Build, x: &Given<NodeId>, by: f64) -> Result<Value, Refusal> {
    let (x, by) = (x.value, representable("the number added", by)?);
    let shape = build.shape(x);
    build.make(Offset { x, by }, shape)
}

fn pair(
    build: &mut dyn Build,
    operator: &'static str,
    a: &Given<NodeId>,
    b: &Given<NodeId>,
    op: impl Fn(NodeId, NodeId) -> Op,
) -> Result<Value, Refusal> {
    let (left, right) = (build.shape(a.value), build.shape(b.value));
    let Some(shape) = broadcast(left, right) else {
        return Err(Refusal::call(ShapeKind::Elementwise {
            operator,
            a: left,
            b: right,
        }));
    };
    build.make(op(a.value, b.value), shape)
}

/// The shape of a result whose scalars are paired: channels and each position equal or 1 on a side; a value without
/// positions is the same for all positions of the other.
fn broadcast(a: Shape, b: Shape) -> Option<Shape> {
    let axis = |a: usize, b: usize| (a == b || a == 1 || b == 1).then(|| a.max(b));
    let sizes = match (a.sizes.as_slice(), b.sizes.as_slice()) {
        (_, []) => a.sizes,
        ([], _) => b.sizes,
        (left, right) if left.len() == right.len() => {
            let sides = left.iter().zip(right).map(|(a, b)| axis(*a, *b));
            Sizes::new(&sides.collect::<Option<Vec<_>>>()?)?
        }
        _ => return None,
    };
    Some(Shape {
        batched: a.batched || b.batched,
        channels: axis(a.channels, b.channels)?,
        sizes,
    })
}

/// A number that is finite in single precision.
fn representable(what: &str, x: f64) -> Result<f64, Refusal> {
    let most = f64::from(f32::MAX);
    if x.abs() <= most {
        return Ok(x);
    }
    Err(Refusal::call(OutOfRange {
        what: what.into(),
        found: shown(x),
        allowed: "between -3.4e38 and 3.4e38".into(),
    }))
}

impl Written for ScaleBy {
    fn numbers(&self, _graph: &dyn Operands, _shape: &Shape) -> Vec<(&'static str, Number)> {
        vec![("by", Number::Float(self.by))]
    }

    fn burn(&self, _graph: &dyn Operands) -> Code {
        x(0).binary("*", n(0))
    }

    fn torch(&self) -> Code {
        x(0).binary("*", n(0))
    }
}

impl Written for Offset {
    fn numbers(&self, _graph: &dyn Operands, _shape: &Shape) -> Vec<(&'static str, Number)> {
        vec![("by", Number::Float(self.by))]
    }

    fn burn(&self, _graph: &dyn Operands) -> Code {
        x(0).binary("+", n(0))
    }

    fn torch(&self) -> Code {
        x(0).binary("+", n(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::fake::*;

    /// The shape of the sum of two values, or why there is none.
    fn sum(a: (bool, usize, &[usize]), b: (bool, usize, &[usize])) -> String {
        let mut fake = Fake::default();
        let [a, b] = [a, b].map(|(batched, channels, sizes)| {
            let value = match batched {
                true => fake.images(channels, sizes),
                false => fake.same(channels, sizes),
            };
            node(&value)
        });
        match add(&mut fake, &a, &b) {
            Ok(_) => fake.nodes.last().unwrap().1.to_string(),
            Err(refusal) => told(&refusal),
        }
    }

    #[test]
    fn axes_are_equal_or_one_on_a_side() {
        assert_eq!(sum((true, 3, &[4, 5]), (false, 3, &[4, 5])), "[N, 3, 4, 5]");
        assert_eq!(sum((false, 1, &[4, 1]), (true, 3, &[1, 5])), "[N, 3, 4, 5]");
        assert_eq!(sum((false, 1, &[4]), (false, 3, &[4])), "[1, 3, 4]");
    }

    #[test]
    fn a_value_without_positions_is_the_same_for_all() {
        assert_eq!(sum((true, 3, &[]), (false, 1, &[4, 5])), "[N, 3, 4, 5]");
        assert_eq!(sum((true, 3, &[7]), (true, 3, &[])), "[N, 3, 7]");
        assert_eq!(sum((true, 3, &[]), (false, 3, &[])), "[N, 3]");
    }

    #[test]
    fn what_does_not_fit_is_refused_with_both_shapes() {
        let refused = "`+` cannot pair the elements of [N, 3, 4] and [N, 2, 4]";
        assert_eq!(sum((true, 3, &[4]), (true, 2, &[4])), refused);
        let refused = "`+` cannot pair the elements of [N, 3, 4] and [N, 3, 4, 4]";
        assert_eq!(sum((true, 3, &[4]), (true, 3, &[4, 4])), refused);
        let refused = "`+` cannot pair the elements of [N, 3, 4] and [N, 3, 5]";
        assert_eq!(sum((true, 3, &[4]), (true, 3, &[5])), refused);
    }

    #[test]
    fn numbers_must_be_finite_in_single_precision() {
        let mut fake = Fake::default();
        let x = node(&fake.images(3, &[4]));
        scale_by(&mut fake, &x, -0.5).unwrap();
        let x_id = x.value;
        assert_eq!(*fake.last(), ScaleBy { x: x_id, by: -0.5 }.into());
        for by in [f64::NAN, f64::INFINITY, 1e39] {
            assert!(scale_by(&mut fake, &x, by).is_err());
            assert!(offset(&mut fake, &x, by).is_err());
        }
    }
}
