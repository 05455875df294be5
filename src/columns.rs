//! Tables of text: columns as wide as their widest cell, the first one to the left and the others to the right.

/// Widths of columns.
pub struct Columns(Vec<usize>);

impl Columns {
    /// As wide as these lines need; a line may have fewer cells than others.
    pub fn of<'a>(lines: impl IntoIterator<Item = &'a [String]>) -> Self {
        let mut widths: Vec<usize> = vec![];
        for line in lines {
            widths.resize(widths.len().max(line.len()), 0);
            for (width, cell) in widths.iter_mut().zip(line) {
                *width = cell.chars().count().max(*width);
            }
        }
        Self(widths)
    }

    /// A line, without spaces at its end.
    pub fn line(&self, cells: &[String]) -> String {
        let cells = cells.iter().zip(&self.0).enumerate();
        let cells = cells.map(|(column, (cell, &width))| match column {
            0 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        line.trim_end().to_owned()
    }

    /// A first cell, filled up to its width.
    pub fn first(&self, cell: &str) -> String {
        let width = self.0.first().copied().unwrap_or_default();
        format!("{cell:<width$}")
    }
}
