//! Where values were written, so that what refuses a value can point there.

use std::rc::Rc;

use termc_grammar::ast::Span;

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
#[derive(Clone, Debug, Default)]
pub(crate) struct Places(Kept);

/// Nearly all values have no place or one: these need no memory of their own.
#[derive(Clone, Debug, Default)]
enum Kept {
    #[default]
    None,
    One(Place),
    Several(Rc<[Place]>),
}

impl Places {
    /// More places than this help nobody.
    const MOST: usize = 4;

    /// A value written here.
    pub fn literal(span: Span) -> Self {
        Self(Kept::One(Place {
            span,
            kind: PlaceKind::Literal,
        }))
    }

    /// A value read from the shape of the tensor written here.
    pub fn shape(span: Span) -> Self {
        Self(Kept::One(Place {
            span,
            kind: PlaceKind::Shape,
        }))
    }

    fn all(&self) -> &[Place] {
        match &self.0 {
            Kept::None => &[],
            Kept::One(place) => std::slice::from_ref(place),
            Kept::Several(places) => places,
        }
    }

    /// The places of a value computed from two.
    pub fn and(&self, other: &Self) -> Self {
        if other.is_empty() || self == other {
            return self.clone();
        }
        if self.is_empty() {
            return other.clone();
        }
        let mut all = [self.all(), other.all()].concat();
        all.sort_by_key(|place| (place.kind, place.span));
        all.dedup();
        all.truncate(Self::MOST);
        Self(Kept::Several(all.into()))
    }

    /// The places in order.
    pub fn iter(&self) -> impl Iterator<Item = Place> + '_ {
        self.all().iter().copied()
    }

    /// The places of literals in order.
    pub fn literals(&self) -> impl Iterator<Item = Span> + '_ {
        let literals = self.iter().filter(|place| place.kind == PlaceKind::Literal);
        literals.map(|place| place.span)
    }

    /// The places that are not in this text.
    pub fn outside(&self, span: Span) -> Self {
        let outside = |place: &Place| !span.holds(place.span);
        Self(Kept::Several(self.iter().filter(outside).collect()))
    }

    /// Whether the value was written nowhere.
    pub fn is_empty(&self) -> bool {
        self.all().is_empty()
    }
}

impl PartialEq for Places {
    fn eq(&self, other: &Self) -> bool {
        self.all() == other.all()
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
