//! Running statistics: moves them towards those of a step. Where a batch's statistics come from is the network's business.

use burn::tensor::{Device, Tensor, TensorData};
use termc_compiler::model::{Model, Op};

use crate::params::Params;

/// Where a model's running statistics are among its parameters, and how far a step moves them.
#[derive(Clone, Debug)]
pub(super) struct Running {
    /// The momentum at the places of running statistics, 0 elsewhere, laid out like [`Params::flat`].
    momentum: Tensor<1>,
    /// 0 at those places, 1 elsewhere.
    others: Tensor<1>,
}

impl Running {
    /// None for a model that has none.
    pub fn of(model: &Model, device: &Device) -> Option<Self> {
        let mut of_params = vec![None; model.params.len()];
        for node in &model.nodes {
            if let Op::RunningStd(op) = &node.op {
                for id in [op.mean, op.var] {
                    if let Some(slot) = of_params.get_mut(id.index()) {
                        *slot = Some(op.momentum as f32);
                    }
                }
            }
        }
        if of_params.iter().all(Option::is_none) {
            return None;
        }
        let spread = |number: fn(Option<f32>) -> f32| {
            let each = model.params.iter().zip(&of_params);
            let each = each.flat_map(|(p, m)| std::iter::repeat_n(number(*m), p.count()));
            let all: Vec<f32> = each.collect();
            let count = all.len();
            Tensor::from_data(TensorData::new(all, [count]), device)
        };
        Some(Self {
            momentum: spread(|momentum| momentum.unwrap_or(0.0)),
            others: spread(|momentum| if momentum.is_some() { 0.0 } else { 1.0 }),
        })
    }

    /// The parameters with running statistics moved towards those that stand at their places of `step`.
    pub fn moved(&self, params: &Params, step: &Tensor<1>) -> Params {
        let flat = params.flat();
        let way = (step.clone() - flat.clone()) * self.momentum.clone();
        params.with_values(flat + way)
    }

    /// The gradient alone: 0 at the places of running statistics.
    pub fn without(&self, step: Tensor<1>) -> Tensor<1> {
        step * self.others.clone()
    }
}

#[cfg(test)]
mod tests {
    use termc_compiler::{NoFiles, Options, compile};

    use super::*;
    use crate::tensors::Tensors;

    fn model(first: &str) -> Model {
        let text = format!(
            "language 2\nmodel M {{\n input image[1, 1, 2]\n a = {first}\n output logits = head(a, 2)\n \
             loss {{ cross_entropy(logits) }}\n}}\n"
        );
        let compiled = compile("m.term", &text, &Options::default(), &NoFiles);
        compiled.model.unwrap()
    }

    #[test]
    fn statistics_move_by_their_momentum_and_nothing_else_does() {
        let model = model("running_std(image, momentum=0.25)");
        let device = Device::flex();
        let params = Params::init(&model, 1, &device);
        let running = Running::of(&model, &device).unwrap();
        let found = params.to_tensors().into_iter().map(|(name, data)| {
            let value = match name.as_str() {
                "a.mean" => 2.0,
                "a.var" => 5.0,
                _ => 7.0,
            };
            let count = data.shape().iter().product();
            let shape = data.shape().clone();
            (name, TensorData::new(vec![value as f32; count], shape))
        });
        let found: Tensors = found.collect();
        let step = Params::from_tensors(&model, &found, &device)
            .unwrap()
            .flat();
        let moved = running.moved(&params, &step).to_tensors();
        for (name, before) in params.to_tensors() {
            let after: Vec<f32> = moved.get(&name).unwrap().iter::<f32>().collect();
            match name.as_str() {
                "a.mean" => assert_eq!(after, [0.5]),
                "a.var" => assert_eq!(after, [2.0]),
                _ => assert_eq!(after, before.iter::<f32>().collect::<Vec<f32>>()),
            }
        }
        let gradient = params.with_values(running.without(step)).to_tensors();
        for (name, data) in gradient {
            let expected = if name.starts_with("a.") { 0.0 } else { 7.0 };
            assert!(data.iter::<f32>().all(|x| x == expected), "{name}");
        }
    }

    #[test]
    fn a_model_without_them_has_nothing_to_move() {
        assert!(Running::of(&model("relu(image)"), &Device::flex()).is_none());
    }
}
