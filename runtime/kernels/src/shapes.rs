//! The shapes that operations take. A wrong one is a fault of the calling code, as it is in Burn: it ends in a panic that
//! names the shapes.

use crate::call::Edges;

/// Sizes of a tensor of rank 4.
pub type Dims = [usize; 4];

/// The sizes of both with axes of size 1 expanded.
///
/// # Panics
/// If two sizes of an axis differ and neither is 1.
pub fn broadcast(name: &str, a: Dims, b: Dims) -> Dims {
    let fits = a.iter().zip(b).all(|(a, b)| *a == b || *a == 1 || b == 1);
    assert!(fits, "{name}: sizes {a:?} and {b:?} do not broadcast");
    let mut joined = a;
    joined.iter_mut().zip(b).for_each(|(a, b)| *a = (*a).max(b));
    joined
}

/// The parts, each with how many times in a row it stands.
///
/// # Panics
/// If there are no parts, they differ in more than their channels, or these are not the weight's inputs.
pub fn pointwise(parts: &[(Dims, usize)], weight: [usize; 2], bias: [usize; 1]) {
    let Some(([n, _, height, width], _)) = parts.first().copied() else {
        assert!(!parts.is_empty(), "pointwise: there is no input");
        return;
    };
    let equal = parts
        .iter()
        .all(|([a, _, b, c], _)| [*a, *b, *c] == [n, height, width]);
    assert!(
        equal,
        "pointwise: parts {parts:?} differ in more than their channels"
    );
    let channels = parts
        .iter()
        .map(|([_, channels, ..], times)| channels * times);
    let channels: usize = channels.sum();
    let [outputs, inputs] = weight;
    assert_eq!(
        channels, inputs,
        "pointwise: parts {parts:?} have not as many channels as weight {weight:?} has inputs"
    );
    assert_eq!(
        [outputs],
        bias,
        "pointwise: bias {bias:?} does not fit weight {weight:?}"
    );
}

/// # Panics
/// If the kernel is not `[1, C, odd, odd]` with the channels of `x`.
pub fn depthwise(x: Dims, kernel: Dims) {
    let [_, channels, ..] = x;
    let [one, of_kernel, height, width] = kernel;
    let has_centre = one == 1 && height % 2 == 1 && width % 2 == 1;
    assert!(
        has_centre,
        "depthwise: kernel {kernel:?} is not [1, C, height, width] with odd sides"
    );
    assert_eq!(
        of_kernel, channels,
        "depthwise: kernel {kernel:?} has other channels than {x:?}"
    );
}

/// The shape of the product of the last two axes, batch and channels expanded.
///
/// # Panics
/// If the matrices do not fit, or batch or channels do not broadcast.
pub fn matmul(a: Dims, b: Dims) -> Dims {
    let ([an, ac, rows, inner], [bn, bc, of_b, columns]) = (a, b);
    assert_eq!(
        inner, of_b,
        "matmul: {a:?} has as many columns as {b:?} should have rows"
    );
    let [n, c, ..] = broadcast("matmul", [an, ac, 1, 1], [bn, bc, 1, 1]);
    [n, c, rows, columns]
}

/// # Panics
/// If channels cannot be split into the groups.
pub fn groups(x: Dims, groups: usize) {
    let [_, channels, ..] = x;
    let fits = groups > 0 && channels.is_multiple_of(groups);
    assert!(
        fits,
        "standardize: {channels} channels cannot be split into {groups} groups"
    );
}

/// # Panics
/// If one of the vectors has not one number per channel.
pub fn per_channel(name: &str, x: Dims, vectors: [[usize; 1]; 2]) {
    let [_, channels, ..] = x;
    assert_eq!(
        vectors,
        [[channels]; 2],
        "{name}: scale and shift are not one number for each channel of {x:?}"
    );
}

/// # Panics
/// If the bias is neither one number nor one per position.
pub fn bias(x: Dims, bias: &[usize]) {
    let [.., height, width] = x;
    let fits = bias == [1] || bias == [height, width];
    assert!(
        fits,
        "bias: {bias:?} is neither [1] nor the positions of {x:?}"
    );
}

/// # Panics
/// If channels or positions differ, both have several images and not as many, or a plane is to be causal.
pub fn long_conv(x: Dims, kernel: Dims, edges: Edges) {
    let images = x[0] == kernel[0] || x[0] == 1 || kernel[0] == 1;
    assert!(
        images && x[1..] == kernel[1..],
        "long_conv: kernel {kernel:?} is not as long as {x:?}"
    );
    assert!(
        edges != Edges::Causal || x[3] == 1,
        "long_conv: {x:?} is a plane and has no order"
    );
}
