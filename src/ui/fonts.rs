//! Takes nothing; gives the window its two faces, with every Vietnamese letter and no misleading ligature.
//!
//! IBM Plex Sans and IBM Plex Mono, under the SIL Open Font License 1.1 (`assets/fonts/OFL.txt`). Shapes they lack
//! (`∅ ● ✗`) are drawn by `widget::mark`.

use std::sync::Arc;

use eframe::egui::{Context, FontData, FontDefinitions, FontFamily};

use super::tokens;

const SANS: &[u8] = include_bytes!("../../assets/fonts/IBMPlexSans-Regular.ttf");
const SANS_SEMIBOLD: &[u8] = include_bytes!("../../assets/fonts/IBMPlexSans-SemiBold.ttf");
const MONO: &[u8] = include_bytes!("../../assets/fonts/IBMPlexMono-Regular.ttf");
const MONO_SEMIBOLD: &[u8] = include_bytes!("../../assets/fonts/IBMPlexMono-SemiBold.ttf");

/// Installs the fonts. egui's own stay behind them, for letters of scripts that Plex does not draw.
pub fn install(context: &Context) {
    let mut fonts = FontDefinitions::default();
    let faces = [
        ("plex-sans", SANS, FontFamily::Proportional),
        ("plex-mono", MONO, FontFamily::Monospace),
        ("plex-sans-semibold", SANS_SEMIBOLD, tokens::semibold()),
        ("plex-mono-semibold", MONO_SEMIBOLD, tokens::mono_semibold()),
    ];
    let behind = fonts.families.get(&FontFamily::Proportional).cloned().unwrap_or_default();
    for (name, bytes, family) in faces {
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes)));
        let names = fonts.families.entry(family).or_insert_with(|| behind.clone());
        names.insert(0, name.to_owned());
        // Arrows and box lines exist only in the monospaced face.
        if !names.iter().any(|name| name == "plex-mono") {
            names.insert(1, "plex-mono".to_owned());
        }
    }
    context.set_fonts(fonts);
}
