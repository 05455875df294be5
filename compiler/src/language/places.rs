//! Where values were written, so that what refuses a value can point there.

use std::rc::Rc;

use crate::model::Span;

/// One place that a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Where.
    pub span: Span,
    /// What stands there.
    pub kind: PlaceKind,
}

/// What stands at a [`Place`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PlaceKind {
    /// The value itself, or a number that it was computed from.
    Literal,
    /// The expression of a tensor whose shape it was computed from.
    Shape,
}

/// The places a value comes from, literals before shapes, in the order of the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Places(Rc<[Place]>);

impl Places {
    /// More places than this help nobody.
    const MOST: usize = 4;

    /// A value written here.
    pub fn literal(span: Span) -> Self {
        Self(Rc::new([Place {
            span,
            kind: PlaceKind::Literal,
        }]))
    }

    /// A value read from the shape of the tensor written here.
    pub fn shape(span: Span) -> Self {
        Self(Rc::new([Place {
            span,
            kind: PlaceKind::Shape,
        }]))
    }

    /// The places of a value computed from two.
    pub fn and(&self, other: &Self) -> Self {
        if other.0.is_empty() || self == other {
            return self.clone();
        }
        if self.0.is_empty() {
            return other.clone();
        }
        let mut all: Vec<Place> = self.0.iter().chain(other.0.iter()).copied().collect();
        all.sort_by_key(|place| (place.kind, place.span));
        all.dedup();
        all.truncate(Self::MOST);
        Self(all.into())
    }

    /// The places in order.
    pub fn iter(&self) -> impl Iterator<Item = Place> + '_ {
        self.0.iter().copied()
    }

    /// The places that are not in this text.
    pub fn outside(&self, span: Span) -> Self {
        let inside = |place: &Place| span.holds(place.span);
        Self(
            self.0
                .iter()
                .copied()
                .filter(|place| !inside(place))
                .collect(),
        )
    }

    /// Whether the value was written nowhere.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A value as a parameter's reader takes it, and where it was written.
#[derive(Clone, Debug)]
pub(crate) struct Given<T> {
    /// The value.
    pub value: T,
    /// Where it was written.
    pub places: Places,
}
