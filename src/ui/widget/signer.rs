//! Asks who signs, and with which key. The passphrase is wiped when it is taken, and never remembered.

use eframe::egui::{ComboBox, Id, TextEdit, Ui};
use zeroize::{Zeroize as _, Zeroizing};

use super::{form, text};
use crate::approval::{Kind, Person, Role};
use crate::port::KeyChoice;
use crate::runbook::Principal;
use crate::session::{Command, SignAs};
use crate::ui::action::{Choose, UiAction};
use crate::ui::state::Known;
use crate::ui::tokens;
use crate::ui::view::{Scene, people_in_force};

/// The longest passphrase: room is reserved for it at once, so that growing leaves no copies behind.
const PASSPHRASE_LIMIT: usize = 256;

/// Where the key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    File,
    Agent,
}

/// A form that gives a [`SignAs`].
pub struct SignerForm {
    name: &'static str,
    principal: Option<Principal>,
    source: Source,
    path: String,
    fingerprint: String,
    passphrase: Zeroizing<String>,
}

impl SignerForm {
    /// Makes an empty form; `name` tells forms apart.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            principal: None,
            source: Source::File,
            path: String::new(),
            fingerprint: String::new(),
            passphrase: Zeroizing::new(String::with_capacity(PASSPHRASE_LIMIT)),
        }
    }

    /// Returns the form's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Puts a path that a dialog gave into the form.
    pub fn set_path(&mut self, path: &std::path::Path) {
        self.source = Source::File;
        self.path = path.display().to_string();
    }

    /// Returns who would sign.
    #[must_use]
    pub const fn principal(&self) -> Option<&Principal> {
        self.principal.as_ref()
    }

    /// Returns whether somebody and a key are chosen.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.principal.is_some()
            && match self.source {
                Source::File => !self.path.trim().is_empty(),
                Source::Agent => !self.fingerprint.is_empty(),
            }
    }

    /// Gives what signs, and wipes the passphrase, egui's copies for "undo" included.
    pub fn take(&mut self, ui: &Ui) -> Option<SignAs> {
        if !self.is_ready() {
            return None;
        }
        let key = match self.source {
            Source::File => KeyChoice::parse(self.path.trim()),
            Source::Agent => KeyChoice::Agent(self.fingerprint.clone()),
        };
        let typed = !self.passphrase.is_empty() && self.source == Source::File;
        let passphrase = typed.then(|| Zeroizing::new(self.passphrase.as_str().to_owned()));
        self.wipe(ui);
        Some(SignAs { principal: self.principal.clone()?, key, passphrase })
    }

    /// Wipes the passphrase.
    pub fn wipe(&mut self, ui: &Ui) {
        self.passphrase.zeroize();
        self.passphrase.reserve(PASSPHRASE_LIMIT);
        TextEdit::store_state(ui.ctx(), self.passphrase_id(), eframe::egui::text_edit::TextEditState::default());
    }

    fn passphrase_id(&self) -> Id {
        Id::unique(("passphrase", self.name))
    }

    /// Draws the form for the people of the roster in force; those without the role, when one is needed, are not offered.
    pub fn ui(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, role: Option<Role>) {
        let mut people: Vec<Person> = people_in_force(scene);
        people.retain(|person| role.is_none_or(|role| may(person, role)));
        if people.is_empty() {
            let role = role.map_or("at all", role_word);
            text::muted(ui, &format!("The roster names nobody with the role {role}."));
            return;
        }
        self.among(ui, scene, &people);
    }

    /// Draws the form for these people; somebody who is chosen and not among them is let go.
    pub fn among(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, people: &[Person]) {
        if self.principal.as_ref().is_some_and(|who| people.iter().all(|person| person.principal != *who)) {
            self.principal = None;
        }
        self.who(ui, scene, people);
        text::label(ui, "Key");
        form::choice(ui, &mut self.source, &[(Source::File, "Key file"), (Source::Agent, "ssh-agent")]);
        match self.source {
            Source::File => self.file(ui, scene),
            Source::Agent => self.agent(ui, scene),
        }
    }

    fn who(&mut self, ui: &mut Ui, scene: &Scene<'_>, people: &[Person]) {
        text::label(ui, "Who signs");
        let chosen = self.principal.as_ref().and_then(|who| people.iter().find(|person| person.principal == *who));
        let label = chosen.map_or_else(|| "Choose a person".to_owned(), label_of);
        let before = self.principal.clone();
        let combo =
            ComboBox::from_id_salt(("who", self.name)).selected_text(label).width(ui.available_width()).truncate();
        let response = combo.show_ui(ui, |ui| {
            for person in people {
                ui.selectable_value(&mut self.principal, Some(person.principal.clone()), label_of(person));
            }
        });
        super::mark::name(
            &response.response,
            eframe::egui::accesskit::Role::ComboBox,
            &format!("Who signs ({})", self.name),
        );
        if self.principal != before
            && let Some(desk) = scene.people.iter().find(|desk| Some(&desk.principal) == self.principal.as_ref())
        {
            self.set_path(&desk.key);
        }
    }

    fn file(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) {
        form::field(ui, (self.name, "key"), "Private key file", &mut self.path, "~/.ssh/id_ed25519");
        if ui.button("Choose a key file…").clicked() {
            scene.actions.push(UiAction::Choose(Choose::Key(self.name)));
        }
        let name = text::label(ui, "Passphrase, if the key has one");
        let id = self.passphrase_id();
        let edit = TextEdit::singleline(&mut *self.passphrase)
            .id(id)
            .password(true)
            .char_limit(PASSPHRASE_LIMIT / 4)
            .desired_width(f32::INFINITY)
            .margin(tokens::field_margin());
        ui.add(edit).labelled_by(name.id);
    }

    fn agent(&mut self, ui: &mut Ui, scene: &mut Scene<'_>) {
        match &scene.shown.agent_keys {
            Known::Known(keys) if keys.is_empty() => {
                text::muted(ui, "ssh-agent holds no keys. Add one with ssh-add, then list them again.");
            }
            Known::Known(keys) => {
                for key in keys {
                    let label = format!("{}  {}", key.comment, key.fingerprint);
                    ui.radio_value(
                        &mut self.fingerprint,
                        key.fingerprint.clone(),
                        super::escape::visible(&label).as_ref(),
                    );
                }
            }
            Known::NotAsked => {
                text::muted(ui, "Nobody has asked ssh-agent yet.");
            }
            Known::Asking { .. } => {
                text::muted(ui, "Asking ssh-agent…");
            }
            Known::Unreadable { reason, .. } => text::failure(ui, &reason.message, &reason.hint),
        }
        if ui.add_enabled(scene.shown.is_free(), eframe::egui::Button::new("List the agent's keys")).clicked() {
            scene.actions.push(UiAction::Ask(Command::ListAgentKeys));
        }
    }
}

fn may(person: &Person, role: Role) -> bool {
    let acts = match person.kind {
        Kind::Human => true,
        // D-71: an agent may prepare; it never approves, runs or restarts.
        Kind::Agent => role == Role::Author,
    };
    acts && person.roles.contains(&role)
}

fn label_of(person: &Person) -> String {
    super::escape::visible(&format!("{} · {}", person.name, person.principal)).into_owned()
}

/// Returns the word of a role.
#[must_use]
pub const fn role_word(role: Role) -> &'static str {
    match role {
        Role::Author => "author",
        Role::Reviewer => "reviewer",
        Role::Operator => "operator",
        Role::Sovereign => "sovereign",
    }
}
