//! The component graph: boxes and arrows, children on the left because they are reversed first (D-25).

use std::collections::BTreeSet;

use eframe::egui::{
    Align2, Color32, CornerRadius, FontId, Painter, Pos2, Rect, ScrollArea, Sense, Shape, Stroke, StrokeKind, Ui, Vec2,
    WidgetInfo, accesskit::Role, pos2, vec2,
};

use super::Scene;
use crate::runbook::{ObjectClass, Runbook, Step};
use crate::ui::action::UiAction;
use crate::ui::tokens::{self, Tokens, UNIT};
use crate::ui::widget::escape::{one_line, visible};
use crate::ui::widget::mark::{self, Mark};

/// The narrowest and the widest box.
const WIDTHS: std::ops::RangeInclusive<f32> = 156.0..=224.0;
/// The room between columns, for the arrows.
const GAP: f32 = 24.0;
/// How many objects a box names; the rest is counted.
const OBJECTS: usize = 4;

/// Where each step stands.
struct Placed {
    column: Vec<usize>,
    order: Vec<usize>,
    edges: Vec<(usize, usize)>,
}

/// Draws the graph.
pub fn ui(ui: &mut Ui, scene: &mut Scene<'_>) {
    let Some(book) = scene.shown.book().cloned() else { return };
    let placed = place(&book, scene);
    let room = ui.available_width() - UNIT;
    let width = ((room - GAP * 3.0) / 4.0).clamp(*WIDTHS.start(), *WIDTHS.end());
    let (rects, size) = lay_out(&book, &placed, width, room);
    ScrollArea::horizontal().id_salt("graph").show(ui, |ui| {
        let (area, _) = ui.allocate_exact_size(size + Vec2::splat(4.0), Sense::hover());
        let shift = area.min.to_vec2() + Vec2::splat(2.0);
        let tokens = Tokens::of(ui);
        for (dependent, referenced) in &placed.edges {
            let (from, to) = (rects[*dependent].translate(shift), rects[*referenced].translate(shift));
            let lit = scene.shown.step == *dependent || scene.shown.step == *referenced;
            arrow(ui.painter(), from, to, if lit { tokens.accent } else { tokens.border });
        }
        for (index, step) in book.steps.iter().enumerate() {
            let rect = rects[index].translate(shift);
            if ui.is_rect_visible(rect) {
                component(ui, scene, &book, step, index, rect, placed.order[index] + 1);
            }
        }
    });
}

fn as_f32(number: usize) -> f32 {
    f32::from(u16::try_from(number).unwrap_or(u16::MAX))
}

fn height_of(book: &Runbook, step: &Step) -> f32 {
    let objects = objects_of(book, step).len();
    let lines = if objects > OBJECTS { OBJECTS + 1 } else { objects };
    34.0 + as_f32(lines) * 16.0 + 6.0
}

fn objects_of<'a>(book: &'a Runbook, step: &Step) -> Vec<&'a crate::runbook::Object> {
    book.objects.iter().filter(|object| object.steps.contains(&step.id)).collect()
}

/// Puts steps that are tied to others into columns, children left of parents; the rest follows in rows.
fn lay_out(book: &Runbook, placed: &Placed, width: f32, room: f32) -> (Vec<Rect>, Vec2) {
    let mut rects = vec![Rect::NOTHING; book.steps.len()];
    let mut members: Vec<usize> = (0..book.steps.len()).collect();
    members.sort_by_key(|step| placed.order[*step]);
    let is_tied = |step: usize| placed.edges.iter().any(|(from, to)| *from == step || *to == step);
    let (tied, alone): (Vec<usize>, Vec<usize>) = members.into_iter().partition(|step| is_tied(*step));
    let columns = placed.column.iter().max().map_or(0, |last| last + 1);
    let mut heights = vec![0.0_f32; columns];
    for step in tied {
        let column = placed.column[step];
        let at = pos2(as_f32(column) * (width + GAP), heights[column]);
        rects[step] = Rect::from_min_size(at, vec2(width, height_of(book, &book.steps[step])));
        heights[column] = rects[step].bottom() + UNIT * 1.5;
    }
    let mut at = pos2(0.0, heights.iter().copied().fold(0.0, f32::max));
    let mut row_height = 0.0_f32;
    for step in alone {
        let height = height_of(book, &book.steps[step]);
        if at.x > 0.0 && at.x + width > room {
            at = pos2(0.0, at.y + row_height + UNIT * 1.5);
            row_height = 0.0;
        }
        rects[step] = Rect::from_min_size(at, vec2(width, height));
        row_height = row_height.max(height);
        at.x += width + GAP;
    }
    let whole = rects.iter().fold(Rect::from_min_size(Pos2::ZERO, Vec2::ZERO), |whole, rect| whole.union(*rect));
    (rects, whole.size())
}

/// Finds who depends on whom and places children left of their parents.
fn place(book: &Runbook, scene: &Scene<'_>) -> Placed {
    let index = |id: &crate::runbook::StepId| book.steps.iter().position(|step| step.id == *id);
    let mut edges = BTreeSet::new();
    for (dependent, step) in book.steps.iter().enumerate() {
        edges.extend(step.depends_on.iter().filter_map(index).map(|referenced| (dependent, referenced)));
    }
    if let Some(survey) = scene.shown.survey.value() {
        for facts in &survey.diagnosis.facts.steps {
            let dependants = facts.dependants.iter().filter_map(|dependant| index(dependant.step.as_ref()?));
            edges.extend(index(&facts.step).into_iter().flat_map(|on| dependants.clone().map(move |from| (from, on))));
        }
    }
    edges.retain(|(from, to)| from != to);
    let mut column = vec![0_usize; book.steps.len()];
    // As many rounds as there are steps settle every graph without a ring; a ring is blocked by the review.
    for _ in 0..book.steps.len() {
        let mut moved = false;
        for (dependent, referenced) in &edges {
            let needed = (column[*dependent] + 1).min(book.steps.len());
            if column[*referenced] < needed {
                column[*referenced] = needed;
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    let mut by_order: Vec<usize> = (0..book.steps.len()).collect();
    by_order.sort_by_key(|step| (column[*step], std::cmp::Reverse(book.steps[*step].position)));
    let mut order = vec![0; book.steps.len()];
    for (place, step) in by_order.into_iter().enumerate() {
        order[step] = place;
    }
    Placed { column, order, edges: edges.into_iter().collect() }
}

fn arrow(painter: &Painter, from: Rect, to: Rect, color: Color32) {
    let start = pos2(from.right(), from.top() + 16.0);
    let end = pos2(to.left(), to.top() + 16.0);
    let middle = end.x - GAP / 2.0;
    let stroke = Stroke::new(1.3, color);
    let points = vec![start, pos2(middle, start.y), pos2(middle, end.y), end];
    painter.add(Shape::line(points, stroke));
    let tip: [Pos2; 3] = [end, end + vec2(-7.0, -4.0), end + vec2(-7.0, 4.0)];
    painter.add(Shape::convex_polygon(tip.to_vec(), color, Stroke::NONE));
}

/// Returns how many letters of this width fit into the room.
fn whole_letters(room: f32, letter: f32) -> usize {
    (2..64_u8).take_while(|letters| f32::from(*letters) * letter <= room).map(usize::from).last().unwrap_or(2)
}

fn component(ui: &mut Ui, scene: &mut Scene<'_>, book: &Runbook, step: &Step, index: usize, rect: Rect, order: usize) {
    let tokens = Tokens::of(ui);
    let response = ui.interact(rect, ui.scope_id().with(("component", index)), Sense::click());
    let selected = scene.shown.step == index;
    let fill = if response.hovered() { tokens.hover } else { tokens.raised };
    let edge = if selected || response.has_focus() {
        Stroke::new(2.0, tokens.accent)
    } else {
        Stroke::new(1.0, tokens.border)
    };
    let painter = ui.painter().with_clip_rect(rect.expand(1.0).intersect(ui.clip_rect()));
    painter.rect(rect, CornerRadius::same(4), fill, edge, StrokeKind::Inside);
    let head = rect.top() + 17.0;
    let small = FontId::proportional(tokens::SMALL);
    let strong = FontId::new(tokens::BODY, tokens::semibold());
    painter.text(pos2(rect.left() + 10.0, head), Align2::LEFT_CENTER, visible(&step.id.0), strong, tokens.text);
    let (mark, color, word) =
        scene.shown.diagnosis(&step.id).map_or((Mark::Ring, tokens.muted, "not looked at"), |known| {
            (Mark::mode(known.mode), tokens.mode(known.mode), mark::mode_word(known.mode))
        });
    let text = painter.text(pos2(rect.right() - 10.0, head), Align2::RIGHT_CENTER, word, small.clone(), color);
    mark::paint(&painter, mark::square_at(text.left() - 16.0, head), mark, color);
    painter.hline(rect.x_range(), rect.top() + 32.0, Stroke::new(1.0, tokens.line));
    let objects = objects_of(book, step);
    let mono = FontId::monospace(tokens::SMALL);
    let letter = painter.layout_no_wrap("m".to_owned(), mono.clone(), tokens.text).size().x;
    // One of them is for the sign that something was cut.
    let letters = whole_letters(rect.width() - 32.0, letter) - 1;
    let facts = scene
        .shown
        .survey
        .value()
        .and_then(|survey| survey.diagnosis.facts.steps.iter().find(|facts| facts.step == step.id));
    for (row, object) in objects.iter().take(OBJECTS).enumerate() {
        let middle = rect.top() + 42.0 + as_f32(row) * 16.0;
        let present = facts
            .and_then(|facts| facts.objects.iter().find(|(name, _)| *name == object.name))
            .map(|(_, there)| *there);
        let greenfield = object.class == ObjectClass::Greenfield;
        let (shape, color) = match (greenfield, present) {
            (true, Some(true)) => (Mark::Dot, tokens.good),
            (true, Some(false)) => (Mark::Missing, tokens.muted),
            (true, None) => (Mark::Ring, tokens.muted),
            (false, _) => (Mark::Arrow, tokens.muted),
        };
        mark::paint(&painter, mark::square_at(rect.left() + 8.0, middle), shape, color);
        let name =
            if object.name.schema == book.target.schema { object.name.name.clone() } else { object.name.to_string() };
        painter.text(
            pos2(rect.left() + 24.0, middle),
            Align2::LEFT_CENTER,
            one_line(&name, letters),
            mono.clone(),
            tokens.text,
        );
    }
    if objects.len() > OBJECTS {
        let middle = rect.top() + 42.0 + as_f32(OBJECTS) * 16.0;
        let more = format!("and {} more", objects.len() - OBJECTS);
        painter.text(pos2(rect.left() + 24.0, middle), Align2::LEFT_CENTER, more, small, tokens.muted);
    }
    let name = format!("Component {}: {word}, place {order} in the order of reversal", step.id);
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, selected, &name));
    let names: Vec<String> = objects.iter().map(|object| object.name.to_string()).collect();
    let whole = format!("{}\nReversed as number {order}\n{}", visible(&step.title), names.join("\n"));
    if response.on_hover_text(whole).clicked() {
        scene.actions.push(UiAction::Step(index));
    }
}
