//! What a program can do about a finding: the change that its help describes, where there is one to make without asking.

use super::{Kind, ProgramKind, SettingKind, nearest};

/// A change of the text that mends a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fix {
    /// Put one of these in place of what is marked.
    Replace(Vec<String>),
    /// Leave out the definition, line, parameter or argument that is marked or named.
    Remove,
    /// Add this argument to the call that is marked, or to a block that is named alone.
    Argument(Vec<String>),
    /// Leave out the name of the argument that is marked.
    Unname,
    /// Move the line of the first further place above the line that is marked.
    MoveUp,
    /// Add a line to the model that is marked; in its loss, if that is set.
    Line {
        /// The line.
        text: String,
        /// Whether it belongs into the loss.
        in_loss: bool,
    },
}

/// The change that the help of a kind describes.
pub(super) fn fix(kind: &Kind) -> Option<Fix> {
    match kind {
        Kind::Program(kind) => program(kind),
        Kind::Setting(SettingKind::NesterovWithoutMomentum) => {
            Some(Fix::Argument(vec!["momentum=0.9".into()]))
        }
        Kind::Setting(SettingKind::ComparedTile { .. }) => {
            Some(Fix::Argument(vec!["compare=channel_sum".into()]))
        }
        Kind::Range(_) | Kind::Setting(_) | Kind::Shape(_) => None,
    }
}

fn program(kind: &ProgramKind) -> Option<Fix> {
    use ProgramKind as P;
    match kind {
        P::UnknownName { name, known, .. }
        | P::UnknownCallee { name, known }
        | P::UnknownArgument { name, known, .. }
        | P::UnknownModel { name, known }
        | P::NoNeighbour { name, known }
        | P::UnknownTerm { name, known }
        | P::UnknownSetting { name, known }
        | P::UnknownChoice { name, known, .. } => near(name, known.iter().map(String::as_str)),
        // The name of the step is marked without its place in a list.
        P::NothingThere { step, offers, .. } => {
            let near = nearest(step, offers.iter().map(String::as_str))?;
            let place = step
                .find('[')
                .map_or("", |at| step.get(at..).unwrap_or_default());
            near.strip_suffix(place).map(replace)
        }
        // The path is marked up to the step.
        P::PathOfValues { path, step, known } => {
            let near = nearest(step, known.iter().map(String::as_str))?;
            let before = path.strip_suffix(step.as_str())?;
            Some(replace(format!("{before}{near}")))
        }
        P::UnknownWord { word, words, .. } => near(word, words.iter().copied()),
        P::UnknownType { name, types } => near(name, types.iter().copied()),
        P::NotNext {
            name,
            next,
            repeated: false,
            ..
        } => Some(replace(format!("{name}[{next}]"))),
        P::NoFamily { name, .. } => Some(replace(name)),
        P::WholeFamily { name, .. } => Some(replace(format!("{name}[0]"))),
        P::Language { .. } => Some(replace("language 2")),
        P::MissingArguments { missing, .. } | P::Misfit { missing, .. } => Some(Fix::Argument(
            missing.iter().map(|name| format!("{name}=")).collect(),
        )),
        P::NoPart { example, .. } => Some(Fix::Line {
            text: (*example).to_owned(),
            in_loss: false,
        }),
        P::NoLoss {} => Some(Fix::Line {
            text: "cross_entropy(logits)".into(),
            in_loss: true,
        }),
        P::SeveralThere { path, candidates } => {
            Some(Fix::Replace(steps_that_differ(path, candidates)))
        }
        P::UsedBefore { .. } => Some(Fix::MoveUp),
        P::NamedOfFunction { .. } => Some(Fix::Unname),
        P::GivenTwice { .. }
        | P::Surplus { .. }
        | P::FixedTensor { .. }
        | P::PartTwice { .. }
        | P::AfterResult {}
        | P::UnusedDefinition { .. }
        | P::UnusedParameter { .. }
        | P::UnusedBinding { .. } => Some(Fix::Remove),
        _ => None,
    }
}

fn near<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<Fix> {
    nearest(name, known).map(replace)
}

fn replace(text: impl Into<String>) -> Fix {
    Fix::Replace(vec![text.into()])
}

/// The first step of each candidate that the path has not.
fn steps_that_differ(path: &str, candidates: &[String]) -> Vec<String> {
    let differs = |candidate: &String| {
        let mut steps = candidate
            .split('.')
            .zip(path.split('.').map(Some).chain([None]));
        steps
            .find(|(own, other)| Some(*own) != *other)
            .map(|(own, _)| own.to_owned())
    };
    candidates.iter().filter_map(differs).collect()
}
