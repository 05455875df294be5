//! Draws a test part from training images: seeded and stratified. Reads no files.

use super::ImageFile;
use super::layout::Role;
use crate::error::Error;
use crate::random::Key;

/// Makes `fraction` of each class's training images test images, rounded; of a class with several at least one is left on
/// either side. Which ones is a function of the seed, the class's number and how many images it has. Fails unless the fraction
/// is between 0 and 1, or if no class has two images.
pub(super) fn test_part(
    files: &mut [ImageFile],
    classes: usize,
    fraction: f64,
    seed: u64,
) -> Result<(), Error> {
    let images = files.len();
    let fail = |reason: String| Err(Error::DatasetSplit { images, reason });
    if !(fraction > 0.0 && fraction < 1.0) {
        return fail(format!(
            "the test fraction is {fraction}, expected 0 < fraction < 1"
        ));
    }
    let mut members: Vec<Vec<&mut ImageFile>> = (0..classes).map(|_| Vec::new()).collect();
    for file in files {
        if let Some(members) = members.get_mut(usize::from(file.label))
            && file.role == Role::Training
        {
            members.push(file);
        }
    }
    let key = Key::new(seed).named("test");
    let mut drawn = 0;
    for (class, members) in members.iter_mut().enumerate() {
        let count = match members.len() {
            0 | 1 => 0,
            n => ((n as f64 * fraction).round() as usize).clamp(1, n - 1),
        };
        drawn += count;
        let order = key.at(class as u64).permutation(members.len());
        for index in order.into_iter().take(count) {
            if let Some(file) = members.get_mut(index) {
                file.role = Role::Test;
            }
        }
    }
    match drawn {
        0 => fail("no class has two images, of which one could test".into()),
        _ => Ok(()),
    }
}
