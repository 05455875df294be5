//! The panel: bars, numbers and curves, laid out by ratatui and redrawn in place. It never asks the terminal anything,
//! so it works in the background and leaves Ctrl-C alone.

use std::io::Write;
use std::time::{Duration, Instant};

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::line;
use ratatui::text::{Line, Span};
use ratatui::widgets::{LineGauge, Paragraph, Widget};
use termc_runtime::train::metrics::{Row, Split};
use termc_runtime::train::{Progress, Settings};

use super::curve::Curve;
use super::encode::encode;
use super::{Clock, part, percent, throughput};

/// Rows of the panel.
const HEIGHT: u16 = 10;

/// Fewest columns it needs.
const NARROWEST: u16 = 60;

/// Time between drawings.
const PAUSE: Duration = Duration::from_millis(100);

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
        self.progress = Some(progress.clone());
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
        if area.width < NARROWEST || lines <= HEIGHT {
            return;
        }
        let mut buffer = Buffer::empty(area);
        self.render(area, &mut buffer, clock);
        let text = format!("{}{}\x1b[J", self.up(), encode(&buffer, self.color));
        // What cannot be shown is not missed.
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
        self.rows = HEIGHT;
        self.drawn = Instant::now();
    }

    /// Takes the drawing away, and what stands on the line below it.
    pub fn erase(&mut self) {
        let text = format!("{}\x1b[J", self.up());
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
        self.rows = 0;
    }

    /// Moves the cursor to the drawing's first line.
    fn up(&self) -> String {
        match self.rows {
            0 => "\r".to_owned(),
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
        let each = terms.terms.iter().map(|term| {
            let name = term.name.replace('_', " ");
            format!("{name} {:.4}", term.value)
        });
        let each = each.collect::<Vec<_>>().join(" + ");
        format!("loss {:.4} = {each}", terms.total)
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
