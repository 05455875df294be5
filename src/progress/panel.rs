//! The panel: bars, numbers and curves, laid out by ratatui and redrawn in place. It never asks the terminal anything,
//! so it works in the background and leaves Ctrl-C alone.

use std::io::Write;
use std::time::{Duration, Instant};

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::line;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, LineGauge, Paragraph, Sparkline, Widget};
use termc_runtime::train::metrics::{Row, Split};
use termc_runtime::train::{Progress, Settings};

use super::{Clock, part, percent, throughput};

/// Rows of the panel.
const HEIGHT: u16 = 10;

/// Time between drawings.
const PAUSE: Duration = Duration::from_millis(100);

/// Most points a curve keeps; older ones are merged pairwise beyond that.
const POINTS: usize = 400;

/// What is drawn.
pub struct Panel {
    title: String,
    epochs: usize,
    color: bool,
    progress: Option<Progress>,
    asked: Option<(Split, usize, usize)>,
    validation: Option<f64>,
    best: Option<(usize, f64)>,
    loss: Curve,
    accuracy: Curve,
    rows: u16,
    drawn: Instant,
}

impl Panel {
    /// Nothing known yet, nothing drawn.
    pub fn new(title: String, settings: &Settings, color: bool) -> Self {
        Self {
            title,
            epochs: settings.epochs,
            color,
            progress: None,
            asked: None,
            validation: None,
            best: None,
            loss: Curve::default(),
            accuracy: Curve::default(),
            rows: 0,
            drawn: Instant::now(),
        }
    }

    /// Takes a step into account.
    pub fn step(&mut self, progress: &Progress) {
        self.loss.push(progress.terms.total);
        self.progress = Some(*progress);
        self.asked = None;
    }

    /// Takes a part of an evaluation into account.
    pub fn evaluated(&mut self, split: Split, done: usize, total: usize) {
        self.asked = Some((split, done, total));
    }

    /// Takes an epoch into account.
    pub fn epoch(&mut self, train: &Row, validation: Option<&Row>, best: bool) {
        self.validation = validation.and_then(|row| row.top1);
        let accuracy = self.validation.or(train.top1);
        if let Some(accuracy) = accuracy {
            self.accuracy.push(accuracy);
            if best {
                self.best = Some((train.epoch, accuracy));
            }
        }
        self.asked = None;
    }

    /// Draws unless it has just been drawn.
    pub fn draw_if_due(&mut self, clock: &Clock) {
        if self.drawn.elapsed() >= PAUSE || self.rows == 0 {
            self.draw(clock);
        }
    }

    /// Draws over the last drawing.
    pub fn draw(&mut self, clock: &Clock) {
        let Ok((columns, lines)) = ratatui::crossterm::terminal::size() else {
            return;
        };
        // The last column stays free, so that no terminal wraps.
        let area = Rect::new(0, 0, columns.saturating_sub(1).min(120), HEIGHT);
        if area.width < 20 || lines <= HEIGHT {
            return;
        }
        let mut buffer = Buffer::empty(area);
        self.render(area, &mut buffer, clock);
        let text = format!("{}{}", self.up(), encode(&buffer, self.color));
        // What cannot be shown is not missed.
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
        self.rows = HEIGHT;
        self.drawn = Instant::now();
    }

    /// Takes the drawing away.
    pub fn erase(&mut self) {
        if self.rows > 0 {
            let text = format!("{}\x1b[J", self.up());
            let _ = std::io::stderr().lock().write_all(text.as_bytes());
            self.rows = 0;
        }
    }

    /// Moves the cursor to the drawing's first line.
    fn up(&self) -> String {
        match self.rows {
            0 => String::new(),
            rows => format!("\r\x1b[{rows}A"),
        }
    }

    fn render(&self, area: Rect, buffer: &mut Buffer, clock: &Clock) {
        let rows = Layout::vertical([1, 1, 1, 1, 1, 5].map(Constraint::Length)).split(area);
        let [title, epoch, total, terms, scores, curves] = rows.as_ref() else {
            return;
        };
        let bold = Style::new().add_modifier(Modifier::BOLD);
        let dim = Style::new().add_modifier(Modifier::DIM);
        let heading = vec![
            Span::styled(self.title.clone(), bold),
            Span::styled("   Ctrl-C saves and stops", dim),
        ];
        Line::from(heading).render(*title, buffer);
        let (label, fraction) = self.within_epoch();
        gauge(label, fraction).render(*epoch, buffer);
        let done = match &self.progress {
            Some(p) => p.step as f64 / p.steps.max(1) as f64,
            None => 0.0,
        };
        let label = format!(
            "{:<20} {:>12} {:>18}",
            "all epochs",
            clock.spent(),
            clock.left()
        );
        gauge(label, done).render(*total, buffer);
        Paragraph::new(self.terms()).render(*terms, buffer);
        Paragraph::new(self.scores()).render(*scores, buffer);
        let halves = Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).spacing(2);
        if let [left, right] = halves.split(*curves).as_ref() {
            self.loss.render("loss", Color::Yellow, *left, buffer);
            self.accuracy
                .render("validation accuracy", Color::Green, *right, buffer);
        }
    }

    fn within_epoch(&self) -> (String, f64) {
        let epoch = self.progress.as_ref().map_or(1, |p| p.epoch);
        let (what, done, total) = match (&self.asked, &self.progress) {
            (Some((split, done, total)), _) => (part(*split), *done, *total),
            (None, Some(p)) => (part(Split::Train), p.batch, p.batches),
            (None, None) => (part(Split::Train), 0, 1),
        };
        let name = format!("epoch {epoch}/{}", self.epochs);
        let label = format!("{name:<20} {what:>12} {:>18}", format!("{done}/{total}"));
        (label, done as f64 / total.max(1) as f64)
    }

    fn terms(&self) -> String {
        let Some(progress) = &self.progress else {
            return "waiting for the first step".into();
        };
        let terms = progress.sums.terms();
        let term = |name: &str, value: Option<f64>| {
            value.map_or(String::new(), |v| format!(" + {name} {v:.4}"))
        };
        format!(
            "loss {:.4} = cross entropy {:.4}{}{}",
            terms.total,
            terms.cross_entropy,
            term("slow neural", terms.slow_neural),
            term("weight norm", terms.weight_norm),
        )
    }

    fn scores(&self) -> String {
        let Some(progress) = &self.progress else {
            return String::new();
        };
        let best = self.best.map_or(String::new(), |(epoch, value)| {
            format!(" (best {}, epoch {epoch})", percent(Some(value)))
        });
        let waiting = progress.sums.loading().unwrap_or(0.0);
        format!(
            "training {}, validation {}{best}  lr {:.2e}  {}, {:.0} % loading",
            percent(Some(progress.sums.top1())),
            percent(self.validation),
            progress.lr,
            throughput(progress.sums.throughput()),
            100.0 * waiting,
        )
    }
}

fn gauge(label: String, fraction: f64) -> LineGauge<'static> {
    LineGauge::default()
        .label(label)
        .ratio(fraction.clamp(0.0, 1.0))
        .filled_symbol(line::THICK.horizontal)
        .unfilled_symbol(line::NORMAL.horizontal)
        .filled_style(Style::new().fg(Color::Green))
        .unfilled_style(Style::new().add_modifier(Modifier::DIM))
}

/// A series of numbers, thinned out as it grows.
#[derive(Debug)]
struct Curve {
    points: Vec<f64>,
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
    fn push(&mut self, value: f64) {
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
    fn render(&self, name: &str, color: Color, area: Rect, buffer: &mut Buffer) {
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

/// A buffer as text with escape sequences, one line per row, each clearing what was there.
fn encode(buffer: &Buffer, color: bool) -> String {
    let width = usize::from(buffer.area.width).max(1);
    let mut out = String::new();
    for row in buffer.content.chunks(width) {
        out.push_str("\x1b[2K");
        let blank = |cell: &&Cell| cell.symbol() == " ";
        let end = row.len() - row.iter().rev().take_while(blank).count();
        let mut last = String::new();
        for cell in row.iter().take(end) {
            let style = if color { escape(cell) } else { String::new() };
            if style != last {
                out.push_str("\x1b[0m");
                out.push_str(&style);
                last = style;
            }
            out.push_str(cell.symbol());
        }
        if !last.is_empty() {
            out.push_str("\x1b[0m");
        }
        out.push_str("\r\n");
    }
    out
}

fn escape(cell: &Cell) -> String {
    let modifier = match cell.modifier {
        m if m.contains(Modifier::BOLD) => "\x1b[1m",
        m if m.contains(Modifier::DIM) => "\x1b[2m",
        _ => "",
    };
    let color = match cell.fg {
        Color::Green => "\x1b[32m",
        Color::Yellow => "\x1b[33m",
        _ => "",
    };
    format!("{modifier}{color}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_thinned_not_cut() {
        let mut curve = Curve::default();
        (0..10_000).for_each(|i| curve.push(f64::from(i)));
        assert!(curve.points.len() < POINTS);
        assert!(curve.points[0] < 100.0 && *curve.points.last().unwrap() > 9_900.0);
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
}
