//! Parameters of what is built in: a structure states names, types, defaults and documentation once, and reads values.

use super::{Given, Start, Traced, Ty, Value};
use crate::bug::bug;
use crate::parts::{Axes, NodeId, Penalty};

/// One parameter of something built in.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// Its type.
    pub ty: Ty,
    /// Its default, an expression of the language that may name the parameters before it.
    pub default: Option<&'static str>,
}

/// A type that reads the value of a parameter. The value has the type already: elaboration checked it.
pub(crate) trait Argument: Sized {
    /// The type of the values it reads.
    fn ty() -> Ty;
    /// Reads one.
    fn read(value: Traced) -> Self;
}

/// The coordinates of a grid, as an argument.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OnGrid(pub NodeId);

/// Values inside the instances of the model, as an argument of a loss term.
#[derive(Clone, Debug)]
pub(crate) struct Compared(pub Vec<Given<NodeId>>);

/// Into what a value is split, as an argument.
#[derive(Clone, Debug)]
pub(crate) enum Parts {
    /// So many equal parts.
    Equal(i64),
    /// One part for each number, of so many channels.
    Channels(Vec<Given<i64>>),
}

/// Declares the parameters of something built in: a structure with one field each, `Self::parameters()` and `Self::read`.
///
/// ```text
/// parameters! {
///     pub(crate) struct Dropped {
///         /// The value.
///         x: Given<NodeId>,
///         /// The probability.
///         rate: Given<f64> = "0.5",
///     }
/// }
/// ```
macro_rules! parameters {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $($(#[doc = $doc:literal])* $field:ident: $ty:ty $(= $default:literal)?,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        $vis struct $name {
            $($(#[doc = $doc])* pub $field: $ty,)*
        }

        impl $name {
            /// The parameters in order.
            pub(crate) fn parameters() -> Vec<$crate::language::Parameter> {
                vec![$($crate::language::Parameter {
                    name: stringify!($field),
                    doc: concat!($($doc),*),
                    ty: <$ty as $crate::language::Argument>::ty(),
                    default: $crate::language::parameters!(@default $($default)?),
                },)*]
            }

            /// Reads values, one per parameter, in order.
            #[allow(unused_variables, unused_mut, reason = "there may be no parameters")]
            pub(crate) fn read(values: Vec<$crate::language::Traced>) -> Self {
                let mut values = values.into_iter();
                Self {
                    $($field: match values.next() {
                        Some(value) => <$ty as $crate::language::Argument>::read(value),
                        None => $crate::bug::bug!("no value for `{}`", stringify!($field)),
                    },)*
                }
            }
        }
    };
    (@default) => { None };
    (@default $default:literal) => { Some($default) };
}
pub(crate) use parameters;

/// Reads the words of a word type: `words! { Compare, COMPARE { "tile" => Compare::Tile, ... } }`.
macro_rules! words {
    ($ty:ty, $words:path { $($word:literal => $value:expr,)* }) => {
        impl $crate::language::Argument for $crate::language::Given<$ty> {
            fn ty() -> $crate::language::Ty {
                $crate::language::Ty::Word(&$words)
            }

            fn read(value: $crate::language::Traced) -> Self {
                let read = match $crate::language::word(value.value) {
                    $($word => $value,)*
                    other => $crate::bug::bug!("`{other}` is not one of {:?}", $words.words),
                };
                $crate::language::Given { value: read, places: value.places }
            }
        }
    };
}
pub(crate) use words;

/// Readers of values that keep their places.
macro_rules! argument {
    ($ty:ty, $wanted:expr, $value:ident => $read:expr) => {
        impl Argument for Given<$ty> {
            fn ty() -> Ty {
                $wanted
            }

            fn read(value: Traced) -> Self {
                let $value = value.value;
                Given {
                    value: $read,
                    places: value.places,
                }
            }
        }
    };
}

argument!(NodeId, Ty::Tensor, value => match value {
    Value::Tensor(id) => id,
    other => bug!("a tensor was promised, not {other:?}"),
});
argument!(i64, Ty::Int, value => match value {
    Value::Int(n) => n,
    other => bug!("a whole number was promised, not {other:?}"),
});
argument!(f64, Ty::Float, value => match value {
    Value::Int(n) => n as f64,
    Value::Float(x) => x,
    other => bug!("a number was promised, not {other:?}"),
});
argument!(bool, Ty::Bool, value => match value {
    Value::Bool(b) => b,
    other => bug!("`true` or `false` was promised, not {other:?}"),
});
argument!(Start, Ty::Init, value => match value {
    Value::Init(start) => start,
    other => bug!("a start was promised, not {other:?}"),
});
argument!(Axes, Ty::Axes, value => axes(value));
words! { Penalty, super::ty::PENALTY {
    "none" => Penalty::None,
    "fast" => Penalty::Fast,
    "slow" => Penalty::Slow,
} }
argument!(OnGrid, Ty::Grid, value => match value {
    Value::Tensor(id) => OnGrid(id),
    other => bug!("a grid was promised, not {other:?}"),
});
argument!(Vec<Given<NodeId>>, Ty::Tensors, value => tensors(value));
argument!(Compared, Ty::Values, value => Compared(tensors(value)));
argument!(Parts, Ty::Parts, value => match value {
    Value::Int(parts) => Parts::Equal(parts),
    value => Parts::Channels(list(value)),
});
argument!(Vec<Given<i64>>, Ty::List(Box::new(Ty::Int)), value => list(value));
argument!(Vec<Given<f64>>, Ty::List(Box::new(Ty::Float)), value => list(value));

/// The word of a word type's value.
pub(crate) fn word(value: Value) -> &'static str {
    match value {
        Value::Word(word) => word,
        other => bug!("a word was promised, not {other:?}"),
    }
}

/// The elements of a list's value.
pub(crate) fn list<T: Argument>(value: Value) -> Vec<T> {
    match value {
        Value::List(items) => items.into_iter().map(T::read).collect(),
        other => bug!("a list was promised, not {other:?}"),
    }
}

/// All tensors of a list, those of lists in it too.
fn tensors(value: Value) -> Vec<Given<NodeId>> {
    let Value::List(items) = value else {
        bug!("a list of tensors was promised, not {value:?}")
    };
    let mut all = vec![];
    for item in items {
        match item.value {
            Value::List(_) => all.extend(tensors(item.value)),
            _ => all.push(Given::<NodeId>::read(item)),
        }
    }
    all
}

fn axes(value: Value) -> Axes {
    match value {
        Value::List(items) => items.into_iter().fold(Axes::default(), |all, item| {
            let one = axes(item.value);
            Axes {
                batch: all.batch || one.batch,
                channels: all.channels || one.channels,
                positions: all.positions || one.positions,
            }
        }),
        value => {
            let word = word(value);
            Axes {
                batch: word == "batch",
                channels: word == "channels",
                positions: word == "positions",
            }
        }
    }
}
