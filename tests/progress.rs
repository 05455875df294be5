//! The parts of the live view that need no training: curves, colours, durations.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that meets something unforeseen has failed"
)]

#[path = "../src/progress/curve.rs"]
mod curve;
#[path = "../src/progress/duration.rs"]
mod duration;
#[path = "../src/progress/encode.rs"]
mod encode;

use curve::{Curve, POINTS};
use duration::duration;
use encode::encode;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};

#[test]
fn curves_are_thinned_not_cut() {
    let mut curve = Curve::default();
    (0..10_000).for_each(|i| curve.push(f64::from(i)));
    assert!(curve.points.len() < POINTS);
    assert!(curve.points[0] < 100.0 && *curve.points.last().unwrap() > 9_900.0);
}

#[test]
fn curves_fill_their_area_from_low_to_high() {
    let mut curve = Curve::default();
    (0..20).for_each(|i| curve.push(f64::from(i)));
    let area = Rect::new(0, 0, 20, 3);
    let mut buffer = Buffer::empty(area);
    curve.render("loss", Color::Yellow, area, &mut buffer);
    let text = encode(&buffer, false);
    assert!(text.contains("loss, 0.0000 to 19"), "{text}");
    assert_eq!(buffer[(19, 1)].symbol(), "█", "{text}");
    assert_eq!(buffer[(0, 1)].symbol(), " ", "{text}");
}

#[test]
fn rows_fit_the_terminal_and_carry_no_colour_unless_asked() {
    let mut buffer = Buffer::empty(Rect::new(0, 0, 10, 2));
    buffer.set_string(0, 0, "abc", Style::new().fg(Color::Green));
    assert_eq!(encode(&buffer, false), "\x1b[2Kabc\r\n\x1b[2K\r\n");
    assert_eq!(
        encode(&buffer, true),
        "\x1b[2K\x1b[0m\x1b[32mabc\x1b[0m\r\n\x1b[2K\r\n"
    );
}

#[test]
fn durations_are_short() {
    assert_eq!(duration(0.4), "0 s");
    assert_eq!(duration(59.6), "1:00 min");
    assert_eq!(duration(3599.0), "59:59 min");
    assert_eq!(duration(3600.0 * 26.5), "26:30 h");
}
