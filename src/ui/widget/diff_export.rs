//! Takes a difference; gives it as a patch that `patch` and `git apply` take, and as one page of HTML.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use similar::{Algorithm, udiff::unified_diff};

use super::diff::{Diff, Row, RowKind};
use super::sql::Line;

/// Lines of each side that are kept around a change.
const AROUND: usize = 3;

/// Writes the difference as a unified patch of the very texts: what was ignored while looking is a difference here.
#[must_use]
pub fn patch(diff: &Diff, (left, right): (&str, &str)) -> String {
    let name = |side: &str, name: &str| format!("{side}/{}", name.replace(char::is_whitespace, "-"));
    let (old, new) = (name("a", left), name("b", right));
    unified_diff(Algorithm::Myers, &diff.old, &diff.new, AROUND, Some((&old, &new)))
}

/// Writes the difference side by side as one page of HTML that loads and runs nothing.
#[must_use]
pub fn page(diff: &Diff, (left, right): (&str, &str)) -> String {
    const STYLE: &str = "body{font:13px/1.45 ui-monospace,monospace;margin:24px}table{border-collapse:collapse;width:100%}\
        td,th{padding:0 8px;vertical-align:top;white-space:pre-wrap;text-align:left}td.n{color:#667;text-align:right;user-select:none}\
        .removed{background:#fbe3e1}.added{background:#dff2e1}.sign{width:1em}";
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                title { (left) " against " (right) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                table {
                    tr { th colspan="3" { (left) } th colspan="3" { (right) } }
                    @for row in &diff.rows { (one(diff, *row)) }
                }
            }
        }
    };
    page.into_string()
}

fn one(diff: &Diff, row: Row) -> Markup {
    let differs = row.kind != RowKind::Same;
    let side = |text: &str, lines: &[Line], at: Option<usize>, class: &str, sign: &str| {
        let class = if differs && at.is_some() { class } else { "" };
        let words = at.map(|at| crate::ui::widget::escape::visible(&text[lines[at].bytes.clone()]).into_owned());
        html! {
            td.n { @if let Some(at) = at { (at + 1) } }
            td.sign class=(class) { @if differs && at.is_some() { (sign) } }
            td class=(class) { (words.unwrap_or_default()) }
        }
    };
    html! {
        tr {
            (side(&diff.old, &diff.old_lines, row.left, "removed", "-"))
            (side(&diff.new, &diff.new_lines, row.right, "added", "+"))
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::ui::widget::diff::{DiffJob, Ignoring};

    #[test]
    fn a_patch_is_of_the_very_texts_and_a_page_hides_nothing() {
        let (old, new) = ("SELECT 1;\nb\nc\n", "select 1;\nb\n<c>\u{202e}\n");
        let job = DiffJob { old: old.into(), new: new.into(), ignoring: Ignoring::SqlForm, finds_moved: false };
        let diff = job.compute();
        let patch = super::patch(&diff, ("before it", "now"));
        assert_eq!(
            patch,
            "--- a/before-it\n+++ b/now\n@@ -1,3 +1,3 @@\n-SELECT 1;\n+select 1;\n b\n-c\n+<c>\u{202e}\n"
        );
        let page = super::page(&diff, ("before", "<now>"));
        assert!(page.contains("&lt;now&gt;") && page.contains("&lt;c&gt;") && !page.contains('\u{202e}'), "{page}");
    }
}
