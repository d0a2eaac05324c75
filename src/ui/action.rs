//! What a view may ask for. Views push; `App::logic` alone acts.

use std::sync::Arc;

use crate::census::Baseline;
use crate::digest::Digest;
use crate::runbook::CheckId;
use crate::session::Command;

use super::prefs::ThemeChoice;
use super::widget::diff::DiffJob;

/// The pages of the window, in the order of their tabs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Page {
    /// Open a runbook, connect, choose a baseline.
    #[default]
    Start,
    /// The component graph and the decision tree.
    Overview,
    /// The SQL, and its differences.
    Script,
    /// Baseline, expected, inside, now.
    Compare,
    /// The time line and the proof.
    Rehearsal,
    /// Who signs what.
    Approvals,
    /// The deed.
    Run,
    /// Documents of what was seen and done.
    Findings,
    /// The chain.
    Ledger,
    /// Who may sign, and what is proposed.
    Roster,
    /// What stopped everything, and what a restart needs.
    Stop,
}

impl Page {
    /// Every page in tab order; the digits lead to the first nine, and F9 to the stop.
    pub const ALL: [Self; 11] = [
        Self::Start,
        Self::Overview,
        Self::Script,
        Self::Compare,
        Self::Rehearsal,
        Self::Approvals,
        Self::Run,
        Self::Findings,
        Self::Ledger,
        Self::Roster,
        Self::Stop,
    ];

    /// Returns whether its tab stands there always. The roster's only while it is shown, and the stop's while one holds: a
    /// narrow window has no room for ten tabs.
    #[must_use]
    pub const fn is_at_hand(self) -> bool {
        !matches!(self, Self::Roster | Self::Stop)
    }

    /// Returns the tab's word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Start => "Start",
            Self::Overview => "Overview",
            Self::Script => "Script",
            Self::Compare => "Compare",
            Self::Rehearsal => "Rehearsal",
            Self::Approvals => "Approvals",
            Self::Run => "Run",
            Self::Findings => "Findings",
            Self::Ledger => "Ledger",
            Self::Roster => "Roster",
            Self::Stop => "Stop",
        }
    }
}

/// What a file dialog is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choose {
    /// A runbook folder to open.
    Runbook,
    /// A baseline file to open.
    Baseline,
    /// Where to keep the census as a baseline.
    BaselineToSave,
    /// An exported finding to verify.
    Finding,
    /// A new folder for a finding.
    FindingToExport,
    /// A dump to compare a table with.
    Dump,
    /// Where to save what somebody signs on another machine.
    ToSign,
    /// A signature that was made on another machine.
    Signature,
    /// A private key file for the signer form of that name.
    Key(&'static str),
}

/// Something a view asks for.
pub enum UiAction {
    /// Ask the session.
    Ask(Command),
    /// Show a page.
    Go(Page),
    /// Select a step, by its place in build order from 0.
    Step(usize),
    /// Show a line of the selected step's script.
    Line(u32),
    /// Open a file dialog.
    Choose(Choose),
    /// Put text on the clipboard.
    Copy {
        /// The text.
        text: String,
        /// What it is, for the footer.
        what: String,
    },
    /// Ask where to save a text, and save it there.
    Save {
        /// The file's name as it is suggested.
        name: String,
        /// The text.
        text: String,
    },
    /// Compute a difference away from the window's thread.
    Diff(DiffJob),
    /// Change the theme.
    Theme(ThemeChoice),
    /// Show or hide the evidence panel.
    ToggleEvidence {
        /// Whether the window is too narrow to show it beside a page by default.
        narrow: bool,
    },
    /// Open the command palette.
    OpenPalette,
    /// Keep in mind that a reviewer has opened a script or a drifted check of a request.
    Seen {
        /// The request's digest.
        request: Digest,
        /// `script:<step>` or `check:<id>`.
        what: String,
    },
    /// Show what is live now in Compare.
    CompareNow,
    /// Show a check in Compare.
    ShowCheck(CheckId),
    /// Write a finding about two baselines side by side, without these checks.
    WriteBeside(Box<(Arc<Baseline>, Arc<Baseline>, Vec<CheckId>)>),
    /// Select a request.
    Request(Digest),
    /// Put the difference between a table and a dump away.
    DropDifference,
    /// Take away the message at the foot of the window.
    DismissMessage,
}
