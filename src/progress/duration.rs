//! Says how long something lasts in a few characters.

/// `42 s`, `3:05 min`, `2:10 h`.
pub fn duration(seconds: f64) -> String {
    let total = seconds.round().max(0.0) as u64;
    match total {
        0..60 => format!("{total} s"),
        60..3600 => format!("{}:{:02} min", total / 60, total % 60),
        _ => format!("{}:{:02} h", total / 3600, total / 60 % 60),
    }
}
