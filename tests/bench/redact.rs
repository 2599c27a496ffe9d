//! Redaction of output. To hold: 300 MB/s of plain text, so that a flood is not slowed by it.

use divan::Bencher;
use divan::counter::BytesCount;
use toolsmith::domain::{Redactor, Secret};

/// What one read of a pipe gives.
const PIECE: usize = 64 * 1024;

/// A log with paths, numbers, digests and addresses, about a mebibyte.
fn log() -> String {
    let line = |n: usize| {
        format!(
            "2026-01-02T03:04:{:02} INFO worker-{n}: read /srv/data/{n:06}.json in {} ms, sha256 {n:064x}, see https://example.com/{n}\n",
            n % 60,
            n % 977
        )
    };
    (0..7000).map(line).collect()
}

fn redactor(secrets: usize) -> Redactor {
    let all: Vec<(String, Secret)> =
        (0..secrets).map(|n| (format!("TOKEN_{n}"), Secret::new(format!("{n}v3ry-s3cr3t_{n:08x}")))).collect();
    Redactor::new(all.iter().map(|(name, secret)| (name.as_str(), secret)))
}

/// Plain text, by how many secrets the run was given.
#[divan::bench(args = [0, 1, 8])]
fn plain_text(bencher: Bencher, secrets: usize) {
    let (text, redactor) = (log(), redactor(secrets));
    bencher.counter(BytesCount::of_str(&text)).bench(|| stream(&redactor, text.as_bytes()));
}

/// One token in every hundred bytes.
#[divan::bench]
fn full_of_tokens(bencher: Bencher) {
    let text = format!("{:62}ghp_{}\n", "the token is", "aB3dE5gH1".repeat(4)).repeat(10_000);
    let redactor = redactor(1);
    bencher.counter(BytesCount::of_str(&text)).bench(|| stream(&redactor, text.as_bytes()));
}

/// Making the redactor of a run.
#[divan::bench(args = [0, 1, 8])]
fn build(secrets: usize) -> Redactor {
    redactor(secrets)
}

fn stream(redactor: &Redactor, text: &[u8]) -> usize {
    let (mut stream, mut out, mut len) = (redactor.stream(), Vec::new(), 0);
    for piece in text.chunks(PIECE) {
        stream.push(piece, &mut out);
        len += out.len();
        out.clear();
    }
    stream.finish(&mut out);
    len + out.len()
}
