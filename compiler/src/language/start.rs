//! How stored tensors start, as the language writes it: not yet worked out for a fan.

use super::shown;
use crate::parts::Init;

/// A value of type `init`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Start {
    /// Which.
    pub kind: StartKind,
    /// Factor.
    pub scale: f64,
    /// Whether the tensor is never trained.
    pub fixed: bool,
}

/// The kinds of [`Start`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum StartKind {
    /// There is no such tensor.
    None,
    /// This number everywhere.
    Number(f64),
    /// Uniform on `[-bound, bound]`.
    Uniform(f64),
    /// Normal with this deviation.
    Normal(f64),
    /// Uniform with bound `gain sqrt(3 / fan_in)`.
    KaimingUniform(f64),
    /// Normal with deviation `gain / sqrt(fan_in)`.
    KaimingNormal(f64),
    /// Uniform with this bound times Gamma(concentration, 1).
    GammaUniform(f64, f64),
}

impl Start {
    /// Trained, not scaled.
    pub fn new(kind: StartKind) -> Self {
        Self {
            kind,
            scale: 1.0,
            fixed: false,
        }
    }

    /// Worked out for a tensor with this many inputs to each output; None where there is no such tensor.
    pub fn resolve(&self, fan_in: usize) -> Option<Init> {
        let fan = fan_in.max(1) as f64;
        Some(match self.kind {
            StartKind::None => return None,
            StartKind::Number(value) => Init::Constant(value * self.scale),
            StartKind::Uniform(bound) => Init::Uniform {
                bound: bound * self.scale,
            },
            StartKind::Normal(std) => Init::Normal {
                std: std * self.scale,
            },
            StartKind::KaimingUniform(gain) => Init::Uniform {
                bound: gain * (3.0 / fan).sqrt() * self.scale,
            },
            StartKind::KaimingNormal(gain) => Init::Normal {
                std: gain / fan.sqrt() * self.scale,
            },
            StartKind::GammaUniform(bound, concentration) => Init::GammaUniform {
                bound: bound * self.scale,
                concentration,
            },
        })
    }
}

impl std::fmt::Display for Start {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.fixed {
            let inner = Self {
                fixed: false,
                ..*self
            };
            return write!(f, "fixed({inner})");
        }
        match self.kind {
            StartKind::None => f.write_str("none")?,
            StartKind::Number(x) => write!(f, "{}", shown(x))?,
            StartKind::Uniform(bound) => write!(f, "uniform({})", shown(bound))?,
            StartKind::Normal(std) => write!(f, "normal({})", shown(std))?,
            StartKind::KaimingUniform(gain) => write!(f, "kaiming_uniform({})", shown(gain))?,
            StartKind::KaimingNormal(gain) => write!(f, "kaiming_normal({})", shown(gain))?,
            StartKind::GammaUniform(bound, k) => {
                write!(f, "gamma_uniform({}, {})", shown(bound), shown(k))?;
            }
        }
        match self.scale {
            1.0 => Ok(()),
            scale => write!(f, " * {}", shown(scale)),
        }
    }
}
