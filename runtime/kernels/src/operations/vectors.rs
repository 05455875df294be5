//! Vectors of all parameters: cut, joined, stepped, and the norms of their pieces.

use burn::backend::DispatchTensor;
use burn::tensor::Tensor;

use super::given;
use crate::KernelChoice;
use crate::call::Call;
use crate::composed;

impl KernelChoice {
    /// Kar's rule on vectors of all parameters, `[P]` each: `params - lr * (sign gradient + sum_i sign average_i)`, and the
    /// averages moved by it, `beta_i * average_i + (1 - beta_i) * gradient`.
    pub fn kar(
        self,
        params: Tensor<1>,
        gradient: Tensor<1>,
        averages: Vec<Tensor<1>>,
        betas: &[f64],
        lr: f64,
    ) -> (Tensor<1>, Vec<Tensor<1>>) {
        assert_eq!(averages.len(), betas.len(), "kar: an average for each beta");
        let call = Call::Kar {
            betas: betas.to_vec(),
            rate: lr,
        };
        let mut operands = vec![given(&params), given(&gradient)];
        operands.extend(averages.iter().map(given));
        let results = self.by_kernel(&params.device(), &call, operands);
        let mut results = results.unwrap_or_default().into_iter();
        match results.next() {
            Some(stepped) => {
                let moved = results.map(Tensor::from_dispatch).collect();
                (Tensor::from_dispatch(stepped), moved)
            }
            None => composed::kar(params, gradient, averages, betas, lr),
        }
    }

    /// The pieces of a vector, which are as long as `sizes` says, one after the other.
    pub fn cut(self, vector: Tensor<1>, sizes: &[usize]) -> Vec<Tensor<1>> {
        assert_eq!(
            vector.dims(),
            [sizes.iter().sum::<usize>()],
            "cut: the pieces are not the whole"
        );
        let call = Call::Cut {
            sizes: sizes.to_vec(),
        };
        match self.by_kernel(&vector.device(), &call, vec![given(&vector)]) {
            Some(pieces) => pieces.into_iter().map(Tensor::from_dispatch).collect(),
            None => composed::cut(vector, sizes),
        }
    }

    /// Vectors one after the other as one.
    pub fn join(self, pieces: Vec<Tensor<1>>) -> Tensor<1> {
        let operands = pieces.iter().map(given).collect();
        let device = pieces.first().map(Tensor::device);
        let results = device.and_then(|device| self.by_kernel(&device, &Call::Join, operands));
        match results.and_then(|results| results.into_iter().next()) {
            Some(joined) => Tensor::from_dispatch(joined),
            None => Tensor::cat(pieces, 0),
        }
    }

    /// The sum of the L2 norms of a vector's pieces, each times its coefficient, `[1]`, and its gradient: `c * v / ||v||`, 0 for a
    /// piece that is 0.
    pub fn norms(
        self,
        vector: Tensor<1>,
        sizes: &[usize],
        coefficients: &[f64],
    ) -> (Tensor<1>, Tensor<1>) {
        assert_eq!(
            sizes.len(),
            coefficients.len(),
            "norms: a coefficient for each piece"
        );
        let call = Call::Norms {
            sizes: sizes.to_vec(),
            coefficients: coefficients.to_vec(),
        };
        let results = self.by_kernel(&vector.device(), &call, vec![given(&vector)]);
        match results.and_then(|results| <[DispatchTensor; 2]>::try_from(results).ok()) {
            Some([sum, gradient]) => (Tensor::from_dispatch(sum), Tensor::from_dispatch(gradient)),
            None => composed::norms(vector, sizes, coefficients),
        }
    }
}
