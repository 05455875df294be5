//! Normalizations of images: channel statistics as the model holds them, and as a file writes them.

use serde::Serialize;

use super::choice::Choice;
use super::{Given, Refusal, parameters};
use crate::diagnostics::SettingKind;

/// Channel statistics of pixel values scaled to `[0, 1]`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Normalize {
    /// Subtracted, one per channel.
    pub mean: Vec<f64>,
    /// Divided by, one per channel, positive.
    pub std: Vec<f64>,
}

/// Values of `normalize`: for how many channels, shows only together with the input.
pub(crate) static NORMALIZERS: &[Choice<Channels>] = &[Choice {
    name: "channels",
    doc: "Subtracts `mean` and divides by `std`, one number for each channel of the input, of pixel values in [0, 1].",
    parameters: Channels::parameters,
    make: |values| {
        let given = Channels::read(values);
        for std in &given.std.value {
            std.positive("a standard deviation")
                .map_err(|refusal| Refusal::element(*refusal.kind, std, &given.std))?;
        }
        Ok(given)
    },
}];

parameters! {
    pub(crate) struct Channels {
        /// Subtracted.
        mean: Given<Vec<Given<f64>>>,
        /// Divided by.
        std: Given<Vec<Given<f64>>>,
    }
}

impl Channels {
    /// The statistics of an input of so many channels.
    ///
    /// # Errors
    /// Blames a list that does not have one number for each.
    pub(crate) fn of(&self, channels: usize) -> Result<Normalize, Refusal> {
        let numbers = |list: &Given<Vec<Given<f64>>>| {
            let found = list.value.len();
            if found == channels {
                return Ok(list.value.iter().map(|x| x.value).collect());
            }
            Err(Refusal::argument(
                SettingKind::Count {
                    wanted: format!("one number for each of {channels} channels"),
                    found,
                    help: "give one number per channel of the input".into(),
                },
                list,
            ))
        };
        Ok(Normalize {
            mean: numbers(&self.mean)?,
            std: numbers(&self.std)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::fake::{floats, told};

    fn make(mean: &[f64], std: &[f64]) -> Result<Normalize, String> {
        let [channels] = NORMALIZERS else {
            panic!("not one row")
        };
        (channels.make)(vec![floats(mean), floats(std)])
            .and_then(|given| given.of(2))
            .map_err(|refusal| told(&refusal))
    }

    #[test]
    fn there_is_one_number_for_each_channel() {
        let (mean, std) = (vec![0.5, 0.0], vec![1.0, 2.0]);
        assert_eq!(
            make(&mean, &std),
            Ok(Normalize {
                mean: mean.clone(),
                std
            })
        );
        assert_eq!(
            make(&mean, &[1.0]).unwrap_err(),
            "expected one number for each of 2 channels, found 1 at 9"
        );
        assert_eq!(
            make(&mean, &[1.0, 0.0]).unwrap_err(),
            "a standard deviation is 0, it must be greater than 0 at 9"
        );
    }
}
