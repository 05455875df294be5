//! Makes the parameters of slow nets and of their context paths. Adds no nodes.

use super::builder::{AffineSpec, Builder, Limited, init_of};
use super::value::{InitSpec, ScaleSpec, SlowSpec};
use crate::model::{Affine, Context, Grid, Init, ParamKind, Penalty, Scale, SlowNet};

impl Builder {
    /// The parameters of a slow net under `path`.
    pub(crate) fn slow_net(
        &mut self,
        path: &str,
        spec: &SlowSpec,
        grid: Grid,
        outputs: usize,
    ) -> Limited<SlowNet> {
        // The published penalty counts two-dimensional convolution weights only.
        let penalty = if grid.dims() == 2 {
            Penalty::Slow
        } else {
            Penalty::None
        };
        let affine = AffineSpec {
            init: spec.init,
            bias: spec.bias,
            kind: ParamKind::Slow,
            weight_penalty: penalty,
            bias_penalty: Penalty::None,
        };
        let mut filters = vec![];
        for layer in 0..=spec.layers {
            let init = Init::Filter {
                bound: 1.0 / (grid.dims() as f64).sqrt(),
                scale: 2.0 * std::f64::consts::PI * spec.omega,
                concentration: spec.gamma / (layer + 1) as f64,
            };
            let path = format!("{path}.filters.{layer}");
            let shape = vec![spec.hidden, grid.dims()];
            filters.push(Affine {
                weight: self.param(
                    format!("{path}.weight"),
                    shape,
                    init,
                    ParamKind::Slow,
                    penalty,
                )?,
                bias: self.param(
                    format!("{path}.bias"),
                    vec![spec.hidden],
                    Init::Constant(0.0),
                    ParamKind::Slow,
                    Penalty::None,
                )?,
            });
        }
        let mut linears = vec![];
        for layer in 0..spec.layers {
            linears.push(self.affine(
                &format!("{path}.linears.{layer}"),
                [spec.hidden, spec.hidden],
                affine,
            )?);
        }
        let scale = 1.0 / (grid.positions() as f64).sqrt();
        let output = Affine {
            weight: self.param(
                format!("{path}.output.weight"),
                vec![outputs, spec.hidden],
                init_of(spec.init, spec.hidden, scale),
                ParamKind::Slow,
                penalty,
            )?,
            bias: self.param(
                format!("{path}.output.bias"),
                vec![outputs],
                Init::Constant(0.0),
                ParamKind::Slow,
                Penalty::None,
            )?,
        };
        let sizes = match grid {
            Grid::Plane { height, width } => vec![height, width],
            Grid::Line { length } => vec![length],
        };
        let bias = self.param(
            format!("{path}.bias"),
            sizes,
            Init::Constant(0.0),
            ParamKind::Slow,
            Penalty::None,
        )?;
        Ok(SlowNet {
            grid,
            hidden: spec.hidden,
            outputs,
            filters,
            linears,
            output,
            bias,
        })
    }

    /// The context path of a slow net under `path`, reading `channels` channels.
    pub(crate) fn context(
        &mut self,
        path: &str,
        spec: &SlowSpec,
        channels: usize,
    ) -> Limited<Context> {
        let framework = AffineSpec {
            init: InitSpec::Framework,
            bias: 0.0,
            kind: ParamKind::Slow,
            weight_penalty: Penalty::Slow,
            bias_penalty: Penalty::None,
        };
        let hidden = AffineSpec {
            init: spec.init,
            bias: spec.bias,
            ..framework
        };
        let reduce = self.affine(
            &format!("{path}.reduce"),
            [spec.hidden, channels],
            framework,
        )?;
        let fc1 = self.affine(
            &format!("{path}.fc1"),
            [spec.hidden, spec.hidden],
            framework,
        )?;
        let mut layers = vec![];
        for layer in 0..spec.layers {
            layers.push(self.affine(
                &format!("{path}.context.{layer}"),
                [spec.hidden, spec.hidden],
                hidden,
            )?);
        }
        let mut scale = |name: &str, spec: ScaleSpec| {
            Ok(match spec {
                ScaleSpec::Constant(x) => Scale::Constant(x),
                ScaleSpec::Trained(x) => Scale::Trained(self.param(
                    format!("{path}.{name}"),
                    vec![1],
                    Init::Constant(x),
                    ParamKind::Slow,
                    Penalty::None,
                )?),
            })
        };
        let (alpha, beta) = (scale("alpha", spec.alpha)?, scale("beta", spec.beta)?);
        Ok(Context {
            reduce,
            fc1,
            layers,
            alpha,
            beta,
        })
    }
}
