//! Means, standardization and normalization over axes: by a kernel where there is one, else in composed form.

use burn::tensor::{DType, Tensor};
use termc_compiler::model::{self, Axes, RunningStd};
use termc_kernels::Over;
use termc_kernels::composed::normalize::{
    mean_over, moments, normalize_over, standardize_known, standardize_over,
};
use termc_kernels::composed::standardize_forms::EPSILON;

use super::Run;
use crate::network::precision::{to, wide};

impl Run<'_> {
    pub(super) fn mean(&self, over: Axes, x: Tensor<4>) -> Tensor<4> {
        let kernels = self.pass.kernels;
        match over {
            Axes::CHANNELS => wide(x, |x| kernels.channel_mean(x)),
            // Small, and what heads and contexts are made of: it stays in 32 bits.
            Axes::INSTANCE => kernels.spatial_mean(to(x, DType::F32)),
            over => mean_over(to(x, DType::F32), &dims(over)),
        }
    }

    pub(super) fn standardize(&self, over: model::Over, eps: f64, x: Tensor<4>) -> Tensor<4> {
        match kernel_over(over, eps) {
            Ok(over) => self.half(x, |x| self.pass.kernels.standardize(x, over)),
            Err(axes) => wide(x, |x| standardize_over(x, &dims(axes), eps)),
        }
    }

    /// Zero mean and unit variance by the batch in training, whose statistics are noted, else by the stored statistics.
    pub(super) fn running_std(&self, op: &RunningStd, x: Tensor<4>) -> Tensor<4> {
        if self.pass.dropout.is_none() {
            let moments = [op.mean, op.var].map(|id| self.params.get(id));
            return wide(x, |x| standardize_known(x, moments, op.eps));
        }
        let found = moments(to(x.clone().detach(), DType::F32));
        let found = [op.mean, op.var].into_iter().zip(found);
        self.statistics.borrow_mut().extend(found);
        self.standardize(model::Over::Axes(Axes::BATCH), op.eps, x)
    }

    pub(super) fn normalize(&self, over: Axes, x: Tensor<4>) -> Tensor<4> {
        wide(x, |x| normalize_over(x, &dims(over)))
    }
}

/// The axes of a standardization as the kernels name them.
///
/// # Errors
/// The axes themselves where there is no kernel for them. Groups have the usual eps and a kernel.
pub(in crate::network) fn kernel_over(over: model::Over, eps: f64) -> Result<Over, Axes> {
    match over {
        model::Over::Groups(groups) => Ok(Over::Groups(groups)),
        model::Over::OddGroups(groups) => Ok(Over::OddGroups(groups)),
        model::Over::Axes(Axes::INSTANCE) if eps == EPSILON => Ok(Over::Instance),
        model::Over::Axes(Axes::BATCH) if eps == EPSILON => Ok(Over::Batch),
        model::Over::Axes(axes) => Err(axes),
    }
}

/// The axes of `[N, C, H, W]` that are meant, in rising order.
pub fn dims(axes: Axes) -> Vec<usize> {
    let of = [
        (axes.batch, &[0][..]),
        (axes.channels, &[1]),
        (axes.positions, &[2, 3]),
    ];
    let named = of.iter().filter(|(set, _)| *set);
    named.flat_map(|(_, dims)| dims.iter().copied()).collect()
}
