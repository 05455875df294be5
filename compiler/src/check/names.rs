//! Counts names. A large model has hundreds of thousands of them, so only a hash of each is kept. Where two names share
//! one, the later gets a number that it would not need.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};

/// How often each name was used. A table for each block: its names are asked for one after the other and lie together.
#[derive(Default)]
pub(super) struct Names {
    blocks: HashMap<u64, Hashes, BuildHasherDefault<Place>>,
    /// Uses of those used more than once.
    repeated: HashMap<u64, usize, BuildHasherDefault<Place>>,
}

type Hashes = HashSet<u64, BuildHasherDefault<Place>>;

/// A hash without a random key: the same model has the same names everywhere.
fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// Passes on what is a hash already.
#[derive(Default)]
struct Place(u64);

impl Hasher for Place {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let hash = <[u8; 8]>::try_from(bytes);
        self.0 = hash.map_or(0, u64::from_ne_bytes);
    }
}

impl Names {
    /// Counts one more use and gives their number.
    pub fn count(&mut self, name: &str) -> usize {
        let whole = hash(name);
        let block = hash(name.split('.').next().unwrap_or(name));
        if self.blocks.entry(block).or_default().insert(whole) {
            return 1;
        }
        let count = self.repeated.entry(whole).or_insert(1);
        *count += 1;
        *count
    }

    /// The name itself if this is its first use, else the name with the next free number.
    pub fn unique(&mut self, name: String) -> String {
        let mut suffix = self.count(&name);
        if suffix == 1 {
            return name;
        }
        loop {
            let candidate = format!("{name}_{suffix}");
            if self.count(&candidate) == 1 {
                return candidate;
            }
            suffix += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_unique() {
        let mut names = Names::default();
        let mut unique = |name: &str| names.unique(name.to_owned());
        assert_eq!([unique("x"), unique("x"), unique("x")], ["x", "x_2", "x_3"]);
        // Where the number is taken already, the next one is.
        assert_eq!(
            [unique("y_2"), unique("y"), unique("y")],
            ["y_2", "y", "y_3"]
        );
        assert_eq!(unique("x_2"), "x_2_2");
    }
}
