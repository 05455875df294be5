//! Options that take one of a few named values of the runtime: the names in `--help` and in clap's messages come from the
//! type's own list.

use std::fmt::Display;
use std::str::FromStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

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
