//! Numbers as simple terms of attributes.

use super::attributes::{Attribute, Source};
use super::numbers::{Context, Numbers, float, int};
use super::pretty::{ODD, pretty, same};
use super::structure::{Num, op};
use crate::primitives::written::Number;

/// Whether a function gives the number of every instance.
type Fits<'a> = dyn Fn(&dyn Fn(usize) -> Option<f64>) -> bool + 'a;

impl Numbers {
    /// As a simple term of attributes.
    pub(super) fn term(
        &mut self,
        values: &[Option<Number>],
        context: Context,
        is_float: bool,
        of_start: bool,
    ) -> Option<Num> {
        let mut order = self.order(context);
        if !is_float {
            // A size is no term of what may be a fraction, whatever its numbers are.
            order.retain(|a| self.attributes.get(*a).is_some_and(Attribute::is_int));
        }
        let fits = |f: &dyn Fn(usize) -> Option<f64>| {
            let mut all = values
                .iter()
                .enumerate()
                .filter_map(|(i, n)| n.map(|n| (i, float(n))));
            all.all(|(i, n)| f(i).is_some_and(|x| if of_start { same(x, n) } else { x == n }))
        };
        let value = |a: usize, i: usize| -> Option<f64> {
            let attribute = self.attributes.get(a)?;
            attribute.values.get(i).map(|n| float(*n))
        };
        if let Some(a) = order.iter().find(|a| fits(&|i| value(**a, i))) {
            let num = self.attribute(*a, context);
            return Some(if is_float { self.cast(*a, num) } else { num });
        }
        let first = values
            .iter()
            .enumerate()
            .find_map(|(i, n)| n.map(|n| (i, float(n))));
        let (at, n) = first?;
        if of_start {
            let roots = order.iter().filter_map(|a| {
                let factor = n * value(*a, at)?.sqrt();
                fits(&|i| Some(factor / value(*a, i)?.sqrt())).then_some((*a, factor))
            });
            let roots: Vec<(usize, f64)> =
                roots.chain(self.positions(&order, &fits, at, n)).collect();
            let of_value = |a: usize| {
                let attribute = self.attributes.get(a);
                attribute.is_some_and(|a| a.source == Source::Value)
            };
            // What can be said at all, then what needs no second root, then the size of an input before a value of the text.
            let simplest = roots.into_iter().min_by_key(|(a, factor)| {
                let factor = pretty(*factor);
                let odd = factor.size() >= ODD;
                (odd, factor.has_root(), of_value(*a), factor.size())
            });
            if let Some((a, factor)) = simplest {
                let root = self.rooted(a, context);
                return Some(op(pretty(factor), '/', root));
            }
        }
        if is_float {
            return None;
        }
        for a in &order {
            let one = value(*a, at).unwrap_or(0.0);
            let factor = n / one;
            if factor >= 2.0 && factor.fract() == 0.0 && fits(&|i| Some(factor * value(*a, i)?)) {
                return Some(op(int(factor as usize), '*', self.attribute(*a, context)));
            }
            let more = n - one;
            if (1.0..=3.0).contains(&more) && fits(&|i| Some(value(*a, i)? + more)) {
                return Some(op(self.attribute(*a, context), '+', int(more as usize)));
            }
        }
        for (at_a, a) in order.iter().enumerate() {
            for b in order.iter().skip(at_a) {
                if fits(&|i| Some(value(*a, i)? * value(*b, i)?)) {
                    let (a, b) = (self.attribute(*a, context), self.attribute(*b, context));
                    return Some(op(a, '*', b));
                }
            }
        }
        for a in &order {
            for b in &order {
                if fits(&|i| Some(value(*a, i)? / value(*b, i)?)) {
                    let (a, b) = (self.attribute(*a, context), self.attribute(*b, context));
                    return Some(op(a, '÷', b));
                }
            }
        }
        // So many parts of one size, and one more for each tensor of a list.
        for a in &order {
            for list in 0..self.attributes.len() {
                let is_length = |list: usize| {
                    let attribute = self.attributes.get(list);
                    attribute.is_some_and(|l| matches!(l.source, Source::Length(_)))
                };
                let (Some(size), Some(length)) = (value(*a, at), value(list, at)) else {
                    continue;
                };
                let parts = n / size - length;
                if is_length(list)
                    && parts >= 1.0
                    && parts.fract() == 0.0
                    && fits(&|i| Some((parts + value(list, i)?) * value(*a, i)?))
                {
                    let parts = op(int(parts as usize), '+', self.attribute(list, context));
                    return Some(op(parts, '*', self.attribute(*a, context)));
                }
            }
        }
        None
    }

    /// A factor over the root of the number of positions: attributes of height and width, by the place of the first.
    pub(super) fn positions(
        &self,
        order: &[usize],
        fits: &Fits<'_>,
        at: usize,
        n: f64,
    ) -> Option<(usize, f64)> {
        let product = |a: usize, i: usize| -> Option<f64> {
            let height = self.attributes.get(a)?;
            let width = self.attributes.get(a + 1)?;
            match (&height.source, &width.source) {
                (Source::Dim(x, 2), Source::Dim(y, 3)) if x == y => {
                    Some(float(*height.values.get(i)?) * float(*width.values.get(i)?))
                }
                _ => None,
            }
        };
        order.iter().find_map(|a| {
            let factor = n * product(*a, at)?.sqrt();
            fits(&|i| Some(factor / product(*a, i)?.sqrt())).then_some((*a, factor))
        })
    }

    /// The root of an attribute, or of height times width where the attribute is a height.
    pub(super) fn rooted(&mut self, a: usize, context: Context) -> Num {
        let source = self.attributes.get(a).map(|a| a.source.clone());
        let whole = match source {
            Some(Source::Dim(_, 2)) => {
                let (height, width) = (self.attribute(a, context), self.attribute(a + 1, context));
                op(height, '*', width)
            }
            _ => self.attribute(a, context),
        };
        Num::Sqrt(Box::new(Num::Cast(Box::new(whole))))
    }

    pub(super) fn cast(&self, a: usize, num: Num) -> Num {
        if self.attributes.get(a).is_some_and(Attribute::is_int) {
            Num::Cast(Box::new(num))
        } else {
            num
        }
    }

    /// Attributes in the order in which they are tried: in the forward pass sizes of inputs, which cost nothing.
    pub(super) fn order(&self, context: Context) -> Vec<usize> {
        let is_dim = |a: &usize| {
            let attribute = self.attributes.get(*a);
            attribute.is_some_and(|a| !matches!(a.source, Source::Value))
        };
        let all: Vec<usize> = (0..self.attributes.len()).collect();
        let (dims, values): (Vec<usize>, Vec<usize>) = all.into_iter().partition(is_dim);
        match context {
            Context::Forward => [dims, values].concat(),
            Context::New => [values, dims].concat(),
        }
    }
}
