//! What a model costs: multiply-adds and floating-point operations per node and in all, per image and per pass. What an
//! operation takes stands beside it, in `primitives`.

use serde::Serialize;

use crate::model::{Graph, NodeId};

/// The cost of one node. Work on images is per image; work on kernels alone is per forward pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// Multiply-adds of linear maps, convolutions (padding counted) and matrix products, per image.
    pub multiply_adds: u64,
    /// Floating-point operations of the forward pass per image: two per multiply-add, one per elementwise operation.
    pub flops: u64,
    /// Floating-point operations of the backward pass per image: each product has one gradient per factor.
    pub flops_backward: u64,
    /// Multiply-adds that do not depend on the number of images, per pass.
    pub fixed_multiply_adds: u64,
    /// Floating-point operations that do not depend on the number of images, per forward pass.
    pub fixed_flops: u64,
    /// The same for the backward pass.
    pub fixed_flops_backward: u64,
}

impl Cost {
    fn per_image(multiply_adds: u64, elementwise: u64) -> Self {
        let flops = multiply_adds.saturating_mul(2).saturating_add(elementwise);
        Self {
            multiply_adds,
            flops,
            flops_backward: flops.saturating_mul(2),
            ..Self::default()
        }
    }

    fn fixed(multiply_adds: u64, elementwise: u64) -> Self {
        let flops = multiply_adds.saturating_mul(2).saturating_add(elementwise);
        Self {
            fixed_multiply_adds: multiply_adds,
            fixed_flops: flops,
            fixed_flops_backward: flops.saturating_mul(2),
            ..Self::default()
        }
    }

    /// The sum of two costs; no number grows over what a `u64` holds.
    pub fn plus(self, other: Self) -> Self {
        Self {
            multiply_adds: self.multiply_adds.saturating_add(other.multiply_adds),
            flops: self.flops.saturating_add(other.flops),
            flops_backward: self.flops_backward.saturating_add(other.flops_backward),
            fixed_multiply_adds: self
                .fixed_multiply_adds
                .saturating_add(other.fixed_multiply_adds),
            fixed_flops: self.fixed_flops.saturating_add(other.fixed_flops),
            fixed_flops_backward: self
                .fixed_flops_backward
                .saturating_add(other.fixed_flops_backward),
        }
    }
}

/// The cost of one node.
pub fn node(graph: &Graph, id: NodeId) -> Cost {
    let node = &graph[id];
    let work = node.op.work(graph, &node.shape);
    let own = if node.shape.batched {
        Cost::per_image(work.multiply_adds, work.elementwise)
    } else {
        Cost::fixed(work.multiply_adds, work.elementwise)
    };
    match work.per_image {
        Some((multiply_adds, elementwise)) => own.plus(Cost::per_image(multiply_adds, elementwise)),
        None => own,
    }
}

/// The cost of the whole model.
pub fn total(graph: &Graph) -> Cost {
    graph
        .node_ids()
        .map(|id| node(graph, id))
        .fold(Cost::default(), Cost::plus)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::StartKind;
    use crate::model::{
        Affine, Axes, Context, Function, Grid, Op, Over, ParamId, Scale, Shape, Sizes, SlowNet,
    };
    use crate::primitives::fake::{Fake, float, int, ints, node as given, start, traced, word};
    use crate::primitives::{
        Bias, ContextKernel, Fill, Kernel, Rescale, Standardize, StandardizeScaled, Tile,
        arithmetic, matmul::matmul,
    };

    /// The cost of the last node.
    fn cost(fake: &Fake) -> Cost {
        node(&fake.graph(), NodeId(fake.nodes.len() as u32 - 1))
    }

    /// The cost of a call on images `[N, 4, 6, 5]`, 120 scalars each.
    fn of_images(name: &str, more: Vec<crate::language::Traced>) -> Cost {
        let mut fake = Fake::default();
        let mut values = vec![fake.images(4, &[6, 5])];
        values.extend(more);
        fake.call(name, values).unwrap();
        cost(&fake)
    }

    /// The same of a map `[1, 4, 6, 5]` that no image changes.
    fn of_same(name: &str, more: Vec<crate::language::Traced>) -> Cost {
        let mut fake = Fake::default();
        let mut values = vec![fake.same(4, &[6, 5])];
        values.extend(more);
        fake.call(name, values).unwrap();
        cost(&fake)
    }

    /// The cost of an operation on `[N, 4, 6, 5]`, which node 0 is, of the same shape.
    fn of_op(op: impl Into<Op>) -> Cost {
        let mut fake = Fake::default();
        fake.images(4, &[6, 5]);
        let shape = fake.nodes[0].1;
        fake.nodes.push((op.into(), shape));
        cost(&fake)
    }

    #[test]
    fn values_and_what_only_moves_them_cost_nothing() {
        let mut fake = Fake::default();
        fake.images(4, &[6, 5]);
        assert_eq!(cost(&fake), Cost::default());
        fake.call("grid", vec![ints(&[6, 5])]).unwrap();
        assert_eq!(cost(&fake), Cost::default());
        fake.call("param", vec![int(4)]).unwrap();
        assert_eq!(cost(&fake), Cost::default());
        assert_eq!(of_op(Fill { value: 1.0 }), Cost::default());
        assert_eq!(
            of_op(Tile {
                x: NodeId(0),
                times: 2
            }),
            Cost::default()
        );
        assert_eq!(of_images("stop_gradient", vec![]), Cost::default());
        assert_eq!(of_images("split", vec![int(2)]), Cost::default());
        assert_eq!(of_images("flatten", vec![]), Cost::default());
        let mut fake = Fake::default();
        let x = fake.images(4, &[6, 5]);
        let twice = traced(crate::language::Value::List(vec![x.clone(), x]));
        fake.call("concat", vec![twice]).unwrap();
        assert_eq!(cost(&fake), Cost::default());
    }

    #[test]
    fn a_linear_map_has_a_multiply_add_for_each_input_of_each_output() {
        // [N, 3, 6, 5] of 4 channels: 3 * 30 = 90 outputs, 4 multiply-adds and a bias each.
        assert_eq!(of_images("linear", vec![int(3)]), Cost::per_image(360, 90));
        assert_eq!(of_same("linear", vec![int(3)]), Cost::fixed(360, 90));
        // Two operations a multiply-add; each has two gradients.
        let written_out = Cost {
            multiply_adds: 360,
            flops: 810,
            flops_backward: 1620,
            ..Cost::default()
        };
        assert_eq!(Cost::per_image(360, 90), written_out);
        let weight = start(StartKind::Number(1.0));
        let none = start(StartKind::None);
        let bare = of_images("linear", vec![int(3), weight, none]);
        assert_eq!(bare, Cost::per_image(360, 0));
    }

    #[test]
    fn sines_of_a_grid_are_counted_once_a_pass() {
        let mut fake = Fake::default();
        let grid = traced(fake.call("grid", vec![ints(&[6, 5])]).unwrap());
        let weight = start(StartKind::Normal(1.0));
        fake.call("fourier", vec![grid, int(3), weight]).unwrap();
        // 3 * 30 = 90 outputs of 2 coordinates: 180 multiply-adds; a bias and a sine of 8 operations each.
        assert_eq!(cost(&fake), Cost::fixed(180, 90 * 9));
    }

    #[test]
    fn a_depthwise_convolution_has_a_multiply_add_for_each_kernel_position() {
        let mut fake = Fake::default();
        let (x, kernel) = (fake.images(4, &[6, 5]), fake.same(4, &[3, 5]));
        fake.call("depthwise", vec![x, kernel]).unwrap();
        // 120 outputs of 15 positions.
        assert_eq!(cost(&fake), Cost::per_image(1800, 0));
    }

    #[test]
    fn functions_have_their_price_for_each_scalar() {
        for (name, price) in [
            ("gelu", 8),
            ("sigmoid", 4),
            ("tanh", 4),
            ("sin", 8),
            ("exp", 4),
        ] {
            assert_eq!(of_images(name, vec![]), Cost::per_image(0, 120 * price));
            assert_eq!(of_same(name, vec![]), Cost::fixed(0, 120 * price));
        }
        assert_eq!(Function::Gelu.name(), "gelu");
    }

    #[test]
    fn a_mean_reads_every_scalar() {
        for axes in ["channels", "positions"] {
            assert_eq!(of_images("mean", vec![word(axes)]), Cost::per_image(0, 120));
            assert_eq!(of_same("mean", vec![word(axes)]), Cost::fixed(0, 120));
        }
        // The result is the same for all images, but each of them is read.
        assert_eq!(
            of_images("mean", vec![word("batch")]),
            Cost::per_image(0, 120)
        );
        assert_eq!(of_same("mean", vec![word("batch")]), Cost::fixed(0, 120));
        // Pooling reads every scalar too, of whatever many it makes.
        assert_eq!(
            of_images("adaptive_avg_pool", vec![ints(&[2, 2])]),
            Cost::per_image(0, 120)
        );
    }

    #[test]
    fn statistics_and_norms() {
        // Mean, centred squares, scale: 6; square, sum, quotient: 3.
        assert_eq!(
            of_images("standardize", vec![word("positions")]),
            Cost::per_image(0, 720)
        );
        assert_eq!(
            of_same("standardize", vec![word("batch")]),
            Cost::fixed(0, 720)
        );
        assert_eq!(
            of_images("normalize", vec![word("positions")]),
            Cost::per_image(0, 360)
        );
        let groups = |over| Standardize {
            x: NodeId(0),
            over,
            eps: 1e-5,
        };
        assert_eq!(
            of_op(groups(Over::Axes(Axes::BATCH))),
            Cost::per_image(0, 720)
        );
        assert_eq!(of_op(groups(Over::Groups(4))), Cost::per_image(0, 720));
        // Groups 1 and 3 of 4: half of the scalars.
        assert_eq!(of_op(groups(Over::OddGroups(4))), Cost::per_image(0, 360));
        let (x, scale) = (NodeId(0), NodeId(0));
        assert_eq!(
            of_op(StandardizeScaled { x, scale }),
            Cost::per_image(0, 720)
        );
        let (scale, shift) = (ParamId(0), ParamId(1));
        assert_eq!(of_op(Rescale { x, scale, shift }), Cost::per_image(0, 240));
    }

    #[test]
    fn arithmetic_has_one_operation_for_each_scalar_of_the_result() {
        let mut fake = Fake::default();
        let (x, row) = (fake.images(4, &[6, 1]), fake.same(1, &[6, 5]));
        let (x, row) = (given(&x), given(&row));
        arithmetic::add(&mut fake, &x, &row).unwrap();
        assert_eq!(cost(&fake), Cost::per_image(0, 120));
        arithmetic::sub(&mut fake, &x, &row).unwrap();
        assert_eq!(cost(&fake), Cost::per_image(0, 120));
        arithmetic::mul(&mut fake, &row, &row).unwrap();
        assert_eq!(cost(&fake), Cost::fixed(0, 30));
        arithmetic::scale_by(&mut fake, &row, 2.0).unwrap();
        assert_eq!(cost(&fake), Cost::fixed(0, 30));
        arithmetic::offset(&mut fake, &x, 2.0).unwrap();
        assert_eq!(cost(&fake), Cost::per_image(0, 24));
        assert_eq!(
            of_op(Bias {
                x: NodeId(0),
                bias: ParamId(0)
            }),
            Cost::per_image(0, 120)
        );
        let dropout = of_images("dropout", vec![float(0.5)]);
        assert_eq!(dropout, Cost::per_image(0, 120));
    }

    #[test]
    fn a_matrix_product_has_a_multiply_add_for_each_inner_position() {
        let mut fake = Fake::default();
        let (a, b) = (fake.images(4, &[6, 5]), fake.images(4, &[5, 7]));
        matmul(&mut fake, &given(&a), &given(&b)).unwrap();
        // 4 * 6 * 7 outputs of 5.
        assert_eq!(cost(&fake), Cost::per_image(840, 0));
    }

    /// Hidden 3, one layer, 4 outputs, on 2 x 5 positions.
    fn net() -> SlowNet {
        let affine = Affine {
            weight: ParamId(0),
            bias: None,
        };
        SlowNet {
            grid: Grid::Plane {
                height: 2,
                width: 5,
            },
            hidden: 3,
            outputs: 4,
            filters: vec![affine; 2],
            linears: vec![affine],
            output: affine,
            bias: ParamId(0),
        }
    }

    #[test]
    fn a_slow_net_is_computed_once_a_pass() {
        let mut fake = Fake::default();
        fake.images(4, &[6, 5]);
        let shape = Shape {
            batched: false,
            channels: 4,
            sizes: Sizes::new(&[2, 5]).unwrap(),
        };
        let net = || Box::new(net());
        fake.nodes.push((Kernel { net: net() }.into(), shape));
        // At each of 10 positions 2 filters 2 x 3, a map 3 x 3 and the output 3 x 4: 12 + 9 + 12 = 33 multiply-adds; 2 * 3
        // sines of 8, and for each of 3 a product and a sum: 48 + 6 = 54 other operations.
        let own = Cost::fixed(330, 540);
        assert_eq!(cost(&fake), own);

        let affine = net().output;
        let context = Context {
            reduce: affine,
            fc1: affine,
            layers: vec![affine],
            alpha: Scale::Constant(1.0),
            beta: Scale::Constant(0.1),
        };
        let kernel = |source| ContextKernel {
            net: net(),
            context: Box::new(context.clone()),
            source,
        };
        fake.nodes.push((kernel(NodeId(0)).into(), shape));
        // Besides, `fc1` and a map for the layer, 10 * (9 + 9) multiply-adds; a GELU and 6 operations for each of 30. Each image is
        // pooled, 120 scalars read, and reduced at 10 positions from 4 channels to 3.
        let context_path = Cost::fixed(180, 30 * 14);
        let of_image = Cost::per_image(120, 120);
        assert_eq!(cost(&fake), own.plus(context_path).plus(of_image));
        // A context that is the same for all images is read once.
        fake.nodes[0].1.batched = false;
        assert_eq!(
            cost(&fake),
            own.plus(context_path).plus(Cost::fixed(120, 120))
        );
    }

    #[test]
    fn the_whole_is_the_sum_of_its_nodes_and_no_sum_overflows() {
        let mut fake = Fake::default();
        let x = fake.images(4, &[6, 5]);
        let y = traced(fake.call("linear", vec![x, int(3)]).unwrap());
        fake.call("mean", vec![y, word("batch")]).unwrap();
        assert_eq!(total(&fake.graph()), Cost::per_image(360, 90 + 90));
        let most = Cost::per_image(u64::MAX, u64::MAX);
        assert_eq!(most.plus(most), most);
    }

    #[test]
    fn what_lowering_recognises_takes_as_many_multiply_adds_as_its_primitives() {
        let text = include_str!("../../examples/tiny.term");
        let options = crate::Options::default();
        let model = crate::compile("tiny.term", text, &options, &crate::NoFiles)
            .model
            .unwrap();
        assert!(model.nodes.len() < model.primitives().nodes.len());
        let (lowered, primitives) = (total(&model), total(model.primitives()));
        assert_eq!(lowered.multiply_adds, primitives.multiply_adds);
        assert_eq!(lowered.fixed_multiply_adds, primitives.fixed_multiply_adds);
    }
}
