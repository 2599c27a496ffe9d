//! Services as a person and an agent meet them: starting, talking, what a keeper costs, ports under load.
//!
//! `cargo bench -- services` measures everything, `cargo bench -- services memory` what has this word in its name. Figures
//! count on an otherwise idle machine only, and for the profile that was built: `--profile dev` for a quick look.

mod cases;
mod world;

/// One measured figure.
pub struct Figure {
    what: String,
    value: String,
    goal: &'static str,
}

impl Figure {
    fn new(what: impl Into<String>, value: impl Into<String>, goal: &'static str) -> Figure {
        Figure { what: what.into(), value: value.into(), goal }
    }
}

/// Measures the cases with one of these words in their names, or all.
pub fn run(words: &[String]) {
    println!("{:<66} {:>24}  goal", "", "");
    for (name, measure) in cases::CASES {
        if words.is_empty() || words.iter().any(|word| name.contains(word.as_str())) {
            for Figure { what, value, goal } in measure() {
                println!("{:<66} {value:>24}  {goal}", format!("{name}: {what}"));
            }
        }
    }
}
