//! Ranges of numbers: reads a number that was given, or refuses it where it was written.

use super::{Given, Refusal};
use crate::diagnostics::OutOfRange;

impl Given<i64> {
    /// A size or count from `low` to `high`. `what` is the number in a message: "`channels`".
    ///
    /// # Errors
    /// Blames the number.
    pub fn whole(&self, what: &str, low: usize, high: usize) -> Result<usize, Refusal> {
        usize::try_from(self.value)
            .ok()
            .filter(|n| (low..=high).contains(n))
            .ok_or_else(|| {
                Refusal::argument(
                    OutOfRange {
                        what: what.into(),
                        found: self.value.to_string(),
                        allowed: format!("from {low} to {high}"),
                    },
                    self,
                )
            })
    }
}

impl Given<f64> {
    /// The number, if it is as `allowed` says.
    ///
    /// # Errors
    /// Blames the number.
    pub fn check(
        &self,
        what: &str,
        allowed: &str,
        test: impl Fn(f64) -> bool,
    ) -> Result<f64, Refusal> {
        self.check_as(what, || allowed.to_owned(), test)
    }

    /// The same, with words that are made if they are needed.
    fn check_as(
        &self,
        what: &str,
        allowed: impl Fn() -> String,
        test: impl Fn(f64) -> bool,
    ) -> Result<f64, Refusal> {
        if test(self.value) {
            return Ok(self.value);
        }
        Err(Refusal::argument(
            OutOfRange {
                what: what.into(),
                found: shown(self.value),
                allowed: allowed(),
            },
            self,
        ))
    }

    /// A number from `low` to `high`.
    ///
    /// # Errors
    /// Blames the number.
    pub fn within(&self, what: &str, low: f64, high: f64) -> Result<f64, Refusal> {
        let allowed = || format!("from {} to {}", shown(low), shown(high));
        self.check_as(what, allowed, |x| (low..=high).contains(&x))
    }

    /// A finite number greater than zero.
    ///
    /// # Errors
    /// Blames the number.
    pub fn positive(&self, what: &str) -> Result<f64, Refusal> {
        self.check(what, "greater than 0", |x| x.is_finite() && x > 0.0)
    }

    /// A finite number of at least zero.
    ///
    /// # Errors
    /// Blames the number.
    pub fn non_negative(&self, what: &str) -> Result<f64, Refusal> {
        self.check(what, "0 or more", |x| x.is_finite() && x >= 0.0)
    }

    /// A number of at least 0 and below 1.
    ///
    /// # Errors
    /// Blames the number.
    pub fn fraction(&self, what: &str) -> Result<f64, Refusal> {
        self.check(what, "at least 0 and below 1", |x| (0.0..1.0).contains(&x))
    }
}

/// A number as short as it can be written.
pub(crate) fn shown(x: f64) -> String {
    let (plain, short) = (x.to_string(), format!("{x:e}"));
    if short.len() < plain.len() {
        short
    } else {
        plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Places;

    fn given<T>(value: T) -> Given<T> {
        Given {
            value,
            places: Places::default(),
        }
    }

    #[test]
    fn both_ends_belong_to_a_range_of_whole_numbers() {
        assert_eq!(given(1).whole("n", 1, 3).ok(), Some(1));
        assert_eq!(given(3).whole("n", 1, 3).ok(), Some(3));
        let refused = given(4).whole("`n`", 1, 3).unwrap_err();
        assert_eq!(refused.kind.message(), "`n` is 4, it must be from 1 to 3");
        assert!(given(-1).whole("n", 0, 3).is_err());
    }

    #[test]
    fn what_is_no_number_is_out_of_every_range() {
        for x in [f64::NAN, f64::INFINITY] {
            assert!(given(x).positive("x").is_err());
            assert!(given(x).non_negative("x").is_err());
            assert!(given(x).fraction("x").is_err());
            assert!(given(x).within("x", 0.0, 9.0).is_err());
        }
    }

    #[test]
    fn numbers_are_shown_short() {
        assert_eq!(shown(0.5), "0.5");
        assert_eq!(shown(1e30), "1e30");
        assert_eq!(shown(100.0), "100");
    }
}
