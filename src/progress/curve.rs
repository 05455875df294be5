//! A curve of the panel: keeps a bounded number of points and draws them as bars.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Span;
use ratatui::widgets::{Block, Sparkline, Widget};

/// Most points a curve keeps; older ones are merged pairwise beyond that.
pub const POINTS: usize = 400;

/// A series of numbers, thinned out as it grows.
#[derive(Debug)]
pub struct Curve {
    /// What is drawn, each the mean of as many numbers.
    pub points: Vec<f64>,
    each: usize,
    pending: Vec<f64>,
}

impl Default for Curve {
    fn default() -> Self {
        Self {
            points: Vec::new(),
            each: 1,
            pending: Vec::new(),
        }
    }
}

impl Curve {
    /// Adds a number.
    pub fn push(&mut self, value: f64) {
        self.pending.push(value);
        if self.pending.len() < self.each {
            return;
        }
        self.points.push(mean(&self.pending));
        self.pending.clear();
        if self.points.len() >= POINTS {
            self.points = self.points.chunks(2).map(mean).collect();
            self.each *= 2;
        }
    }

    /// Draws the curve from left to right over the whole width, scaled to its own range.
    pub fn render(&self, name: &str, color: Color, area: Rect, buffer: &mut Buffer) {
        let low = self.points.iter().copied().fold(f64::INFINITY, f64::min);
        let high = self
            .points
            .iter()
            .copied()
            .fold(f64::NEG_INFINITY, f64::max);
        let title = match self.points.len() {
            0 => name.to_owned(),
            _ => format!("{name}, {low:.4} to {high:.4}"),
        };
        let scale = |value: &f64| 1 + ((value - low) / (high - low).max(1e-12) * 100.0) as u64;
        let width = usize::from(area.width);
        let bucket = self.points.len().div_ceil(width.max(1)).max(1);
        let bars: Vec<u64> = self
            .points
            .chunks(bucket)
            .map(|c| scale(&mean(c)))
            .collect();
        let block = Block::new().title(Span::styled(
            title,
            Style::new().add_modifier(Modifier::DIM),
        ));
        Sparkline::default()
            .block(block)
            .data(bars)
            .max(101)
            .style(Style::new().fg(color))
            .render(area, buffer);
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}
