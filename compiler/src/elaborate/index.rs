//! Positions in lists, counted from the end where they are negative.

/// The position of an element in a list of `count`; None outside of it.
pub(super) fn position(index: i64, count: usize) -> Option<usize> {
    let from_start = match index < 0 {
        true => index.checked_add(i64::try_from(count).ok()?)?,
        false => index,
    };
    usize::try_from(from_start).ok().filter(|at| *at < count)
}

/// The position of an end of a slice, cut to the list.
pub(super) fn cut(index: i64, count: usize) -> usize {
    let back = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
    match index < 0 {
        true => count.saturating_sub(back),
        false => back.min(count),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negative_positions_count_from_the_end() {
        assert_eq!((position(0, 2), position(-1, 2)), (Some(0), Some(1)));
        assert_eq!((position(2, 2), position(-3, 2)), (None, None));
        assert_eq!(position(i64::MIN, 0), None);
    }

    #[test]
    fn slices_take_what_there_is() {
        assert_eq!([cut(1, 3), cut(9, 3), cut(-1, 3), cut(-9, 3)], [1, 3, 2, 0]);
        assert_eq!((cut(i64::MIN, 3), cut(i64::MAX, 3)), (0, 3));
    }
}
