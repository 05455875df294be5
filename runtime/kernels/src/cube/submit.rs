//! From a piece of work to the device: at once without fusing, as an operation of the stream with it.

use std::fmt;

use burn::backend::fusion::stream::{Operation, StreamId};
use burn::backend::fusion::{Fusion, FusionBackend, FusionHandle};
use burn::backend::ir::{CustomOpIr, HandleContainer, OperationIr, TensorIr};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, ExecutionError, TensorMetadata};
use burn_cubecl::CubeBackend;
use burn_cubecl::tensor::CubeTensor;

use super::work::Work;
use super::{depthwise, pieces, product, sines, standardize};
use crate::call::Kind;

/// Backends on which the kernels run.
pub trait Submit: Backend {
    /// Has the work done; gives its results.
    fn submit(work: Work, inputs: Vec<FloatTensor<Self>>) -> Vec<FloatTensor<Self>>;
}

fn kinds<T: TensorMetadata>(inputs: &[T]) -> Vec<Kind> {
    let each = inputs.iter().map(|x| Kind {
        shape: x.shape(),
        dtype: x.dtype(),
    });
    each.collect()
}

impl Submit for CubeBackend {
    fn submit(work: Work, inputs: Vec<CubeTensor>) -> Vec<CubeTensor> {
        let results = work.results(&kinds(&inputs));
        match work {
            Work::Standardize {
                statistics,
                product,
                finish,
            } => standardize::forward(inputs, &results, statistics, product, finish),
            Work::StandardizeBackward {
                statistics,
                product,
                gelu,
            } => standardize::backward(inputs, &results, statistics, product, gelu),
            Work::Depthwise { flipped } => depthwise::convolve(inputs, &results, flipped),
            Work::Sines { sides } => sines::forward(inputs, &results, &sides),
            Work::SinesBackward { sides } => sines::backward(inputs, &results, &sides),
            Work::Cut { sizes } => pieces::cut(inputs, &sizes),
            Work::Join => pieces::join(inputs, &results),
            Work::Norms {
                sizes,
                coefficients,
            } => pieces::norms(inputs, &results, &sizes, &coefficients),
            Work::Product { transposed } => product::product(inputs, &results, transposed),
            Work::DepthwiseKernel { k, parts } => {
                depthwise::kernel_gradient(inputs, &results, k, parts)
            }
        }
    }
}

/// Work that waits in the stream.
struct Waiting<B> {
    work: Work,
    tensors: CustomOpIr,
    backend: std::marker::PhantomData<fn() -> B>,
}

impl<B> fmt::Debug for Waiting<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.work)
    }
}

impl<B: FusionBackend + Submit> Operation<B::FusionRuntime> for Waiting<B> {
    fn execute(
        &self,
        handles: &mut HandleContainer<FusionHandle<B::FusionRuntime>>,
    ) -> Result<(), ExecutionError> {
        let inputs = self.tensors.inputs.iter();
        let inputs = inputs.map(|tensor| handles.get_float_tensor::<B>(tensor));
        let results = B::submit(self.work.clone(), inputs.collect());
        for (tensor, result) in self.tensors.outputs.iter().zip(results) {
            handles.register_float_tensor::<B>(&tensor.id, result);
        }
        Ok(())
    }
}

impl<B: FusionBackend + Submit> Submit for Fusion<B> {
    fn submit(work: Work, inputs: Vec<FloatTensor<Self>>) -> Vec<FloatTensor<Self>> {
        let Some(client) = inputs.first().map(|x| x.client.clone()) else {
            return vec![];
        };
        let outputs = work.results(&kinds(&inputs)).into_iter();
        let outputs = outputs
            .map(|kind| TensorIr::uninit(client.create_empty_handle(), kind.shape, kind.dtype));
        let outputs: Vec<TensorIr> = outputs.collect();
        let inputs: Vec<TensorIr> = inputs.into_iter().map(|x| x.into_ir()).collect();
        let tensors = CustomOpIr::new(work.name(), &inputs, &outputs);
        let operation = Waiting::<B> {
            work,
            tensors: tensors.clone(),
            backend: std::marker::PhantomData,
        };
        client.register(StreamId::current(), OperationIr::Custom(tensors), operation)
    }
}
