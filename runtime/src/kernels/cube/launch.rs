//! From a call to the device: at once on a plain CubeCL backend, as a custom operation of the stream on a fusing one.

use std::fmt;
use std::marker::PhantomData;

use burn::tensor::TensorMetadata;
use burn::tensor::backend::Backend;
use burn_cubecl::element::BoolElement;
use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{CubeBackend, CubeRuntime};
use burn_fusion::stream::{Operation, OperationStreams};
use burn_fusion::{Fusion, FusionBackend, FusionHandle};
use burn_ir::{CustomOpIr, HandleContainer, OperationIr, TensorIr};

use super::call::{Call, Kind};
use super::{depthwise, standardize};

/// Backends on which the kernels run.
pub trait Cubed: Backend {
    /// Answers a call.
    fn call(call: Call, inputs: Vec<Self::FloatTensorPrimitive>)
    -> Vec<Self::FloatTensorPrimitive>;

    /// Memory that this thread's work holds on the device.
    fn reserved(device: &Self::Device) -> Option<u64>;
}

/// Answers a call that has `N` answers.
pub fn call<B: Cubed, const N: usize>(
    call: Call,
    inputs: Vec<B::FloatTensorPrimitive>,
) -> [B::FloatTensorPrimitive; N] {
    let answers = B::call(call, inputs);
    let Ok(answers) = answers.try_into() else {
        unreachable!("a call has as many answers as it states")
    };
    answers
}

impl<R: CubeRuntime, BT: BoolElement> Cubed for CubeBackend<R, f32, i32, BT> {
    fn reserved(device: &Self::Device) -> Option<u64> {
        let usage = R::client(device).memory_usage().ok()?;
        Some(usage.bytes_reserved)
    }

    fn call(call: Call, inputs: Vec<CubeTensor<R>>) -> Vec<CubeTensor<R>> {
        let kinds: Vec<Kind> = inputs.iter().map(|x| (x.shape(), x.dtype())).collect();
        let answers = call.answers(&kinds);
        match call {
            Call::Standardize {
                statistics,
                product,
                finish,
            } => standardize::forward(inputs, &answers, statistics, product, finish),
            Call::StandardizeBack {
                statistics,
                product,
                gelu,
            } => standardize::backward(inputs, &answers, statistics, product, gelu),
            Call::Depthwise { flipped } => depthwise::convolve(inputs, &answers, flipped),
            Call::DepthwiseKernel { k, parts } => depthwise::correlate(inputs, &answers, k, parts),
        }
    }
}

/// A call that waits in the stream.
struct Waiting<B> {
    call: Call,
    tensors: CustomOpIr,
    backend: PhantomData<fn() -> B>,
}

impl<B> fmt::Debug for Waiting<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.call)
    }
}

impl<B: FusionBackend + Cubed> Operation<B::FusionRuntime> for Waiting<B> {
    fn execute(&self, handles: &mut HandleContainer<FusionHandle<B::FusionRuntime>>) {
        let inputs = self.tensors.inputs.iter();
        let inputs = inputs.map(|tensor| handles.get_float_tensor::<B>(tensor));
        let answers = <B as Cubed>::call(self.call, inputs.collect());
        for (tensor, answer) in self.tensors.outputs.iter().zip(answers) {
            handles.register_float_tensor::<B>(&tensor.id, answer);
        }
    }
}

impl<B: FusionBackend + Cubed> Cubed for Fusion<B> {
    fn reserved(device: &Self::Device) -> Option<u64> {
        B::reserved(device)
    }

    fn call(
        call: Call,
        inputs: Vec<Self::FloatTensorPrimitive>,
    ) -> Vec<Self::FloatTensorPrimitive> {
        let kinds: Vec<Kind> = inputs.iter().map(|x| (x.shape(), x.dtype())).collect();
        let Some(client) = inputs.first().map(|x| x.client.clone()) else {
            return vec![];
        };
        let outputs = call.answers(&kinds).into_iter();
        let outputs = outputs
            .map(|(shape, dtype)| TensorIr::uninit(client.create_empty_handle(), shape, dtype));
        let outputs: Vec<TensorIr> = outputs.collect();
        let streams = OperationStreams::with_inputs(&inputs);
        let inputs: Vec<TensorIr> = inputs.into_iter().map(|x| x.into_ir()).collect();
        let tensors = CustomOpIr::new(call.name(), &inputs, &outputs);
        let operation = Waiting::<B> {
            call,
            tensors: tensors.clone(),
            backend: PhantomData,
        };
        client.register(streams, OperationIr::Custom(tensors), operation)
    }
}
