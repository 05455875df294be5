//! The members of `train`: what each takes, what holds where a file says nothing, and where it goes in the recipe.

use std::sync::LazyLock;

use super::augmentations::AUGMENTATIONS;
use super::choice::Choice;
use super::clips::CLIPS;
use super::limits::{MAX_ACCUMULATED, MAX_BATCH, MAX_EPOCHS};
use super::normalizers::NORMALIZERS;
use super::optimizers::OPTIMIZERS;
use super::schedules::SCHEDULES;
use super::{Argument, Given, Parameter, Refusal, Traced, Ty};
use crate::language::recipe::{Optimizer, Schedule, Train};

/// A member of `train`.
pub(crate) struct Setting {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// What holds where a file says nothing: an expression of the language, or words in brackets.
    pub default: &'static str,
}

impl Setting {
    /// What the rows of its table are.
    pub fn row_kind(&self) -> &'static str {
        match &self.takes {
            Takes::One(rows) | Takes::Many(rows) => rows.first().map_or("value", |row| row.kind),
            Takes::Value(..) => "value of a setting",
        }
    }
}

/// What a [`Setting`] takes.
pub(crate) enum Takes {
    /// A value of a type.
    Value(Ty, Store<Traced>),
    /// One row of a table.
    One(Vec<Row>),
    /// A list of rows of a table.
    Many(Vec<Row>),
}

/// A row of the table of a setting.
pub(crate) struct Row {
    /// What the rows of its table are.
    pub kind: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it means, in the words of the reference.
    pub doc: &'static str,
    /// Its parameters in order.
    pub parameters: fn() -> Vec<Parameter>,
    /// Puts it into the recipe (at the end of the list, of a list). Takes values of the parameters' types, one each, in
    /// order.
    pub store: Store<Vec<Traced>>,
}

/// Puts something that was given into the recipe, or refuses it.
pub(crate) type Store<T> = Box<dyn Fn(&mut Recipe, T) -> Result<(), Refusal> + Send + Sync>;

/// The recipe while its settings are read.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    /// What was set so far, the defaults for the rest.
    pub train: Train,
    /// Channels of the model's input, if they are known.
    pub channels: Option<usize>,
}

impl Recipe {
    /// What holds where the file says nothing: the published recipe without augmentation.
    pub fn new(channels: Option<usize>) -> Self {
        let train = Train {
            optimizer: Optimizer::Kar3 {
                lr: 0.001215,
                betas: [0.5, 0.95],
            },
            schedule: Schedule::WarmupCosine {
                warmup: 8.0,
                floor: 0.0,
            },
            epochs: 100,
            batch: 64,
            augment: vec![],
            normalize: None,
            clip: None,
            ema: None,
            accumulate: 1,
        };
        Self { train, channels }
    }
}

/// All members of `train`, in the order of the reference.
pub(crate) fn settings() -> &'static [Setting] {
    static SETTINGS: LazyLock<Vec<Setting>> = LazyLock::new(rows_of_train);
    &SETTINGS
}

fn rows_of_train() -> Vec<Setting> {
    vec![
        Setting {
            name: "optimizer",
            doc: "The update rule.",
            takes: Takes::One(rows("optimizer", OPTIMIZERS, |recipe, optimizer| {
                recipe.train.optimizer = optimizer;
                Ok(())
            })),
            default: "kar3(lr=0.001215, betas=[0.5, 0.95])",
        },
        Setting {
            name: "schedule",
            doc: "The factor on the learning rate over time, times in epochs.",
            takes: Takes::One(rows("schedule", SCHEDULES, |recipe, schedule| {
                recipe.train.schedule = schedule;
                Ok(())
            })),
            default: "warmup_cosine(warmup=8)",
        },
        Setting {
            name: "epochs",
            doc: "Passes over the training part.",
            takes: value(|recipe, given: Given<i64>| {
                recipe.train.epochs = given.whole("`epochs`", 1, MAX_EPOCHS)?;
                Ok(())
            }),
            default: "100",
        },
        Setting {
            name: "batch",
            doc: "Images per step.",
            takes: value(|recipe, given: Given<i64>| {
                recipe.train.batch = given.whole("`batch`", 1, MAX_BATCH)?;
                Ok(())
            }),
            default: "64",
        },
        Setting {
            name: "augment",
            doc: "Random changes of training images, in this order.",
            takes: Takes::Many(rows("augmentation", AUGMENTATIONS, |recipe, augment| {
                recipe.train.augment.push(augment);
                Ok(())
            })),
            default: "[]",
        },
        Setting {
            name: "normalize",
            doc: "Statistics by which images are normalized.",
            takes: Takes::One(rows("normalization", NORMALIZERS, |recipe, statistics| {
                if let Some(channels) = recipe.channels {
                    recipe.train.normalize = Some(statistics.of(channels)?);
                }
                Ok(())
            })),
            default: "(those of the data set)",
        },
        Setting {
            name: "clip",
            doc: "Gradient clipping.",
            takes: Takes::One(rows("clipping", CLIPS, |recipe, clip| {
                recipe.train.clip = Some(clip);
                Ok(())
            })),
            default: "(nothing)",
        },
        Setting {
            name: "ema",
            doc: "Decay per step of a moving average of the weights, which is what is evaluated.",
            takes: value(|recipe, given: Given<f64>| {
                let decay = given.check("the decay", "above 0 and below 1", |x| x > 0.0 && x < 1.0);
                recipe.train.ema = Some(decay?);
                Ok(())
            }),
            default: "(nothing)",
        },
        Setting {
            name: "accumulate",
            doc: "Batches whose gradients are averaged into one step.",
            takes: value(|recipe, given: Given<i64>| {
                recipe.train.accumulate = given.whole("`accumulate`", 1, MAX_ACCUMULATED)?;
                Ok(())
            }),
            default: "1",
        },
    ]
}

/// The rows of a table together with where they go.
fn rows<T: 'static>(
    kind: &'static str,
    table: &'static [Choice<T>],
    store: fn(&mut Recipe, T) -> Result<(), Refusal>,
) -> Vec<Row> {
    let row = |choice: &'static Choice<T>| Row {
        kind,
        name: choice.name,
        doc: choice.doc,
        parameters: choice.parameters,
        store: Box::new(move |recipe, values| store(recipe, (choice.make)(values)?)),
    };
    table.iter().map(row).collect()
}

/// A value of the type that the function reads.
fn value<T: 'static>(store: fn(&mut Recipe, Given<T>) -> Result<(), Refusal>) -> Takes
where
    Given<T>: Argument,
{
    let put = move |recipe: &mut Recipe, given| store(recipe, Given::<T>::read(given));
    Takes::Value(Given::<T>::ty(), Box::new(put))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::recipe::{Augment, Clip, Normalize};
    use crate::primitives::fake::{float, floats, int, told};

    fn set(recipe: &mut Recipe, name: &str, given: Traced) -> Result<(), String> {
        let setting = settings().iter().find(|s| s.name == name).unwrap();
        let Takes::Value(_, store) = &setting.takes else {
            panic!("`{name}` takes no value")
        };
        store(recipe, given).map_err(|refusal| told(&refusal))
    }

    fn choose(
        recipe: &mut Recipe,
        name: &str,
        row: &str,
        values: Vec<Traced>,
    ) -> Result<(), String> {
        let setting = settings().iter().find(|s| s.name == name).unwrap();
        let (Takes::One(rows) | Takes::Many(rows)) = &setting.takes else {
            panic!("`{name}` takes no choice")
        };
        let row = rows.iter().find(|r| r.name == row).unwrap();
        (row.store)(recipe, values).map_err(|refusal| told(&refusal))
    }

    #[test]
    fn every_setting_changes_its_part_of_the_recipe() {
        let mut recipe = Recipe::new(Some(2));
        let betas = || floats(&[0.5, 0.9]);
        choose(&mut recipe, "optimizer", "kar3", vec![float(0.5), betas()]).unwrap();
        choose(&mut recipe, "schedule", "constant", vec![int(3)]).unwrap();
        set(&mut recipe, "epochs", int(4)).unwrap();
        set(&mut recipe, "batch", int(5)).unwrap();
        choose(&mut recipe, "augment", "horizontal_flip", vec![]).unwrap();
        choose(&mut recipe, "augment", "mixup", vec![float(0.2)]).unwrap();
        choose(&mut recipe, "normalize", "channels", vec![betas(), betas()]).unwrap();
        choose(&mut recipe, "clip", "value", vec![float(6.0)]).unwrap();
        set(&mut recipe, "ema", float(0.99)).unwrap();
        set(&mut recipe, "accumulate", int(7)).unwrap();
        let betas = [0.5, 0.9];
        let wanted = Train {
            optimizer: Optimizer::Kar3 { lr: 0.5, betas },
            schedule: Schedule::Constant { warmup: 3.0 },
            epochs: 4,
            batch: 5,
            augment: vec![Augment::HorizontalFlip, Augment::Mixup { alpha: 0.2 }],
            normalize: Some(Normalize {
                mean: betas.to_vec(),
                std: betas.to_vec(),
            }),
            clip: Some(Clip::Value(6.0)),
            ema: Some(0.99),
            accumulate: 7,
        };
        assert_eq!(recipe.train, wanted);
    }

    #[test]
    fn counts_and_decays_have_their_ranges() {
        let mut recipe = Recipe::new(Some(3));
        for (name, most) in [
            ("epochs", 100_000),
            ("batch", 1_000_000),
            ("accumulate", 100_000),
        ] {
            assert!(set(&mut recipe, name, int(most)).is_ok());
            let refused = set(&mut recipe, name, int(0)).unwrap_err();
            assert_eq!(
                refused,
                format!("`{name}` is 0, it must be from 1 to {most} at 7")
            );
            assert!(set(&mut recipe, name, int(most + 1)).is_err());
        }
        let refused = set(&mut recipe, "ema", float(1.0)).unwrap_err();
        assert_eq!(
            refused,
            "the decay is 1, it must be above 0 and below 1 at 8"
        );
    }

    #[test]
    fn what_holds_where_nothing_is_said_is_what_the_reference_says() {
        let train = |members: &str| {
            let text = format!(
                "model M {{\n    input image[1, 8, 8]\n    output logits = head(image, 4)\n    \
                 loss {{\n        cross_entropy(logits)\n    }}\n}}\n\n{members}"
            );
            let compiled =
                crate::compile("m.term", &text, &crate::Options::default(), &crate::NoFiles);
            compiled.model.unwrap().train.clone()
        };
        let written = settings().iter().filter(|s| !s.default.starts_with('('));
        let lines: Vec<String> = written
            .map(|s| format!("    {} = {}\n", s.name, s.default))
            .collect();
        assert!(lines.len() > 5);
        assert_eq!(
            train(&format!("train {{\n{}}}\n", lines.concat())),
            train("")
        );
    }

    #[test]
    fn every_member_has_a_setting() {
        let train = serde_json::to_value(Recipe::new(Some(3)).train).unwrap();
        let mut members: Vec<&str> = train
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let mut names: Vec<&str> = settings().iter().map(|s| s.name).collect();
        names.sort_unstable();
        members.sort_unstable();
        assert_eq!(names, members);
    }
}
