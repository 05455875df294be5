//! Places in the page's text: browsers count UTF-16 units, the compiler bytes.

/// The UTF-16 unit at which each byte of a text begins; one more for the end.
pub struct Units(Vec<u32>);

impl Units {
    pub fn of(text: &str) -> Self {
        let mut units = Vec::with_capacity(text.len() + 1);
        let mut at = 0;
        for c in text.chars() {
            units.extend(std::iter::repeat_n(at, c.len_utf8()));
            at += c.len_utf16() as u32;
        }
        units.push(at);
        Self(units)
    }

    pub fn at(&self, byte: usize) -> u32 {
        self.0.get(byte).or(self.0.last()).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_utf_16_are_counted() {
        let units = Units::of("aä𝄞b");
        assert_eq!(
            [0, 1, 3, 7, 8, 99].map(|at| units.at(at)),
            [0, 1, 2, 4, 5, 5]
        );
    }
}
