//! The filter of the catalog, key by key. To hold: far below 2 ms at 10,000 tools, in release. And the search by what
//! tools are for. To hold: 20 ms at 10,000 tools.

use super::workload;
use divan::Bencher;
use std::sync::Arc;
use toolsmith::catalog::{Cache, Index, ScanPlan, scan};
use toolsmith::domain::Tool;
use toolsmith::insight::Relevance;

fn tools(count: usize) -> Vec<Arc<Tool>> {
    let folder = workload::workspace(count);
    scan(&ScanPlan::standard(folder.path()), &Cache::default(), &mut |_| {}).tools
}

/// A query all at once: the first key, a few letters, words, and the full name of one tool.
#[divan::bench(args = ["c", "cmp", "photo review", "validate-header-009", "nothing like it"])]
fn query_10k(bencher: Bencher, query: &str) {
    let index = Index::new(&tools(10_000));
    bencher.bench(|| index.query(divan::black_box(query)).len());
}

/// The last key of a query that grew letter by letter.
#[divan::bench(args = ["cm", "photo rev", "validate-header-009"])]
fn key_10k(bencher: Bencher, query: &str) {
    let index = Index::new(&tools(10_000));
    let before = &query[..query.len() - 1];
    let hits = index.query(before);
    bencher.bench(|| index.refine(before, &hits, divan::black_box(query)).len());
}

/// The index of a catalog, made anew after every scan that changed something.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn index_10k(bencher: Bencher) {
    let tools = tools(10_000);
    bencher.bench(|| Index::new(&tools));
}

/// What tools are for: a short question, a long one, one with a word that nobody has.
#[divan::bench(args = ["compare photos", "validate the reviews of many photos and compare them", "kompare xylophones"])]
fn relevance_10k(bencher: Bencher, question: &str) {
    let index = Relevance::new(&tools(10_000));
    bencher.bench(|| index.query(divan::black_box(question), 50).len());
}

/// The index of what tools say of themselves, made anew for each catalog that is searched.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn relevance_index_10k(bencher: Bencher) {
    let tools = tools(10_000);
    bencher.bench(|| Relevance::new(&tools));
}
