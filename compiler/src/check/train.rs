//! Checks the `train` section: optimizer, schedule, epochs, batch, augmentation and the rest, each with its range.

use termc_grammar::ast::{Expr, Setting, TrainDef};

use super::Checker;
use super::loss::head;
use super::signature::{Args, Default, Slot, float, int, needed, word};
use super::value::{Ty, Value};
use crate::diagnostics::{Code, Diagnostic, nearest, one_of};
use crate::model::{Augment, Clip, Normalize, Optimizer, PadMode, Schedule, Span, Train};

/// Members of the section.
pub(crate) const SETTINGS: &[&str] = &[
    "optimizer",
    "schedule",
    "epochs",
    "batch",
    "augment",
    "normalize",
    "clip",
    "ema",
    "accumulate",
];

type Choices = &'static [(&'static str, &'static [Slot])];

const BETAS: Slot = needed("betas", Ty::Floats);
const NESTEROV: Slot = Slot {
    name: "nesterov",
    ty: Ty::Bool,
    default: Some(Default::Bool(false)),
};

/// Values of `optimizer`.
pub(crate) const OPTIMIZERS: Choices = &[
    ("kar3", &[needed("lr", Ty::Float), BETAS]),
    ("kar2", &[needed("lr", Ty::Float), float("beta", 0.9)]),
    (
        "adamw",
        &[
            needed("lr", Ty::Float),
            BETAS,
            float("eps", 1e-8),
            float("weight_decay", 0.01),
        ],
    ),
    (
        "sgd",
        &[
            needed("lr", Ty::Float),
            float("momentum", 0.0),
            float("weight_decay", 0.0),
            NESTEROV,
        ],
    ),
];
/// Values of `schedule`.
pub(crate) const SCHEDULES: Choices = &[
    ("constant", &[float("warmup", 0.0)]),
    (
        "warmup_cosine",
        &[float("warmup", 0.0), float("floor", 0.0)],
    ),
    (
        "step",
        &[
            needed("every", Ty::Float),
            float("factor", 0.1),
            float("warmup", 0.0),
        ],
    ),
    (
        "one_cycle",
        &[
            float("rise", 0.3),
            float("start", 25.0),
            float("end", 10000.0),
        ],
    ),
];
/// Values of `augment`.
pub(crate) const AUGMENTS: Choices = &[
    (
        "random_crop",
        &[
            int("padding", 4),
            word("mode", Ty::Word(&["zero", "symmetric"]), "zero"),
        ],
    ),
    ("horizontal_flip", &[]),
    (
        "random_affine",
        &[
            float("degrees", 10.0),
            float("shear", 0.0),
            float("scale", 0.0),
            float("translate", 0.0),
        ],
    ),
    (
        "random_erasing",
        &[
            float("probability", 0.5),
            float("smallest", 0.02),
            float("largest", 0.33),
        ],
    ),
    ("mixup", &[float("alpha", 1.0)]),
    ("cutmix", &[float("alpha", 1.0)]),
];
/// Values of `normalize`.
pub(crate) const NORMALIZERS: Choices = &[(
    "channels",
    &[needed("mean", Ty::Floats), needed("std", Ty::Floats)],
)];
/// Values of `clip`.
pub(crate) const CLIPS: Choices = &[
    ("norm", &[needed("limit", Ty::Float)]),
    ("value", &[needed("limit", Ty::Float)]),
];

/// What each setting may be set to, for settings that take a call.
pub(crate) fn choices(setting: &str) -> Option<Choices> {
    Some(match setting {
        "optimizer" => OPTIMIZERS,
        "schedule" => SCHEDULES,
        "augment" => AUGMENTS,
        "normalize" => NORMALIZERS,
        "clip" => CLIPS,
        _ => return None,
    })
}

impl Train {
    /// What holds where the file says nothing: the published recipe without augmentation.
    fn published() -> Self {
        Self {
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
        }
    }
}

impl<'a> Checker<'a> {
    /// The recipe; None if a setting was reported as wrong.
    pub(super) fn train(
        &mut self,
        def: Option<&'a TrainDef>,
        channels: Option<usize>,
    ) -> Option<Train> {
        let mut train = Train::published();
        let mut sound = true;
        let mut before: Vec<(&str, Span)> = vec![];
        self.frames
            .push(super::Frame::new("section `train`".into()));
        for setting in def.map(|d| d.settings.as_slice()).unwrap_or_default() {
            let key = setting.key.text.as_str();
            if let Some((_, first)) = before.iter().find(|(n, _)| *n == key) {
                let diagnostic = Diagnostic::new(
                    Code::Repeated,
                    setting.key.span,
                    format!("`{key}` is given twice"),
                )
                .label("again here")
                .related(*first, "first here")
                .help("give it once");
                self.report(diagnostic);
                continue;
            }
            before.push((key, setting.key.span));
            sound &= self.setting(setting, &mut train, channels).is_some();
        }
        self.frames.pop();
        sound.then_some(train)
    }

    fn setting(
        &mut self,
        setting: &'a Setting,
        train: &mut Train,
        channels: Option<usize>,
    ) -> Option<()> {
        let key = setting.key.text.as_str();
        if !SETTINGS.contains(&key) {
            let mut diagnostic = Diagnostic::new(
                Code::UnknownSetting,
                setting.key.span,
                format!("unknown setting `{key}`"),
            )
            .label("not a member of `train`");
            diagnostic = match nearest(key, SETTINGS.iter().copied()) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic.help(format!("settings: {}", one_of(SETTINGS.iter().copied()))),
            };
            self.report(diagnostic);
            return None;
        }
        if key != "augment"
            && let Some(extra) = setting.values.get(1)
        {
            let message = format!("`{key}` takes one value, found {}", setting.values.len());
            self.report(
                Diagnostic::new(Code::Arity, extra.span, message)
                    .label("one too many")
                    .help("remove it"),
            );
            return None;
        }
        let value = setting.values.first()?;
        match key {
            "optimizer" => train.optimizer = self.optimizer(value)?,
            "schedule" => train.schedule = self.schedule(value)?,
            "epochs" => train.epochs = self.count(key, value, 100_000)?,
            "batch" => train.batch = self.count(key, value, 1_000_000)?,
            "accumulate" => train.accumulate = self.count(key, value, 100_000)?,
            "ema" => train.ema = Some(self.decay(value)?),
            "clip" => train.clip = Some(self.clip(value)?),
            "normalize" => train.normalize = Some(self.normalize(value, channels)?),
            _ => {
                let all: Vec<Option<Augment>> =
                    setting.values.iter().map(|v| self.augment(v)).collect();
                train.augment = all.into_iter().collect::<Option<Vec<_>>>()?;
            }
        }
        Some(())
    }

    fn count(&mut self, key: &str, expr: &'a Expr, most: i64) -> Option<usize> {
        match self.eval(expr, Some(Ty::Int)) {
            Value::Int(n) if (1..=most).contains(&n) => usize::try_from(n).ok(),
            Value::Int(n) => {
                self.out_of_range(
                    expr.span,
                    &format!("`{key}`"),
                    n as f64,
                    &format!("from 1 to {most}"),
                );
                None
            }
            _ => None,
        }
    }

    fn decay(&mut self, expr: &'a Expr) -> Option<f64> {
        let x = match self.eval(expr, Some(Ty::Float)) {
            Value::Float(x) => x,
            Value::Int(n) => n as f64,
            _ => return None,
        };
        if x > 0.0 && x < 1.0 {
            return Some(x);
        }
        self.out_of_range(expr.span, "the decay", x, "above 0 and below 1");
        None
    }

    /// One of several calls, bound.
    fn choose(&mut self, expr: &'a Expr, setting: &str) -> Option<(&'static str, Args)> {
        let choices = choices(setting)?;
        let found = head(expr).and_then(|(name, _)| choices.iter().find(|(n, _)| *n == name));
        let Some((name, slots)) = found else {
            let names = choices.iter().map(|(n, _)| *n);
            let (text, span) = head(expr).unwrap_or(("", expr.span));
            let message = if text.is_empty() {
                format!("`{setting}` takes {}", one_of(names.clone()))
            } else {
                format!("unknown {setting} `{text}`")
            };
            let mut diagnostic = Diagnostic::new(Code::UnknownWord, span, message)
                .label(format!("expected {}", one_of(names.clone())));
            if let Some(near) = nearest(text, names) {
                diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
            }
            self.report(diagnostic);
            return None;
        };
        let args = self.bind_term(expr, slots, name)?;
        (!args.unknown()).then_some((*name, args))
    }

    fn optimizer(&mut self, expr: &'a Expr) -> Option<Optimizer> {
        let (name, args) = self.choose(expr, "optimizer")?;
        let lr = self.learning_rate(&args);
        Some(match name {
            "kar2" => {
                let beta = self.fraction(&args, 1);
                Optimizer::Kar2 {
                    lr: lr?,
                    beta: beta?,
                }
            }
            "kar3" => {
                let betas = self.betas(&args, 1);
                Optimizer::Kar3 {
                    lr: lr?,
                    betas: betas?,
                }
            }
            "adamw" => {
                let (betas, eps, decay) = (
                    self.betas(&args, 1),
                    self.positive(&args, 2),
                    self.non_negative(&args, 3),
                );
                Optimizer::AdamW {
                    lr: lr?,
                    betas: betas?,
                    eps: eps?,
                    weight_decay: decay?,
                }
            }
            _ => {
                let (momentum, decay) = (self.fraction(&args, 1), self.non_negative(&args, 2));
                let nesterov = args.bool(3)?;
                if nesterov && momentum == Some(0.0) {
                    let diagnostic = Diagnostic::new(
                        Code::Range,
                        args.span(3),
                        "nesterov's form needs a momentum",
                    )
                    .help("add `momentum: 0.9`");
                    self.report(diagnostic);
                    return None;
                }
                Optimizer::Sgd {
                    lr: lr?,
                    momentum: momentum?,
                    weight_decay: decay?,
                    nesterov,
                }
            }
        })
    }

    fn learning_rate(&mut self, args: &Args) -> Option<f64> {
        let lr = args.float(0)?;
        if lr > 0.0 && lr <= 100.0 {
            return Some(lr);
        }
        self.out_of_range(
            args.span(0),
            "the learning rate",
            lr,
            "above 0 and at most 100",
        );
        None
    }

    fn betas(&mut self, args: &Args, i: usize) -> Option<[f64; 2]> {
        let list = args.floats(i)?;
        let [a, b] = list.as_slice() else {
            let diagnostic = Diagnostic::new(
                Code::Arity,
                args.span(i),
                format!("expected two decays, found {}", list.len()),
            )
            .help("write `betas: [0.5, 0.95]`");
            self.report(diagnostic);
            return None;
        };
        for beta in [a, b] {
            if !(0.0..1.0).contains(beta) {
                self.out_of_range(args.span(i), "a decay", *beta, "at least 0 and below 1");
                return None;
            }
        }
        Some([*a, *b])
    }

    fn schedule(&mut self, expr: &'a Expr) -> Option<Schedule> {
        let (name, args) = self.choose(expr, "schedule")?;
        Some(match name {
            "constant" => Schedule::Constant {
                warmup: self.non_negative(&args, 0)?,
            },
            "warmup_cosine" => {
                let (warmup, floor) = (self.non_negative(&args, 0), self.fraction(&args, 1));
                Schedule::WarmupCosine {
                    warmup: warmup?,
                    floor: floor?,
                }
            }
            "step" => {
                let (every, factor) = (self.positive(&args, 0), self.positive(&args, 1));
                Schedule::Step {
                    every: every?,
                    factor: factor?,
                    warmup: self.non_negative(&args, 2)?,
                }
            }
            _ => {
                let rise = self.fraction(&args, 0);
                let (start, end) = (self.positive(&args, 1), self.positive(&args, 2));
                Schedule::OneCycle {
                    rise: rise?,
                    start: start?,
                    end: end?,
                }
            }
        })
    }

    fn augment(&mut self, expr: &'a Expr) -> Option<Augment> {
        let (name, args) = self.choose(expr, "augment")?;
        Some(match name {
            "random_crop" => Augment::RandomCrop {
                padding: self.whole(&args, 0, 1, 4096)?,
                mode: if args.word(1)? == "symmetric" {
                    PadMode::Symmetric
                } else {
                    PadMode::Zero
                },
            },
            "horizontal_flip" => Augment::HorizontalFlip,
            "random_affine" => Augment::RandomAffine {
                degrees: self.angle(&args, 0, "the largest turn", 180.0)?,
                shear: self.angle(&args, 1, "the largest shear", 60.0)?,
                scale: self.fraction(&args, 2)?,
                translate: self.fraction(&args, 3)?,
            },
            "random_erasing" => {
                let probability = args.float(0)?;
                if !(0.0..=1.0).contains(&probability) {
                    self.out_of_range(args.span(0), "the probability", probability, "from 0 to 1");
                    return None;
                }
                let (low, high) = (self.fraction(&args, 1)?, self.fraction(&args, 2)?);
                if low > high {
                    self.out_of_range(
                        args.span(1),
                        "the smallest area",
                        low,
                        &format!("at most {high}, the largest"),
                    );
                    return None;
                }
                Augment::RandomErasing {
                    probability,
                    area: [low, high],
                }
            }
            "mixup" => Augment::Mixup {
                alpha: self.positive(&args, 0)?,
            },
            _ => Augment::Cutmix {
                alpha: self.positive(&args, 0)?,
            },
        })
    }

    fn angle(&mut self, args: &Args, i: usize, what: &str, largest: f64) -> Option<f64> {
        let degrees = args.float(i)?;
        if (0.0..=largest).contains(&degrees) {
            return Some(degrees);
        }
        let range = format!("from 0 to {largest} degrees");
        self.out_of_range(args.span(i), what, degrees, &range);
        None
    }

    fn normalize(&mut self, expr: &'a Expr, channels: Option<usize>) -> Option<Normalize> {
        let (_, args) = self.choose(expr, "normalize")?;
        let (mean, std) = (args.floats(0)?, args.floats(1)?);
        for (i, list) in [&mean, &std].into_iter().enumerate() {
            if let Some(channels) = channels.filter(|c| *c != list.len()) {
                let message = format!(
                    "the input has {channels} channels, found {} numbers",
                    list.len()
                );
                let diagnostic = Diagnostic::new(Code::Arity, args.span(i), message)
                    .help("give one number per channel");
                self.report(diagnostic);
                return None;
            }
        }
        if let Some(bad) = std.iter().find(|s| !(s.is_finite() && **s > 0.0)) {
            self.out_of_range(args.span(1), "a standard deviation", *bad, "greater than 0");
            return None;
        }
        Some(Normalize { mean, std })
    }

    fn clip(&mut self, expr: &'a Expr) -> Option<Clip> {
        let (name, args) = self.choose(expr, "clip")?;
        let limit = self.positive(&args, 0)?;
        Some(if name == "norm" {
            Clip::Norm(limit)
        } else {
            Clip::Value(limit)
        })
    }
}
