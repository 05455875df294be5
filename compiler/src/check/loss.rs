//! Checks the `loss` section: which terms, their arguments, and that the kernels compared fit each other.

use termc_grammar::ast::{Expr, ExprKind, ModelDef};

use super::Checker;
use super::signature::{Slot, float, needed, word};
use super::value::Ty;
use crate::diagnostics::{Code, Diagnostic, nearest, one_of};
use crate::model::{CrossEntropy, Loss, NodeId, SlowNeural, SlowNeuralKind, Span, WeightNorm};

/// Terms and their parameters.
pub(crate) const TERMS: &[(&str, &[Slot])] = &[
    (
        "cross_entropy",
        &[float("smoothing", 0.0), float("weight", 1.0)],
    ),
    (
        "slow_neural",
        &[
            word("kind", Ty::Word(&["channel_sum", "tile"]), "channel_sum"),
            float("weight", 1.0),
        ],
    ),
    (
        "weight_norm",
        &[needed("fast", Ty::Float), needed("slow", Ty::Float)],
    ),
];

/// The name of what is written as a call or a bare name.
pub(crate) fn head(expr: &Expr) -> Option<(&str, Span)> {
    match &expr.kind {
        ExprKind::Name(name) => Some((name, expr.span)),
        ExprKind::Call(call) => Some((&call.callee.text, call.callee.span)),
        _ => None,
    }
}

impl<'a> Checker<'a> {
    /// The loss; None if a term was reported as wrong.
    pub(super) fn loss(&mut self, def: &'a ModelDef, elaborated: bool) -> Option<Loss> {
        for extra in def.losses.iter().skip(1) {
            let first = def.losses.first().map_or(extra.span, |l| l.span);
            let diagnostic = Diagnostic::new(Code::Repeated, extra.span, "`loss` is given twice")
                .label("again here")
                .related(first, "first here")
                .help("put all terms into one section");
            self.report(diagnostic);
        }
        let mut loss = Loss {
            cross_entropy: CrossEntropy {
                smoothing: 0.0,
                weight: 0.0,
            },
            slow_neural: None,
            weight_norm: None,
        };
        let mut sound = true;
        let mut before: Vec<(&str, Span)> = vec![];
        self.frames.push(super::Frame::new("section `loss`".into()));
        for term in def
            .losses
            .first()
            .map(|l| l.terms.as_slice())
            .unwrap_or_default()
        {
            let known = head(term).and_then(|(name, span)| {
                TERMS
                    .iter()
                    .find(|(n, _)| *n == name)
                    .map(|(n, slots)| (*n, *slots, span))
            });
            let Some((name, slots, span)) = known else {
                self.unknown_term(term);
                sound = false;
                continue;
            };
            if let Some((_, first)) = before.iter().find(|(n, _)| *n == name) {
                let diagnostic = Diagnostic::new(
                    Code::Repeated,
                    span,
                    format!("loss term `{name}` is given twice"),
                )
                .label("again here")
                .related(*first, "first here")
                .help("give it once, with a `weight`");
                self.report(diagnostic);
                continue;
            }
            before.push((name, span));
            sound &= self
                .term(term, name, slots, &mut loss, elaborated)
                .is_some();
        }
        self.frames.pop();
        if !before.iter().any(|(n, _)| *n == "cross_entropy") && sound {
            let at = def.losses.first().map_or(def.name.span, |l| l.span);
            let diagnostic = Diagnostic::new(
                Code::NoLoss,
                at,
                format!("model `{}` has no cross-entropy loss", def.name.text),
            )
            .label("nothing tells it what to learn")
            .help("add `loss { cross_entropy(smoothing: 0.1) }`");
            self.report(diagnostic);
            sound = false;
        }
        sound.then_some(loss)
    }

    fn unknown_term(&mut self, term: &Expr) {
        let names = TERMS.iter().map(|(n, _)| *n);
        let (text, span) = head(term).unwrap_or(("", term.span));
        let mut diagnostic = Diagnostic::new(
            Code::UnknownSetting,
            span,
            format!("unknown loss term `{text}`"),
        )
        .label(format!("expected {}", one_of(names.clone())));
        if let Some(near) = nearest(text, names) {
            diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
        }
        self.report(diagnostic);
    }

    fn term(
        &mut self,
        term: &'a Expr,
        name: &str,
        slots: &'static [Slot],
        loss: &mut Loss,
        elaborated: bool,
    ) -> Option<()> {
        let args = self.bind_term(term, slots, name)?;
        if args.unknown() {
            return None;
        }
        match name {
            "cross_entropy" => {
                let (smoothing, weight) = (self.fraction(&args, 0), self.non_negative(&args, 1));
                loss.cross_entropy = CrossEntropy {
                    smoothing: smoothing?,
                    weight: weight?,
                };
            }
            "slow_neural" => {
                let weight = self.non_negative(&args, 1)?;
                let kind = if args.word(0)? == "tile" {
                    SlowNeuralKind::Tile
                } else {
                    SlowNeuralKind::ChannelSum
                };
                if elaborated {
                    self.comparable(kind, term.span)?;
                }
                let kernels: Vec<NodeId> = self.kernels.iter().map(|(id, _)| *id).collect();
                loss.slow_neural = Some(SlowNeural {
                    kind,
                    weight,
                    kernels,
                });
            }
            _ => {
                let (fast, slow) = (self.non_negative(&args, 0), self.non_negative(&args, 1));
                loss.weight_norm = Some(WeightNorm {
                    fast: fast?,
                    slow: slow?,
                });
            }
        }
        Some(())
    }

    /// Every pair of kernels must be comparable.
    fn comparable(&mut self, kind: SlowNeuralKind, span: Span) -> Option<()> {
        let kernels = self.kernels.clone();
        if kernels.len() < 2 {
            let diagnostic = Diagnostic::new(
                Code::Missing,
                span,
                format!(
                    "the slow neural loss compares kernels, and the model names {}",
                    kernels.len()
                ),
            )
            .label("needs two or more")
            .help("bind hyper-kernels with `kernel K = hyper(...)`");
            self.report(diagnostic);
            return None;
        }
        // Divisibility is transitive along the chain of sizes, so neighbours in order of creation decide most cases;
        // all pairs with the first kernel that fails are enough to say what is wrong.
        let mut largest: Option<(NodeId, Span)> = None;
        for (id, at) in &kernels {
            let shape = self.builder.shape(*id);
            if let Some((before, before_at)) = largest {
                let other = self.builder.shape(before);
                let planes = (shape.height, shape.width) == (other.height, other.width);
                let tiles = kind != SlowNeuralKind::Tile
                    || shape.channels.is_multiple_of(other.channels.max(1));
                if !planes || !tiles {
                    let (code, message) = if planes {
                        (
                            Code::Tile,
                            format!(
                                "a kernel of {} channels does not tile into {}",
                                other.channels, shape.channels
                            ),
                        )
                    } else {
                        (
                            Code::Elementwise,
                            format!("kernels of one size are needed, found {other} and {shape}"),
                        )
                    };
                    let diagnostic = Diagnostic::new(code, span, message)
                        .label("compares all named kernels")
                        .related(before_at, format!("this one is {other}"))
                        .related(*at, format!("this one is {shape}"))
                        .help(if planes {
                            "use `slow_neural(channel_sum)`"
                        } else {
                            "name only kernels of one size with `kernel`"
                        });
                    self.report(diagnostic);
                    return None;
                }
            }
            largest = Some((*id, *at));
        }
        Some(())
    }
}
