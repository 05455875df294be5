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
    /// How often the network was right, by how sure it was: [`BINS`] ranges of equal width of the answer's probability.
    #[serde(default)]
    pub calibration: Vec<Bin>,
    /// Images whose logits are not all finite numbers. They count in everything but the calibration; where one is NaN,
    /// as wrong.
    #[serde(default)]
    pub not_finite: u64,
    /// One of them, the first in the part.
    #[serde(default)]
    pub first_not_finite: Option<usize>,
}

/// Answers whose probability is in one range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// How many.
    pub images: u64,
    /// Of them, right.
    pub right: u64,
    /// The sum of their probabilities in units of 2^-32: whole numbers, so that the order of adding does not matter.
    pub probability: u64,
}

/// A probability of 1 in a [`Bin`].
const ONE: f64 = 4294967296.0;

/// Ranges of probability that a calibration error is taken over; as many as in Guo et al., 2017 (arXiv 1706.04599).
pub const BINS: usize = 15;

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
            calibration: vec![Bin::default(); BINS],
            not_finite: 0,
            first_not_finite: None,
        }
    }

    /// Counts some images: `logits` is `[N, classes]`, row-major.
    pub fn add(&mut self, logits: &[f32], labels: &[usize], images: &[usize]) {
        let classes = self.confusion.len().max(1);
        let rows = logits.chunks_exact(classes);
        for ((row, label), image) in rows.zip(labels).zip(images) {
            let (answer, rank) = (argmax(row), rank(row, *label));
            self.images += 1;
            if row.iter().any(|logit| !logit.is_finite()) {
                self.note_not_finite(1, Some(*image));
            } else {
                self.calibrate(probability(row, answer), rank == 0);
            }
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
        self.note_not_finite(other.not_finite, other.first_not_finite);
        for (bin, other) in self.calibration.iter_mut().zip(&other.calibration) {
            bin.images += other.images;
            bin.right += other.right;
            bin.probability += other.probability;
        }
    }

    fn note_not_finite(&mut self, count: u64, first: Option<usize>) {
        self.not_finite += count;
        self.first_not_finite = self.first_not_finite.into_iter().chain(first).min();
    }

    fn calibrate(&mut self, probability: f64, right: bool) {
        let bin = (probability * BINS as f64) as usize;
        if let Some(bin) = self.calibration.get_mut(bin.min(BINS - 1)) {
            bin.images += 1;
            bin.right += u64::from(right);
            bin.probability += (probability * ONE).round() as u64;
        }
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

    /// Fraction with the right class among the five most probable; None where there are no more than five.
    pub fn accuracy5(&self) -> Option<f64> {
        let fraction = self.top5 as f64 / self.images.max(1) as f64;
        (self.confusion.len() > 5).then_some(fraction)
    }

    /// The mean over classes of F1, the harmonic mean of precision and recall; over the classes that there are images of or
    /// that were answered.
    pub fn macro_f1(&self) -> f64 {
        let classes = 0..self.confusion.len();
        let each = classes.filter_map(|class| {
            let (images, right) = self.class(class);
            let answered: u64 = self.confusion.iter().filter_map(|row| row.get(class)).sum();
            // 2 TP / (2 TP + FP + FN)
            (images + answered > 0).then(|| 2.0 * right as f64 / (images + answered) as f64)
        });
        let (sum, count) = each.fold((0.0, 0), |(sum, count), f1| (sum + f1, count + 1));
        sum / f64::from(count.max(1))
    }

    /// The expected calibration error: how far the probability of an answer is from how often such answers are right, on
    /// average over images. None of accounts that earlier versions have written.
    pub fn calibration_error(&self) -> Option<f64> {
        let images: u64 = self.calibration.iter().map(|bin| bin.images).sum();
        let gaps = self
            .calibration
            .iter()
            .map(|bin| (bin.right as f64 - bin.probability as f64 / ONE).abs());
        (images > 0).then(|| gaps.sum::<f64>() / images as f64)
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
    fn a_network_that_answers_nan_is_wrong_and_is_noticed() {
        let mut scores = Scores::new(2);
        scores.add(&[f32::NAN, f32::NAN, 1.0, f32::INFINITY], &[0, 1], &[7, 3]);
        assert_eq!((scores.images, scores.top1), (2, 1));
        assert_eq!((scores.not_finite, scores.first_not_finite), (2, Some(3)));
        assert_eq!(scores.calibration_error(), None);
    }

    /// Worked out by hand: class 0 has precision 1/2 and recall 1, class 1 precision 1 and recall 1/2, class 2 is nowhere.
    #[test]
    fn f1_and_the_calibration_error_are_those_of_their_definitions() {
        let mut scores = Scores::new(3);
        let sure = (0.8f32 / 0.1).ln();
        #[rustfmt::skip]
        let logits = [
            sure, 0.0, 0.0, // label 0: right
            sure, 0.0, 0.0, // label 1: wrong
            0.0, sure, 0.0, // label 1: right
        ];
        scores.add(&logits, &[0, 1, 1], &[0, 1, 2]);
        let f1 = 2.0 * 0.5 * 1.0 / 1.5;
        assert!((scores.macro_f1() - f1).abs() < 1e-12);
        // Three answers of probability 0.8, two of them right.
        let error = scores.calibration_error().unwrap();
        assert!((error - (0.8 - 2.0 / 3.0)).abs() < 1e-6, "{error}");
        assert_eq!(scores.accuracy5(), None);
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
