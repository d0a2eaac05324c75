//! Draws the window's icon: two ticks, one over the other, on the accent.

use eframe::egui::IconData;

/// The side of the icon in pixels.
const SIDE: u32 = 64;

/// Returns the icon.
#[must_use]
pub fn icon() -> IconData {
    let mut rgba = Vec::with_capacity((SIDE * SIDE * 4) as usize);
    for y in 0..SIDE {
        for x in 0..SIDE {
            rgba.extend(pixel(x, y));
        }
    }
    IconData { rgba, width: SIDE, height: SIDE }
}

fn pixel(x: u32, y: u32) -> [u8; 4] {
    let at = |value: u32| f32::from(u16::try_from(value).expect("BUG: an icon is small")) + 0.5;
    let (x, y) = (at(x), at(y));
    let corner = |v: f32| (12.0 - v).max(v - 52.0).max(0.0);
    if corner(x).hypot(corner(y)) > 12.0 {
        return [0, 0, 0, 0];
    }
    let tick = |lift: f32| {
        let down = distance((x, y), (14.0, 30.0 + lift), (26.0, 42.0 + lift));
        let up = distance((x, y), (26.0, 42.0 + lift), (50.0, 18.0 + lift));
        down.min(up)
    };
    if tick(8.0) < 3.5 {
        [255, 255, 255, 255]
    } else if tick(-6.0) < 3.5 {
        [150, 190, 232, 255]
    } else {
        [27, 90, 160, 255]
    }
}

fn distance((x, y): (f32, f32), (ax, ay): (f32, f32), (bx, by): (f32, f32)) -> f32 {
    let (dx, dy) = (bx - ax, by - ay);
    let along = (((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
    (x - ax - along * dx).hypot(y - ay - along * dy)
}
