//! What somebody waits for who opens a specification.

use divan::Bencher;
use std::fmt::Write;
use toolsmith::evolve::document::{DEFAULT_BUDGET, Document};

/// A specification of 500 KB: sections, lists, tables and code, as people write them.
fn specification() -> String {
    let mut text = String::from("# A large specification\n\n");
    for number in 0.. {
        if text.len() >= 500_000 {
            break;
        }
        let _ = write!(
            text,
            "## Part {number}\n\nWords that explain what this part of the whole is about, and why.\n\n\
             ### Requirements\n\n- It must read what part {number} describes.\n- It should be quick.\n\n\
             | name | type | required |\n| --- | --- | --- |\n| path | string | yes |\n\n\
             ### Example\n\n```python\ncall({number})\n```\n\n"
        );
    }
    text
}

/// Reading, taking apart and summing up: 200 ms at most.
#[divan::bench]
fn summary_of_500_kb(bencher: Bencher) {
    let text = specification();
    bencher.bench_local(|| Document::read(text.as_bytes()).summary(DEFAULT_BUDGET));
}
