//! What holds for every picture.

use super::*;
use std::collections::BTreeSet;

/// The bundled tools; `None`, with a word about it, where somebody moved one of them.
fn workspace(test: &str) -> Option<Workspace> {
    match Workspace::read(Path::new(env!("CARGO_MANIFEST_DIR"))) {
        Ok(workspace) => Some(workspace),
        Err(ScreenshotError::NoBundledTool(name)) => {
            eprintln!("{test} skipped: tools/{name} is not where the pictures expect it");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn every_sign_on_every_screen_has_a_glyph() {
    let Some(workspace) = workspace("every_sign_on_every_screen_has_a_glyph") else { return };
    let letters = Letters::new().unwrap();
    for scene in SCENES {
        let drawing = scene.draw(&workspace).unwrap();
        assert_eq!(png::missing(&drawing, &letters), BTreeSet::new(), "{}", scene.name);
    }
}

#[test]
fn reading_the_tools_and_playing_the_scenes_again_gives_the_same_drawings() {
    let test = "reading_the_tools_and_playing_the_scenes_again_gives_the_same_drawings";
    let (Some(first), Some(second)) = (workspace(test), workspace(test)) else { return };
    for scene in SCENES {
        assert!(scene.draw(&first).unwrap() == scene.draw(&second).unwrap(), "{}", scene.name);
    }
}

#[test]
fn names_of_pictures_are_unique() {
    let names: BTreeSet<&str> = SCENES.iter().map(|scene| scene.name).collect();
    assert_eq!(names.len(), SCENES.len());
}

#[test]
fn checking_writes_nothing_and_writing_leaves_equal_files_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/picture.svg");
    assert!(!settle(&path, b"new", Purpose::Check).unwrap());
    assert!(!path.exists());
    assert!(settle(&path, b"new", Purpose::Write).unwrap());
    assert!(settle(&path, b"new", Purpose::Check).unwrap());
    assert!(!settle(&path, b"newer", Purpose::Check).unwrap());
    let mut readonly = fs::metadata(&path).unwrap().permissions();
    readonly.set_readonly(true);
    fs::set_permissions(&path, readonly).unwrap();
    assert!(settle(&path, b"new", Purpose::Write).unwrap());
    assert_eq!(fs::read(&path).unwrap(), b"new");
}

#[test]
fn a_folder_without_the_bundled_tools_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = screenshots(folder.path(), folder.path(), Purpose::Check).unwrap_err();
    assert!(matches!(error, ScreenshotError::NoBundledTool("core/csv-stats")), "{error}");
}

#[test]
fn the_pictures_in_the_repository_show_the_screens_as_they_are() {
    let test = "the_pictures_in_the_repository_show_the_screens_as_they_are";
    if workspace(test).is_none() {
        return;
    }
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR"));
    let purpose = if std::env::var_os("TOOLSMITH_BLESS").is_some() { Purpose::Write } else { Purpose::Check };
    let report = screenshots(checkout, &checkout.join("screenshots"), purpose).unwrap();
    let differing = if purpose == Purpose::Write { Vec::new() } else { report.differing };
    let advice = "after a change of the screens: TOOLSMITH_BLESS=1 cargo test --test it screenshots::, then look at the pictures";
    assert_eq!(differing, Vec::<String>::new(), "{advice}");
}
