//! Numbers of initial distributions as people write them: `TAU * 30.0 / 2f64.sqrt()` instead of 133.28...

use super::structure::{Num, Starts, op};
use crate::primitives::written::Number;

/// Numbers whose roots are tried.
const ROOTS: [usize; 8] = [2, 3, 5, 6, 7, 10, 11, 13];

/// How long a number is to say that has no short form.
pub(super) const ODD: usize = 40;

/// Whether two numbers are equal but for the rounding of a few operations.
pub(super) fn same(a: f64, b: f64) -> bool {
    a == b || (a - b).abs() <= 2e-15 * a.abs().max(b.abs())
}

/// The nearest number of at most six digits, if this is it but for rounding.
fn short(x: f64) -> Option<f64> {
    let near = format!("{x:.5e}").parse::<f64>().ok()?;
    same(x, near).then_some(near)
}

fn float(x: f64) -> Num {
    Num::Value(Number::Float(x))
}

fn root(n: usize) -> Num {
    Num::Sqrt(Box::new(float(n as f64)))
}

/// So many times 2 pi.
fn times_turn(turns: f64) -> Num {
    match turns == 1.0 {
        true => Num::Tau,
        false => op(Num::Tau, '*', float(turns)),
    }
}

impl Num {
    /// Whether it is a start by its own bound or deviation, or relative to the fan with a usual gain.
    pub(super) fn is_usual(&self) -> bool {
        let Self::Init(Starts::KaimingUniform | Starts::KaimingNormal, gains) = self else {
            return true;
        };
        let usual = [float(1.0), root(2), op(float(1.0), '/', root(3))];
        let over_root = |gain: &Num| match gain {
            Self::Op(one, '/', root) => **one == float(1.0) && matches!(**root, Self::Sqrt(_)),
            _ => false,
        };
        gains
            .iter()
            .all(|gain| usual.contains(gain) || over_root(gain))
    }

    /// Whether a root stands in it.
    pub(super) fn has_root(&self) -> bool {
        match self {
            Self::Sqrt(_) => true,
            Self::Op(a, _, b) => a.has_root() || b.has_root(),
            _ => false,
        }
    }

    /// How long it is to say: what is natural first, odd numbers last.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Value(Number::Float(x)) if short(*x).is_none() => ODD,
            Self::Value(Number::Float(x)) => format!("{x:?}").len(),
            // Usual gains: the root of 2, 1 over the root of 3.
            Self::Sqrt(_) => 3,
            Self::Op(a, '/', b) if matches!(**b, Self::Sqrt(_)) => a.size() + 1,
            Self::Op(a, _, b) => a.size() + b.size(),
            Self::Init(_, list) | Self::Table(list) => list.iter().map(Self::size).sum(),
            Self::Cast(inner) => inner.size(),
            _ => 3,
        }
    }
}

/// A number as a short term that is equal to it but for rounding; itself if there is none.
pub(super) fn pretty(x: f64) -> Num {
    if let Some(x) = short(x) {
        return float(x);
    }
    let turns = x / std::f64::consts::TAU;
    if same(turns, 0.5) {
        return Num::Pi;
    }
    if let Some(turns) = short(turns) {
        return times_turn(turns);
    }
    for n in ROOTS {
        let r = (n as f64).sqrt();
        if let Some(y) = short(x / r) {
            return if y == 1.0 {
                root(n)
            } else {
                op(float(y), '*', root(n))
            };
        }
        if let Some(y) = short(x * r) {
            return op(float(y), '/', root(n));
        }
        if let Some(y) = short(turns * r) {
            return op(times_turn(y), '/', root(n));
        }
    }
    float(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_said_shortly() {
        assert_eq!(pretty(0.1), float(0.1));
        assert_eq!(pretty(1.2345e-10), float(1.2345e-10));
        assert_eq!(pretty(2f64.sqrt()), root(2));
        assert_eq!(pretty(1.0 / 3f64.sqrt()), op(float(1.0), '/', root(3)));
        let bound = 2.0 * std::f64::consts::PI * 2000.0 / 2f64.sqrt();
        assert_eq!(
            pretty(bound),
            op(op(Num::Tau, '*', float(2000.0)), '/', root(2))
        );
        assert_eq!(pretty(0.123_456_789_012), float(0.123_456_789_012));
    }
}
