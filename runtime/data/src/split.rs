//! Which images train, which validate, which test: seeded and stratified. Copies no pixels.

use std::sync::Arc;

use super::dataset::{Dataset, Part, Subset};
use super::error::Error;
use crate::random::Key;

/// How to split a data set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SplitOptions {
    /// Fraction of the training images that validates instead, `0 <= val < 1`; where the data set has a validation part of
    /// its own, that validates unless the fraction is 0.
    pub val: f64,
    /// Use only this many images of the training part (validation included).
    pub limit: Option<usize>,
    /// Decides which images.
    pub seed: u64,
}

/// A data set divided for training. Training and validation images come from the training part and are disjoint;
/// together they are the whole of it, unless limited; a validation part of the data set's own leaves all of it to train on.
/// The test part is always whole.
#[derive(Clone, Debug)]
pub struct DatasetSplit {
    /// To train on.
    pub train: Subset,
    /// To choose the best weights by; empty if no validation was asked for.
    pub validation: Subset,
    /// For one evaluation at the end.
    pub test: Subset,
}

/// Divides a data set.
///
/// The training part is put into a stratified order: shuffled within each class, then merged so that every prefix
/// holds each class in proportion to its frequency, to within one image. `limit` keeps a prefix of that order; the
/// first `val` of that prefix (rounded, at least one image) validates, the rest trains. So a smaller limit with the
/// same seed uses a subset of a larger one's images.
pub fn split(dataset: &Dataset, options: &SplitOptions) -> Result<DatasetSplit, Error> {
    let mut order = stratified_order(&dataset.train, options.seed);
    let images = order.len();
    let fail = |reason: String| Err(Error::DatasetSplit { images, reason });
    if !(0.0..1.0).contains(&options.val) {
        return fail(format!(
            "the validation fraction is {}, expected 0 <= fraction < 1",
            options.val
        ));
    }
    if let Some(limit) = options.limit {
        order.truncate(limit);
    }
    let own = dataset.validation.as_ref().filter(|_| options.val > 0.0);
    let validation = match options.val {
        0.0 => 0,
        _ if own.is_some() => 0,
        fraction => ((order.len() as f64 * fraction).round() as usize).max(1),
    };
    if validation >= order.len() {
        return fail(format!(
            "with a limit of {} and {validation} for validation none is left to train on",
            order.len()
        ));
    }
    let train = order.split_off(validation);
    Ok(DatasetSplit {
        train: Subset::new(dataset.train.clone(), train)?,
        validation: match own {
            Some(part) => Subset::all(part.clone()),
            None => Subset::new(dataset.train.clone(), order)?,
        },
        test: Subset::all(dataset.test.clone()),
    })
}

/// All images of a part so that every prefix holds the classes in proportion: image `r` (from 0) of a class of `n`
/// images is placed at `(r + 1/2) / n`, ties in class order.
fn stratified_order(part: &Arc<Part>, seed: u64) -> Vec<usize> {
    let mut classes = vec![Vec::new(); part.classes()];
    for (index, &label) in part.labels().iter().enumerate() {
        if let Some(members) = classes.get_mut(usize::from(label)) {
            members.push(index);
        }
    }
    let key = Key::new(seed).named("split");
    let mut placed: Vec<(f64, usize, usize)> = Vec::with_capacity(part.len());
    for (class, members) in classes.iter().enumerate() {
        let ranks = key.at(class as u64).permutation(members.len());
        let place = |rank: usize| (rank as f64 + 0.5) / members.len() as f64;
        let members = members.iter().zip(ranks);
        placed.extend(members.map(|(&index, rank)| (place(rank), class, index)));
    }
    placed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    placed.into_iter().map(|(_, _, index)| index).collect()
}
