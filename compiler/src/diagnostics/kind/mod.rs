//! What can be wrong: typed kinds, each worded where it is declared and nowhere else.

mod program;
mod range;
mod setting;
mod shape;

use super::Code;

pub(crate) use program::ProgramKind;
pub(crate) use range::OutOfRange;
pub(crate) use setting::SettingKind;
pub(crate) use shape::ShapeKind;

/// How a kind is told. Messages: lower case, no final stop, the user's text in backticks.
pub(crate) trait Wording {
    /// The stable code.
    fn code(&self) -> Code;
    /// What is wrong.
    fn message(&self) -> String;
    /// What the blamed place is; may be empty.
    fn label(&self) -> String;
    /// What to do.
    fn help(&self) -> Option<String>;
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    /// Names, calls, types, paths: what elaboration and overrides refuse.
    Program(ProgramKind),
    /// A number out of range.
    Range(OutOfRange),
    /// Loss terms and training settings.
    Setting(SettingKind),
    /// Shapes and sizes: what primitives refuse.
    Shape(ShapeKind),
}

impl Kind {
    fn wording(&self) -> &dyn Wording {
        match self {
            Self::Program(kind) => kind,
            Self::Range(kind) => kind,
            Self::Setting(kind) => kind,
            Self::Shape(kind) => kind,
        }
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        self.wording().code()
    }

    /// What is wrong.
    pub fn message(&self) -> String {
        self.wording().message()
    }

    /// What the blamed place is.
    pub fn label(&self) -> String {
        self.wording().label()
    }

    /// What to do.
    pub fn help(&self) -> Option<String> {
        self.wording().help()
    }
}

macro_rules! kinds {
    ($($variant:ident($inner:ty),)*) => {
        $(impl From<$inner> for Kind {
            fn from(kind: $inner) -> Self {
                Self::$variant(kind)
            }
        })*
    };
}
kinds! {
    Program(ProgramKind),
    Range(OutOfRange),
    Setting(SettingKind),
    Shape(ShapeKind),
}
