//! Tables: how wide each column is, and rows that go on over the end of a page.

use super::layout::{CELL, Line, Piece, Setting, Sheet, wrap};
use crate::finding::block::{Span, Style};

/// Between two columns.
const GAP: i32 = 700;
/// Above and below a row.
const PAD: i32 = 260;

impl Sheet<'_> {
    pub(super) fn table(&mut self, head: &[String], rows: &[Vec<Span>]) {
        let heads: Vec<Span> = head.iter().map(|name| Span::new(Style::Quiet, name.as_str())).collect();
        let widths = self.widths(&heads, rows);
        let head = self.row(&heads, &widths);
        let first = rows.first().map(|row| self.row(row, &widths));
        // A head is not left alone at the end of a page.
        self.need(height(&head) + first.as_ref().map_or(0, |row| height(row)));
        self.head(&head, &widths);
        for row in rows {
            let cells = self.row(row, &widths);
            self.rows_on(&cells, &head, &widths);
        }
        self.space(500);
    }

    fn head(&mut self, head: &[Vec<Line>], widths: &[i32]) {
        self.lines(head, 0, usize::MAX, widths);
        self.rule();
    }

    /// Draws one row, on the next page when it has room there and not here, else on as many as it needs.
    fn rows_on(&mut self, cells: &[Vec<Line>], head: &[Vec<Line>], widths: &[i32]) {
        let count = cells.iter().map(Vec::len).max().unwrap_or(0);
        let mut at = 0;
        if height(cells) > self.below() && height(cells) + height(head) <= Self::whole() {
            self.turn();
            self.head(head, widths);
        }
        while at < count {
            let fits = usize::try_from((self.below() - 2 * PAD) / CELL.leading).unwrap_or(0);
            if fits == 0 {
                self.turn();
                self.head(head, widths);
                continue;
            }
            self.lines(cells, at, fits, widths);
            at += fits;
        }
        self.rule();
    }

    /// Draws so many lines of each cell.
    fn lines(&mut self, cells: &[Vec<Line>], from: usize, most: usize, widths: &[i32]) {
        let (y, mut x) = (self.y + PAD, self.left);
        let mut drawn = 0;
        for (cell, width) in cells.iter().zip(widths) {
            for (at, line) in (0_i32..).zip(cell.iter().skip(from).take(most)) {
                self.place(x, y + at * CELL.leading, line, CELL);
                drawn = drawn.max(at + 1);
            }
            x += width + GAP;
        }
        self.space(drawn * CELL.leading + 2 * PAD);
    }

    fn row(&self, cells: &[Span], widths: &[i32]) -> Vec<Vec<Line>> {
        cells
            .iter()
            .zip(widths)
            .map(|(cell, width)| wrap(self.faces, std::slice::from_ref(cell), CELL, *width))
            .collect()
    }

    /// Gives each column what it needs; where that is too much, the wide ones share what the narrow ones leave.
    fn widths(&self, heads: &[Span], rows: &[Vec<Span>]) -> Vec<i32> {
        let count = i32::try_from(heads.len()).unwrap_or(1).max(1);
        let all = self.room - GAP * (count - 1);
        let natural = |span: &Span| {
            let unlimited = Setting { ..CELL };
            let lines = wrap(self.faces, std::slice::from_ref(span), unlimited, i32::MAX / 2);
            lines.iter().map(|line| line.iter().map(Piece::width).sum::<i32>()).max().unwrap_or(0) + 100
        };
        let column = |at: usize| {
            // What the first thousand rows need is wide enough for the others, or they wrap.
            let cells = rows.iter().take(1_000).filter_map(|row| row.get(at));
            cells.chain(heads.get(at)).map(natural).max().unwrap_or(0).min(all)
        };
        let wanted: Vec<i32> = (0..heads.len()).map(column).collect();
        let mut widths = vec![0; wanted.len()];
        let (mut left, mut open) = (all, count);
        let mut order: Vec<usize> = (0..wanted.len()).collect();
        order.sort_by_key(|at| (wanted[*at], *at));
        for at in order {
            let share = left / open.max(1);
            widths[at] = wanted[at].min(share);
            left -= widths[at];
            open -= 1;
        }
        // What nobody needs is shared out, so that the table is as wide as the page.
        let share = left.max(0) / count;
        for width in &mut widths {
            *width += share;
        }
        widths
    }
}

fn height(cells: &[Vec<Line>]) -> i32 {
    let lines = cells.iter().map(Vec::len).max().unwrap_or(0);
    i32::try_from(lines).unwrap_or(i32::MAX / CELL.leading / 2).saturating_mul(CELL.leading) + 2 * PAD
}
