//! Matrix products, by a way that their sizes decide. Nothing is tried out: Burn's own product compiles some ten candidates for
//! every size, each for a second, and a network has a hundred sizes.

use burn::backend::cubecl::dtype_to_elem_type;
use burn_cubecl::tensor::CubeTensor;
use cubek::matmul::definition::{MatmulElems, MatmulGlobalElems};
use cubek::matmul::launch::launch_ref;
use cubek::matmul::multi_level::Strategy;
use cubek::matmul::multi_level::components::tile::TileMatmulKind;
use cubek::matmul::multi_level::routines::batch::simple::SimpleArgs;
use cubek::matmul::routine::BlueprintStrategy;
use cubek::std::InputBinding;

use super::tensors::beside;
use crate::call::Kind;

/// With an axis at least this long, units of a plane take several rows each. Measured on an H100 in float32, over the sizes of
/// cifar10: below, the plain form is within 2 % of the best of ten on average, above 1.9 times as slow as the best; several rows, 1.2.
const LONG: usize = 512;

/// See [`Work::Product`](super::work::Work::Product).
pub fn product(
    inputs: Vec<CubeTensor>,
    results: &[Kind],
    transposed: [bool; 2],
) -> Vec<CubeTensor> {
    let (Ok([mut a, mut b]), Some(Kind { shape, dtype })) =
        (<[_; 2]>::try_from(inputs), results.first())
    else {
        return vec![];
    };
    for (matrix, transposed) in [(&mut a, transposed[0]), (&mut b, transposed[1])] {
        if transposed {
            let rank = matrix.meta.rank();
            matrix.meta.swap(rank - 2, rank - 1);
        }
    }
    let out = beside(&a, shape.clone(), *dtype);
    if shape.iter().product::<usize>() == 0 {
        return vec![out];
    }
    let rank = shape.num_dims();
    let longest = a.meta.shape()[rank - 1]
        .max(shape[rank - 2])
        .max(shape[rank - 1]);
    let mut refusals = Vec::new();
    for strategy in strategies(longest) {
        match launch(&strategy.into(), &a, &b, &out) {
            Ok(()) => return vec![out],
            Err(refusal) => refusals.push(refusal),
        }
    }
    unreachable!("no way of multiplying takes {a:?} and {b:?}: {refusals:?}")
}

/// The way to be taken, then those that stand in where a device lacks what it needs (matrix units, say).
fn strategies(longest: usize) -> [Strategy; 3] {
    let units = |tile_matmul, multi_rows| {
        BlueprintStrategy::Inferred(SimpleArgs {
            tile_matmul,
            multi_rows,
        })
    };
    let accelerated = match longest >= LONG {
        true => Strategy::SimpleCyclicMma(units(TileMatmulKind::Mma, true)),
        false => Strategy::SimpleCyclicCmma(units(TileMatmulKind::Cmma, false)),
    };
    [
        accelerated,
        Strategy::SimpleUnit(BlueprintStrategy::default()),
        Strategy::Naive,
    ]
}

fn launch(
    strategy: &cubek::matmul::strategy::Strategy,
    a: &CubeTensor,
    b: &CubeTensor,
    out: &CubeTensor,
) -> Result<(), String> {
    let [of_a, of_b, of_out] = [a, b, out].map(|tensor| dtype_to_elem_type(tensor.dtype));
    let mut types = MatmulElems::from_globals(&MatmulGlobalElems {
        lhs: of_a,
        rhs: of_b,
        out: of_out,
    });
    launch_ref(
        strategy,
        &a.client,
        InputBinding::new(a.clone().binding(), of_a),
        InputBinding::new(b.clone().binding(), of_b),
        out.clone().binding(),
        &mut types,
    )
    .map_err(|refusal| format!("{refusal:?}"))
}
