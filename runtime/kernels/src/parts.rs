//! Concatenations of channels that are read part by part and never made.

use burn::tensor::Tensor;

/// Maps `[N, C, H, W]`, alike but for their channels, each so many times in a row: what their concatenation is made of.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    pub(crate) maps: Vec<Tensor<4>>,
    pub(crate) times: Vec<usize>,
}

impl Parts {
    /// These, so many times in a row.
    pub fn repeated(self, times: usize) -> Self {
        match self.times.as_slice() {
            [one] => Self {
                times: vec![one * times],
                ..self
            },
            all => Self {
                times: all.repeat(times),
                maps: vec![self.maps; times].concat(),
            },
        }
    }

    /// The maps, each once, as others of the same channels.
    pub fn map(self, change: impl FnOnce(Vec<Tensor<4>>) -> Vec<Tensor<4>>) -> Self {
        Self {
            maps: change(self.maps),
            times: self.times,
        }
    }

    /// The maps, each once.
    pub fn maps(&self) -> &[Tensor<4>] {
        &self.maps
    }

    /// The maps, each as often as it is read.
    pub fn expanded(self) -> Vec<Tensor<4>> {
        let runs = self.maps.into_iter().zip(self.times);
        let each = runs.flat_map(|(map, times)| std::iter::repeat_n(map, times));
        each.collect()
    }
}

impl From<Vec<Tensor<4>>> for Parts {
    fn from(maps: Vec<Tensor<4>>) -> Self {
        Self {
            times: vec![1; maps.len()],
            maps,
        }
    }
}

/// One after the other.
impl FromIterator<Parts> for Parts {
    fn from_iter<I: IntoIterator<Item = Parts>>(parts: I) -> Self {
        let mut all = Self::default();
        for part in parts {
            all.maps.extend(part.maps);
            all.times.extend(part.times);
        }
        all
    }
}
