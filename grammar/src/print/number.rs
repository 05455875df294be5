//! Numbers as text: the shortest digits that read back as the same value.

/// Plain digits between 1e-4 and 1e16, scientific notation beyond; always recognizable as a float.
pub(crate) fn float(value: f64) -> String {
    let size = value.abs();
    let plain = if size == 0.0 || (1e-4..1e16).contains(&size) {
        value.to_string()
    } else {
        format!("{value:e}")
    };
    if plain.contains(['.', 'e']) {
        plain
    } else {
        format!("{plain}.0")
    }
}

#[cfg(test)]
mod tests {
    use super::float;

    #[test]
    fn floats_stay_floats_and_are_short() {
        let written = [5e-5, 0.05, 1e-4, 0.001215, 2.0, -0.0, 1e20, 1.5e-11].map(float);
        assert_eq!(
            written,
            [
                "5e-5", "0.05", "0.0001", "0.001215", "2.0", "-0.0", "1e20", "1.5e-11"
            ]
        );
    }
}
