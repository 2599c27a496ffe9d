//! Output is read back as it was written: complete, cut at any point, over several files, and while it is written.

use super::*;
use crate::domain::service::LogRule;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::PermissionsExt;

fn written(frames: &[(Stream, &[u8])]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("1.spool");
    let mut writer = SpoolWriter::create(&path, None).unwrap();
    for (i, (stream, bytes)) in frames.iter().enumerate() {
        writer.append(*stream, i as u64, bytes);
    }
    writer.flush();
    (dir, path)
}

fn text(spool: &Spool, stream: Option<Stream>) -> String {
    let mut bytes = Vec::new();
    spool.bytes(stream).read_to_end(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

const SAMPLE: &[(Stream, &[u8])] =
    &[(Stream::Stdout, b"one"), (Stream::Stderr, b"err"), (Stream::Stdout, b""), (Stream::Stdout, b"two")];

#[test]
fn frames_read_back_with_their_offsets() {
    let (_dir, path) = written(SAMPLE);
    let spool = Spool::open(&path).unwrap();
    let (frames, end) = spool.frames(0, usize::MAX).unwrap();
    let expected: Vec<Frame> = [4, 16, 28, 37]
        .into_iter()
        .zip(SAMPLE)
        .zip(0..)
        .map(|((offset, (stream, bytes)), at_ms)| Frame { stream: *stream, at_ms, bytes: bytes.to_vec(), offset })
        .collect();
    assert_eq!(frames, expected);
    assert_eq!(end, spool.len().unwrap());
    assert_eq!(spool.frames(28, 1).unwrap().0, expected[2..]);
    assert_eq!(spool.frames(end, 1).unwrap(), (vec![], end));
    assert_eq!(text(&spool, Some(Stream::Stdout)), "onetwo");
    assert_eq!(text(&spool, None), "oneerrtwo");
}

#[test]
fn a_file_cut_anywhere_reads_up_to_the_cut() {
    let (_dir, path) = written(SAMPLE);
    let whole = std::fs::read(&path).unwrap();
    for cut in 0..=whole.len() {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let spool = Spool::open(&path).unwrap();
        assert!("oneerrtwo".starts_with(&text(&spool, None)), "cut at {cut}");
        let (_, next) = spool.frames(0, usize::MAX).unwrap();
        assert!(next <= 4.max(cut as u64));
    }
    std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    assert_eq!(text(&Spool::open(&path).unwrap(), None), "oneerrtw");
}

#[test]
fn the_file_is_private_and_foreign_files_are_refused() {
    let (dir, path) = written(SAMPLE);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let other = dir.path().join("other");
    std::fs::write(&other, "plain text").unwrap();
    assert!(matches!(Spool::open(&other), Err(SpoolError::Foreign { .. })));
    assert!(matches!(Spool::open(&dir.path().join("none")), Err(SpoolError::Read { .. })));
}

#[test]
fn a_full_disk_loses_the_end_and_says_so() {
    let (_dir, path) = written(&[]);
    let mut writer = SpoolWriter::create(&path, None).unwrap();
    writer.file = Some(OpenOptions::new().write(true).open("/dev/full").unwrap());
    assert_eq!(writer.append(Stream::Stdout, 0, b"x"), 4);
    writer.flush();
    assert_eq!(writer.failure().map(io::Error::kind), Some(io::ErrorKind::StorageFull));
    assert_eq!(writer.append(Stream::Stdout, 0, b"x"), 4);
}

const FILE: u64 = 128 * 1024;

/// Numbered lines, enough to make the ring drop its oldest file.
fn line(number: u32) -> String {
    format!("{number:08} {}\n", "x".repeat(1000))
}

fn files(path: &Path) -> Vec<(String, u64)> {
    let dir = fs::read_dir(path.parent().unwrap()).unwrap().map(Result::unwrap);
    let mut files: Vec<_> =
        dir.map(|entry| (entry.file_name().into_string().unwrap(), entry.metadata().unwrap().len())).collect();
    files.sort();
    files
}

fn ring(keep: u32) -> (tempfile::TempDir, PathBuf, SpoolWriter) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("1.spool");
    let writer = SpoolWriter::create(&path, Some(LogRule { most_bytes: FILE, keep })).unwrap();
    (dir, path, writer)
}

#[test]
fn a_ring_keeps_the_newest_files_within_their_size_and_says_what_is_missing() {
    for keep in [0, 1, 3] {
        let (_dir, path, mut writer) = ring(keep);
        let offsets: Vec<u64> =
            (0..2000).map(|number| writer.append(Stream::Stdout, number.into(), line(number).as_bytes())).collect();
        writer.flush();
        assert!(offsets.is_sorted_by(|one, next| one < next));
        let names: Vec<String> = files(&path).into_iter().map(|(name, _)| name).collect();
        let expected = std::iter::once("1.spool".to_owned()).chain((1..=keep).map(|n| format!("1.spool.{n}")));
        assert_eq!(names, expected.collect::<Vec<_>>());
        assert!(files(&path).iter().all(|(_, size)| *size <= FILE), "{:?}", files(&path));

        let spool = Spool::open(&path).unwrap();
        let kept = text(&spool, None);
        let all: String = (0..2000).map(line).collect();
        assert!(all.ends_with(&kept) && kept.len() as u64 > FILE * u64::from(keep) * 9 / 10, "{}", kept.len());
        let cuts = spool.cuts().unwrap();
        assert_eq!((cuts.len(), cuts[0].bytes), (1, (all.len() - kept.len()) as u64));
        assert!(cuts[0].at_unix_ms > 1_700_000_000_000);
        // Time and offset of a frame are relative to the run, not to the file.
        let first = spool.frames(0, 1).unwrap().0.remove(0);
        let number: u32 = String::from_utf8_lossy(&first.bytes)[..8].parse().unwrap();
        assert_eq!((first.at_ms, first.offset), (number.into(), offsets[number as usize]));
        assert_eq!(first.offset, cuts[0].offset);
        assert_eq!(spool.frames(first.offset, 1).unwrap().1, offsets[number as usize + 1]);
    }
}

#[test]
fn a_reader_that_follows_goes_on_over_files_that_are_replaced() {
    let (_dir, path, mut writer) = ring(2);
    let spool = Spool::open(&path).unwrap();
    let (mut seen, mut offset) = (String::new(), 0);
    let mut follow = |seen: &mut String| {
        loop {
            let (frames, next) = spool.frames(offset, 5000).unwrap();
            offset = next;
            if frames.is_empty() {
                break;
            }
            seen.extend(frames.iter().map(|frame| String::from_utf8_lossy(&frame.bytes).into_owned()));
        }
    };
    for number in 0..3000 {
        writer.append(Stream::Stdout, 0, line(number).as_bytes());
        if number % 50 == 0 {
            writer.flush();
            follow(&mut seen);
        }
    }
    writer.flush();
    follow(&mut seen);
    let all: String = (0..3000).map(line).collect();
    assert!(seen == all, "{} of {}", seen.len(), all.len());

    // A reader that is too slow continues at the oldest existing frame.
    let kept = text(&spool, None);
    assert!(all.ends_with(&kept) && kept.len() < all.len());
}

#[test]
fn a_ring_can_be_read_whenever_its_writer_is_killed() {
    let (dir, path, mut writer) = ring(3);
    for number in 0..700 {
        writer.append(Stream::Stdout, 0, line(number).as_bytes());
    }
    writer.flush();
    let name = |suffix: &str| dir.path().join(format!("1.spool{suffix}"));
    let all: String = (0..700).map(line).collect();
    let whole = text(&Spool::open(&path).unwrap(), None);
    // Before anything was renamed.
    fs::write(name(".new"), b"TSP2").unwrap();
    assert_eq!(text(&Spool::open(&path).unwrap(), None), whole);
    // After one was renamed: a number is missing.
    fs::rename(name(".2"), name(".3")).unwrap();
    let kept = text(&Spool::open(&path).unwrap(), None);
    assert!(all.ends_with(&kept) && kept.len() < whole.len());
    fs::rename(name(".1"), name(".2")).unwrap();
    assert_eq!(text(&Spool::open(&path).unwrap(), None), kept);
    // The newest file under both names.
    fs::hard_link(&path, name(".1")).unwrap();
    assert_eq!(text(&Spool::open(&path).unwrap(), None), kept);
    // A foreign file.
    fs::write(name(".4"), b"other").unwrap();
    assert_eq!(text(&Spool::open(&path).unwrap(), None), kept);
    Spool::remove(&path).unwrap();
    assert_eq!(files(&path), []);
    Spool::remove(&path).unwrap();
}

#[test]
fn what_a_full_disk_lost_in_a_ring_is_marked_and_the_ring_goes_on() {
    let (_dir, path, mut writer) = ring(3);
    writer.append(Stream::Stdout, 0, b"before\n");
    writer.flush();
    writer.file = Some(OpenOptions::new().write(true).open("/dev/full").unwrap());
    writer.append(Stream::Stdout, 0, b"lost\n");
    writer.flush();
    assert!(writer.failure().is_some());
    let begun = std::time::Instant::now();
    let mut lost = 5;
    // Every further line is lost until the writer retries.
    while writer.append(Stream::Stdout, 7, b"again\n") < 4 + 9 + 7 + 44 {
        lost += 6;
        assert!(begun.elapsed() < std::time::Duration::from_secs(30));
        std::thread::yield_now();
    }
    writer.flush();
    let spool = Spool::open(&path).unwrap();
    assert_eq!(text(&spool, None), "before\nagain\n");
    let cuts = spool.cuts().unwrap();
    assert_eq!(cuts.iter().map(|cut| cut.bytes).collect::<Vec<_>>(), [lost]);
    assert_eq!(spool.frames(cuts[0].offset, 1).unwrap().0[0].bytes, b"again\n");
}

#[test]
fn an_empty_ring_of_an_earlier_run_is_not_taken_for_output() {
    let (_dir, path, mut writer) = ring(3);
    for number in 0..700 {
        writer.append(Stream::Stdout, 0, line(number).as_bytes());
    }
    drop(writer);
    let rule = LogRule { most_bytes: FILE, keep: 3 };
    let mut writer = SpoolWriter::create(&path, Some(rule)).unwrap();
    assert_eq!(files(&path).len(), 1);
    writer.append(Stream::Stderr, u64::MAX, b"new");
    writer.flush();
    let spool = Spool::open(&path).unwrap();
    assert_eq!((text(&spool, None), spool.cuts().unwrap()), ("new".to_owned(), vec![]));
    // A time that a frame cannot represent.
    assert_eq!(spool.frames(0, 1).unwrap().0[0].at_ms, u64::from(u32::MAX));
}
