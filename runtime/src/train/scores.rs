//! Counting right and wrong classifications: running sums of a training epoch, and the full account of an evaluation. Works on
//! numbers that already left the device.

use serde::{Deserialize, Deserializer, Serialize};

use crate::objective::{TermValue, TermValues};

/// What some steps added up; means are sums divided by images.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    /// Images seen.
    pub images: u64,
    /// Of them, classified right.
    pub correct: u64,
    /// Sum over images of each loss term; none before the first batch.
    pub losses: Vec<TermValue>,
    /// Seconds.
    pub seconds: f64,
    /// Of them, spent waiting for images.
    pub waiting: f64,
}

impl Sums {
    /// Adds a batch's mean loss terms and how many images it classified right.
    pub fn add(&mut self, terms: &TermValues, images: usize, correct: usize) {
        let weight = images as f64;
        self.images += images as u64;
        self.correct += correct as u64;
        if self.losses.is_empty() {
            let zero = |term: &TermValue| TermValue {
                value: 0.0,
                ..term.clone()
            };
            self.losses = terms.terms.iter().map(zero).collect();
        }
        for (sum, term) in self.losses.iter_mut().zip(&terms.terms) {
            sum.value += weight * term.value;
        }
    }

    /// Adds the time a batch took and how much of it was waiting for images.
    pub fn add_time(&mut self, seconds: f64, waiting: f64) {
        self.seconds += seconds;
        self.waiting += waiting;
    }

    /// The mean loss terms.
    pub fn terms(&self) -> TermValues {
        let mean = |sum: &TermValue| TermValue {
            value: sum.value / self.images.max(1) as f64,
            ..sum.clone()
        };
        TermValues::from_terms(self.losses.iter().map(mean).collect())
    }

    /// Fraction of images classified right.
    pub fn top1(&self) -> f64 {
        self.correct as f64 / self.images.max(1) as f64
    }

    /// Images per second; None before any time has passed.
    pub fn throughput(&self) -> Option<f64> {
        (self.seconds > 0.0).then(|| self.images as f64 / self.seconds)
    }

    /// Fraction of the time spent waiting for images.
    pub fn loading(&self) -> Option<f64> {
        (self.seconds > 0.0).then(|| self.waiting / self.seconds)
    }
}

/// An image and its classification.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Its index in its part of the data set.
    pub image: usize,
    /// Its class.
    pub label: usize,
    /// The most probable class.
    pub answer: usize,
    /// Probability of the right class.
    #[serde(deserialize_with = "or_infinite")]
    pub probability: f64,
}

/// JSON has no number that is not finite; such a one is written as null and read as infinite.
pub(crate) fn or_infinite<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(from)?.unwrap_or(f64::INFINITY))
}

/// The account of an evaluation in which every image was classified once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Images.
    pub images: u64,
    /// Of them, classified right.
    pub top1: u64,
    /// Of them, with the right class among the five most probable.
    pub top5: u64,
    /// `confusion[label][answer]`: how often.
    pub confusion: Vec<Vec<u64>>,
    /// The mean loss terms over images, as in training but without dropout and augmentation.
    pub terms: TermValues,
    /// The wrong classifications that gave the right class the least probability, worst first.
    pub worst: Vec<Answer>,
}

/// How many wrong classifications are kept.
const WORST: usize = 36;

impl Scores {
    /// Nothing classified yet.
    pub fn new(classes: usize) -> Self {
        Self {
            images: 0,
            top1: 0,
            top5: 0,
            confusion: vec![vec![0; classes]; classes],
            terms: TermValues::default(),
            worst: Vec::new(),
        }
    }

    /// Counts some images: `logits` is `[N, classes]`, row-major.
    pub fn add(&mut self, logits: &[f32], labels: &[usize], images: &[usize]) {
        let classes = self.confusion.len().max(1);
        let rows = logits.chunks_exact(classes);
        for ((row, label), image) in rows.zip(labels).zip(images) {
            let (answer, rank) = (argmax(row), rank(row, *label));
            self.images += 1;
            self.top1 += u64::from(rank == 0);
            self.top5 += u64::from(rank < 5);
            if let Some(cell) = self
                .confusion
                .get_mut(*label)
                .and_then(|row| row.get_mut(answer))
            {
                *cell += 1;
            }
            if rank > 0 {
                self.worst.push(Answer {
                    image: *image,
                    label: *label,
                    answer,
                    probability: probability(row, *label),
                });
            }
        }
        self.keep_worst();
    }

    /// Adds what was found on other images; the loss terms stay as they are.
    pub fn merge(&mut self, other: &Self) {
        self.images += other.images;
        self.top1 += other.top1;
        self.top5 += other.top5;
        let cells = self.confusion.iter_mut().flatten();
        let others = other.confusion.iter().flatten();
        cells.zip(others).for_each(|(cell, other)| *cell += other);
        self.worst.extend(&other.worst);
        self.keep_worst();
    }

    fn keep_worst(&mut self) {
        self.worst.sort_by(|a, b| {
            let order = a.probability.total_cmp(&b.probability);
            order.then(a.image.cmp(&b.image))
        });
        self.worst.truncate(WORST);
    }

    /// Fraction of images classified right.
    pub fn accuracy(&self) -> f64 {
        self.top1 as f64 / self.images.max(1) as f64
    }

    /// Fraction with the right class among the five most probable.
    pub fn accuracy5(&self) -> f64 {
        self.top5 as f64 / self.images.max(1) as f64
    }

    /// Images of a class, and how many of them were classified right.
    pub fn class(&self, label: usize) -> (u64, u64) {
        let row = self.confusion.get(label);
        let right = row.and_then(|row| row.get(label)).copied().unwrap_or(0);
        (row.map_or(0, |row| row.iter().sum()), right)
    }
}

/// The largest entry's index, the first of equals.
pub fn argmax(row: &[f32]) -> usize {
    let better = |best: (usize, f32), (i, v): (usize, f32)| if v > best.1 { (i, v) } else { best };
    let start = (0, f32::NEG_INFINITY);
    row.iter().copied().enumerate().fold(start, better).0
}

/// How many classes come before this one; the first of equals comes first.
fn rank(row: &[f32], label: usize) -> usize {
    let Some(own) = row.get(label) else {
        return row.len();
    };
    let before = |(i, v): &(usize, &f32)| {
        **v > *own || (**v == *own && *i < label) || (own.is_nan() && *i != label)
    };
    row.iter().enumerate().filter(before).count()
}

/// Softmax, one entry of it.
pub fn probability(row: &[f32], class: usize) -> f64 {
    let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weight = |v: f32| f64::from(v - top).exp();
    let sum: f64 = row.iter().copied().map(weight).sum();
    row.get(class).map_or(0.0, |v| weight(*v) / sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted() {
        let mut scores = Scores::new(6);
        #[rustfmt::skip]
        let logits = [
            0.0, 9.0, 1.0, 2.0, 3.0, 4.0, // label 1: right
            5.0, 4.0, 3.0, 2.0, 1.0, 0.0, // label 5: last
            5.0, 5.0, 0.0, 0.0, 0.0, 0.0, // label 1: beaten by its equal before it
        ];
        scores.add(&logits, &[1, 5, 1], &[10, 11, 12]);
        assert_eq!((scores.images, scores.top1, scores.top5), (3, 1, 2));
        assert_eq!(scores.class(1), (2, 1));
        assert_eq!(scores.class(5), (1, 0));
        assert_eq!(scores.confusion[5][0], 1);
        assert_eq!(scores.confusion[1], [1, 1, 0, 0, 0, 0]);
        let worst: Vec<_> = scores.worst.iter().map(|w| (w.image, w.answer)).collect();
        assert_eq!(worst, [(11, 0), (12, 0)]);
        assert!((scores.worst[1].probability - 0.4933).abs() < 1e-3);
    }

    #[test]
    fn parts_merge_to_the_whole() {
        let logits = |seed: usize| -> Vec<f32> {
            (0..40 * 6).map(|i| ((i * 7 + seed) % 11) as f32).collect()
        };
        let labels: Vec<usize> = (0..40).map(|i| i % 6).collect();
        let add = |scores: &mut Scores, part: usize| {
            let images: Vec<usize> = (40 * part..40 * (part + 1)).collect();
            scores.add(&logits(part), &labels, &images);
        };
        let (mut whole, mut first, mut second) = (Scores::new(6), Scores::new(6), Scores::new(6));
        (0..2).for_each(|part| add(&mut whole, part));
        add(&mut first, 0);
        add(&mut second, 1);
        second.merge(&first);
        assert_eq!(whole, second);
    }

    #[test]
    fn a_network_that_answers_nan_is_wrong() {
        let mut scores = Scores::new(2);
        scores.add(&[f32::NAN, f32::NAN], &[0], &[0]);
        assert_eq!((scores.images, scores.top1), (1, 0));
    }

    #[test]
    fn sums_are_means_over_images() {
        let mut sums = Sums::default();
        let term = |name: &str, classifies, value| TermValue {
            name: name.into(),
            classifies,
            value,
        };
        let terms = |main| {
            let all = vec![term("main", true, main), term("slow_neural", false, 1.0)];
            TermValues::from_terms(all)
        };
        sums.add(&terms(2.0), 3, 1);
        sums.add(&terms(6.0), 1, 1);
        sums.add_time(2.0, 0.5);
        assert_eq!(sums.terms().classification(), 3.0);
        assert_eq!(sums.terms().total, 4.0);
        assert_eq!(sums.terms().get("slow_neural"), Some(1.0));
        assert_eq!(sums.terms().get("weight_norm"), None);
        assert_eq!(
            (sums.top1(), sums.throughput(), sums.loading()),
            (0.5, Some(2.0), Some(0.25))
        );
    }
}
