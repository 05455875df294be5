//! One batch of images and labels. Makes and loads nothing.

/// Images and labels, ready for a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Its number in the epoch, from 0.
    pub number: usize,
    /// `[N, channels, height, width]`.
    pub shape: [usize; 4],
    /// Normalized pixels, `shape` in row-major order.
    pub images: Vec<f32>,
    /// `[N, classes]`: each row sums to 1; one-hot unless images were mixed.
    pub targets: Vec<f32>,
    /// The images' own classes.
    pub labels: Vec<usize>,
    /// The images' positions in their part.
    pub indices: Vec<usize>,
}

impl Batch {
    /// Number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none; no loader makes such a batch.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Splits it into `parts` shards of consecutive images whose sizes differ by at most one; with fewer images than
    /// shards some are empty.
    pub fn split(mut self, parts: usize) -> Vec<Self> {
        let images = self.len();
        let [_, channels, height, width] = self.shape;
        let pixels = channels * height * width;
        let classes = self.targets.len().checked_div(images).unwrap_or(0);
        let mut split: Vec<Self> = (0..parts)
            .rev()
            .map(|part| {
                let from = part * images / parts;
                let labels = self.labels.split_off(from);
                Self {
                    number: self.number,
                    shape: [labels.len(), channels, height, width],
                    images: self.images.split_off(from * pixels),
                    targets: self.targets.split_off(from * classes),
                    indices: self.indices.split_off(from),
                    labels,
                }
            })
            .collect();
        split.reverse();
        split
    }
}
