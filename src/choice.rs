//! What options take: one of a few named values of the runtime, whose names in `--help` and in clap's messages come from the
//! type's own list, or a number up to a limit of the language.

use std::fmt::Display;
use std::str::FromStr;

use clap::builder::{PossibleValue, PossibleValuesParser, RangedI64ValueParser, TypedValueParser};

/// A parser of these values, each under the name that it displays.
pub fn one_of<T>(all: &[T]) -> impl TypedValueParser<Value = T> + use<T>
where
    T: Display + FromStr<Err: Display> + Clone + Send + Sync + 'static,
{
    // A program has a handful of these, each made once: clap wants names that live as long as it.
    let names = all.iter().map(|value| &*value.to_string().leak());
    let parser = PossibleValuesParser::new(names.map(PossibleValue::new));
    parser.try_map(|name| name.parse::<T>().map_err(|error| error.to_string()))
}

/// A parser of whole numbers from 1 to one of the language's limits.
pub fn up_to(most: usize) -> RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=i64::try_from(most).unwrap_or(i64::MAX))
}
