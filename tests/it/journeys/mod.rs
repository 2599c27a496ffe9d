//! Journeys of a person through the real program in a real terminal.

mod decide;
mod editor;
mod evolve;
mod failures;
mod leave;
#[cfg(feature = "plots")]
mod pictures;
mod run;
mod sizes;
mod tiers;
mod together;

use crate::support::{Terminal, Workspace, key};
use serde_json::Value;

/// A size at which all four panes are on screen.
const LARGE: (u16, u16) = (120, 40);

/// Opens the workbench and waits until the catalog is complete.
fn open(workspace: &Workspace, size: (u16, u16)) -> Terminal {
    let mut terminal = Terminal::toolsmith(workspace, &[], size);
    // Small terminals have no line that says "Ready".
    terminal.wait_for("a catalog that is read", |screen| {
        let text = screen.contents();
        text.contains("1 Catalog") && !["Loading", "opening"].iter().any(|word| text.contains(word))
    });
    terminal
}

/// A workspace with git and one script of this name that prints `done`.
fn with_one_script(name: &str) -> Workspace {
    Workspace::new().with_git().with_script(name, "print('done')")
}

/// The only waiting review.
fn waiting_review(workspace: &Workspace) -> Value {
    let is_one = |answer: &Value| answer["reviews"].as_array().is_some_and(|reviews| reviews.len() == 1);
    workspace.json_until(&["reviews"], is_one)["reviews"][0].clone()
}

fn digest_of(review: &Value) -> String {
    review["digest"].as_str().unwrap().to_owned()
}

/// Opens the first review of the queue.
fn open_review(terminal: &mut Terminal) {
    // In a review that is open already there is no queue, and Enter acknowledges nothing.
    terminal.send("4").wait_for("the queue, or a review", |screen| {
        let text = screen.contents();
        text.contains("pending review") || text.contains("evidence")
    });
    terminal.send(key::ENTER).wait_text("evidence");
}

/// Reads on until every line was on screen, as the screen says how.
fn read_to_end(terminal: &mut Terminal) {
    for _ in 0..200 {
        // A page more unlocks nothing while the checks run, and Space begins again after the last page.
        terminal.wait_for("whether approve is locked", |screen| {
            let text = screen.contents();
            let is_settled = text.contains("locked: ") && !text.contains("checks are running");
            is_settled || text.contains(" not seen") || text.contains("a approve")
        });
        let before = terminal.text();
        if before.contains("a approve") {
            return;
        }
        terminal.send(" ").wait_for("another screen", |screen| screen.contents() != before);
    }
    panic!("approve never unlocked\n{}", terminal.text());
}

/// Approves the open review.
fn approve(terminal: &mut Terminal, digest: &str) {
    read_to_end(terminal);
    terminal.send("a").wait_text("then: enter approves");
    terminal.send(&digest[..4]).wait_text("reason (optional)").send(key::ENTER);
    terminal.wait_gone("reason (optional)");
}
