//! Counts names. A large model has hundreds of thousands of them, so they share one piece of memory.

use string_interner::{DefaultStringInterner, DefaultSymbol, Symbol};

/// Names, and how often each was used.
#[derive(Default)]
pub(super) struct Names {
    texts: DefaultStringInterner,
    counts: Vec<usize>,
}

impl Names {
    /// The short form of a name.
    pub fn symbol(&mut self, name: &str) -> DefaultSymbol {
        self.texts.get_or_intern(name)
    }

    /// Counts one more use and gives their number.
    pub fn count(&mut self, name: &str) -> usize {
        let index = self.symbol(name).to_usize();
        if index >= self.counts.len() {
            self.counts.resize(index + 1, 0);
        }
        match self.counts.get_mut(index) {
            Some(count) => {
                *count += 1;
                *count
            }
            None => 1,
        }
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
