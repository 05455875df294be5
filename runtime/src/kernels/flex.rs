//! The CPU implementation: Burn's Flex backend, with and without gradients.

use burn_autodiff::Autodiff;
use burn_autodiff::checkpoint::strategy::CheckpointStrategy;
use burn_flex::Flex;

use super::Kernels;

impl Kernels for Flex {}

impl<C: CheckpointStrategy> Kernels for Autodiff<Flex, C> {}
