//! The book in `docs/`, and the README: their commands run, their links lead somewhere, and the reference says what
//! the program says.

mod console;
mod json;
mod pages;
mod promises;
mod reference;

/// One test for each page with commands; a chapter is one session at a shell.
macro_rules! followed {
    ($($test:ident $page:literal)+) => {
        $(#[test] fn $test() { console::follow($page); })+
        const FOLLOWED: &[&str] = &[$($page),+];
    };
}

followed! {
    the_commands_of_the_readme_do_what_it_says "README.md"
    the_commands_of_the_tutorial_do_what_it_says "docs/tutorial.md"
    the_commands_of_concepts_do_what_it_says "docs/concepts.md"
    the_commands_of_manifest_do_what_it_says "docs/manifest.md"
    the_commands_of_finding_do_what_it_says "docs/finding.md"
    the_commands_of_reviews_do_what_it_says "docs/reviews.md"
    the_commands_of_sandbox_do_what_it_says "docs/sandbox.md"
    the_commands_of_history_do_what_it_says "docs/history.md"
    the_commands_of_evolving_do_what_it_says "docs/evolving.md"
    the_commands_of_services_do_what_it_says "docs/services.md"
    the_commands_of_workers_do_what_it_says "docs/workers.md"
    the_commands_of_agents_do_what_it_says "docs/agents.md"
    the_commands_of_failures_do_what_it_says "docs/failures.md"
    the_commands_of_buffers_do_what_it_says "docs/buffers.md"
    the_commands_of_library_do_what_it_says "docs/library.md"
    the_commands_of_configuration_do_what_it_says "docs/configuration.md"
    the_commands_of_contributing_do_what_it_says "docs/contributing.md"
}

#[test]
fn every_page_with_commands_is_followed() {
    for page in pages::all() {
        let has_commands = !console::blocks(&pages::read(&page)).is_empty();
        assert!(!has_commands || FOLLOWED.contains(&page.as_str()), "{page} has commands that no test runs");
    }
}
