//! Turns a drawing into text with escape sequences, without asking the terminal anything.

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

/// A buffer as text with escape sequences, one line per row, each clearing what was there.
pub fn encode(buffer: &Buffer, color: bool) -> String {
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
