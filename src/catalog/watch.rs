//! Hints that something changed in the tools folders. The scan is the truth.
//!
//! It neither waits nor collects: the listener decides how long to wait before scanning. A lost event loses no tool,
//! because the listener also scans regularly.

use super::files::is_left_out;
use crate::domain::PROMOTIONS_FILE;
use notify::event::{AccessKind, AccessMode, CreateKind, EventKind};
use notify::{Config, Event, RecommendedWatcher, RecursiveMode, Watcher as _};
use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// The message of a watcher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// Something in the folders changed.
    Changed,
    /// Events were lost; anything may have changed.
    Overflow,
}

/// Files written into a folder before its watch is in place are not announced; this long after a
/// folder appeared the hint is repeated (measured: at 20 ms all of 2,000 such files are there).
const AGAIN: Duration = Duration::from_millis(30);

/// Watches folders until it is dropped.
#[derive(Debug)]
pub struct Watcher {
    stop: Sender<Message>,
    thread: Option<JoinHandle<()>>,
}

enum Message {
    Event(notify::Result<Event>),
    Stop,
}

impl Watcher {
    /// Watches these folders and all below them. A folder that is not there yet, or goes and comes
    /// back, is watched from then on. `wake` is called from a thread of the watcher and must not block.
    ///
    /// # Errors
    /// One line when the system refuses to watch at all, or a folder that is there.
    pub fn start(paths: &[PathBuf], wake: Box<dyn Fn(Hint) + Send>) -> Result<Watcher, String> {
        let (tx, rx) = channel();
        let events = tx.clone();
        let handler = move |event| drop(events.send(Message::Event(event)));
        let notify = RecommendedWatcher::new(handler, Config::default().with_follow_symlinks(false))
            .map_err(|error| text(&error))?;
        let mut watch = WatchState {
            notify,
            roots: paths.iter().map(|path| WatchRoot::new(path)).collect(),
            parents: BTreeSet::new(),
        };
        watch.arm()?;
        let thread = std::thread::Builder::new()
            .name("catalog-watch".to_owned())
            .spawn(move || watch.listen(&rx, &*wake))
            .map_err(|error| error.to_string())?;
        Ok(Watcher { stop: tx, thread: Some(thread) })
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        // Fails only when the thread has ended already.
        let _ = self.stop.send(Message::Stop);
        if let Some(thread) = self.thread.take() {
            // Fails only after a panic there, which a drop cannot report.
            let _ = thread.join();
        }
    }
}

struct WatchState {
    notify: RecommendedWatcher,
    roots: Vec<WatchRoot>,
    /// Folders watched, not deeply, for the sake of a root in them.
    parents: BTreeSet<PathBuf>,
}

/// A folder to watch, and which folder of that path is watched now.
struct WatchRoot {
    path: PathBuf,
    watched: Option<(u64, u64)>,
}

impl WatchRoot {
    fn new(path: &Path) -> WatchRoot {
        // Events carry absolute paths; a root that is not there yet cannot be made canonical.
        let path = path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned());
        WatchRoot { path, watched: None }
    }
}

impl WatchState {
    fn listen(mut self, rx: &Receiver<Message>, wake: &dyn Fn(Hint)) {
        let mut again = false;
        loop {
            let message =
                if again { rx.recv_timeout(AGAIN) } else { rx.recv().map_err(|_| RecvTimeoutError::Disconnected) };
            match message {
                Ok(Message::Event(Ok(event))) => again |= self.event(&event, wake),
                Ok(Message::Event(Err(_))) => wake(Hint::Overflow),
                Err(RecvTimeoutError::Timeout) => {
                    again = false;
                    wake(Hint::Changed);
                }
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Whether the hint must be repeated.
    fn event(&mut self, event: &Event, wake: &dyn Fn(Hint)) -> bool {
        if event.need_rescan() {
            self.rearm();
            wake(Hint::Overflow);
            return true;
        }
        if !is_change(event.kind) {
            return false;
        }
        let touches_root = event.paths.iter().any(|path| self.roots.iter().any(|root| root.path.starts_with(path)));
        let rearmed = (touches_root || self.roots.iter().any(|root| root.watched.is_none())) && self.rearm();
        let chooses = |path: &PathBuf| path.file_name().is_some_and(|name| name == PROMOTIONS_FILE);
        if touches_root || rearmed || event.paths.iter().any(|path| chooses(path) || self.is_inside(path)) {
            wake(Hint::Changed);
        }
        rearmed || matches!(event.kind, EventKind::Create(CreateKind::Folder | CreateKind::Any))
    }

    /// Whether a path is in a root and may be part of a tool.
    fn is_inside(&self, path: &Path) -> bool {
        let inside = self.roots.iter().find_map(|root| path.strip_prefix(&root.path).ok());
        inside.is_some_and(|inside| {
            !inside.components().any(|part| {
                let name = part.as_os_str().to_string_lossy();
                // A verdict next to a tool is not part of its version, but is a change.
                name != "approval.toml" && name != "versions" && is_left_out(&name)
            })
        })
    }

    fn rearm(&mut self) -> bool {
        let before: Vec<_> = self.roots.iter().map(|root| root.watched).collect();
        // A failed watch is retried at the next event, and regular scans continue anyway.
        let _ = self.arm();
        self.roots.iter().zip(before).any(|(root, before)| root.watched != before)
    }

    /// Watches every root that is there, and the nearest folder that is there above each.
    fn arm(&mut self) -> Result<(), String> {
        let mut parents = BTreeSet::new();
        let mut failed = Ok(());
        for root in &mut self.roots {
            let now = root.path.metadata().ok().filter(std::fs::Metadata::is_dir).map(|meta| (meta.dev(), meta.ino()));
            if now != root.watched {
                if root.watched.is_some() {
                    // The watch of a deleted folder ends by itself, that of a moved one does not.
                    let _ = self.notify.unwatch(&root.path);
                }
                root.watched = None;
                if now.is_some() {
                    match self.notify.watch(&root.path, RecursiveMode::Recursive) {
                        Ok(()) => root.watched = now,
                        Err(error) => failed = Err(text(&error)),
                    }
                }
            }
            parents.extend(root.path.ancestors().skip(1).find(|folder| folder.is_dir()).map(Path::to_owned));
        }
        for gone in self.parents.difference(&parents) {
            // The folder may no longer exist, and its watch with it.
            let _ = self.notify.unwatch(gone);
        }
        let roots: Vec<&PathBuf> = self.roots.iter().map(|root| &root.path).collect();
        for parent in parents.difference(&self.parents).filter(|parent| !roots.contains(parent)) {
            // A parent that cannot be watched costs only the news that a root came back.
            let _ = self.notify.watch(parent, RecursiveMode::NonRecursive);
        }
        self.parents = parents;
        failed
    }
}

/// Whether something may have changed: reading is not a change, and the scan itself reads.
fn is_change(kind: EventKind) -> bool {
    !matches!(kind, EventKind::Access(access) if access != AccessKind::Close(AccessMode::Write))
}

/// The message of notify, with a remedy for the limit that users encounter.
fn text(error: &notify::Error) -> String {
    match error.kind {
        notify::ErrorKind::MaxFilesWatch => {
            "the limit of watched folders is reached; raise fs.inotify.max_user_watches with sysctl".to_owned()
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    fn announce(tx: Sender<Hint>) -> Box<dyn Fn(Hint) + Send> {
        Box::new(move |hint| {
            let _ = tx.send(hint);
        })
    }

    /// Waits until something is announced.
    fn wait(rx: &Receiver<Hint>, what: &str) {
        rx.recv_timeout(Duration::from_secs(10)).unwrap_or_else(|_| panic!("no hint: {what}"));
    }

    /// Waits until nothing is announced any more.
    fn settle(rx: &Receiver<Hint>) {
        while rx.recv_timeout(Duration::from_millis(150)).is_ok() {}
    }

    #[test]
    fn a_folder_that_is_created_deleted_and_created_again_stays_watched() {
        let workspace = tempfile::tempdir().unwrap();
        let tools = workspace.path().join("tools");
        let (tx, rx) = channel();
        let _watcher = Watcher::start(std::slice::from_ref(&tools), announce(tx)).unwrap();
        for round in 0..2 {
            std::fs::create_dir_all(tools.join("experimental")).unwrap();
            wait(&rx, &format!("created {round}"));
            settle(&rx);
            std::fs::write(tools.join("experimental/x.py"), "pass").unwrap();
            wait(&rx, &format!("written {round}"));
            settle(&rx);
            std::fs::rename(tools.join("experimental/x.py"), tools.join("y.py")).unwrap();
            wait(&rx, &format!("renamed {round}"));
            settle(&rx);
            std::fs::remove_dir_all(&tools).unwrap();
            wait(&rx, &format!("deleted {round}"));
            settle(&rx);
        }
    }

    #[test]
    fn reading_and_caches_are_no_news() {
        let reads = [AccessKind::Open(AccessMode::Read), AccessKind::Close(AccessMode::Read), AccessKind::Read];
        assert!(reads.into_iter().all(|access| !is_change(EventKind::Access(access))));
        assert!(is_change(EventKind::Access(AccessKind::Close(AccessMode::Write))));
        let watch = WatchState {
            notify: RecommendedWatcher::new(|_| {}, Config::default()).unwrap(),
            roots: vec![WatchRoot { path: PathBuf::from("/w/tools"), watched: None }],
            parents: BTreeSet::new(),
        };
        let news = ["/w/tools/x.py", "/w/tools/a/b/x.toml", "/w/tools/approved/x/approval.toml", "/w/tools"];
        assert!(news.into_iter().all(|path| watch.is_inside(Path::new(path))));
        let none =
            ["/w/x.py", "/w/tools/.x.py.swp", "/w/tools/__pycache__/x.pyc", "/w/tools/a/.git/index", "/w/tools/x.py~"];
        assert!(none.into_iter().all(|path| !watch.is_inside(Path::new(path))));
    }

    #[test]
    fn the_file_that_chooses_versions_is_news() {
        let workspace = tempfile::tempdir().unwrap();
        let tools = workspace.path().join("tools");
        std::fs::create_dir_all(&tools).unwrap();
        let (tx, rx) = channel();
        let _watcher = Watcher::start(std::slice::from_ref(&tools), announce(tx)).unwrap();
        settle(&rx);
        std::fs::write(workspace.path().join("other.json"), "{}").unwrap();
        assert_eq!(rx.recv_timeout(Duration::from_millis(150)), Err(RecvTimeoutError::Timeout));
        std::fs::write(workspace.path().join("new"), "{}").unwrap();
        std::fs::rename(workspace.path().join("new"), workspace.path().join(PROMOTIONS_FILE)).unwrap();
        wait(&rx, "promotions");
    }

    #[test]
    fn dropping_the_watcher_ends_its_thread() {
        let workspace = tempfile::tempdir().unwrap();
        let (tx, rx) = channel::<Hint>();
        let watcher = Watcher::start(&[workspace.path().to_owned()], announce(tx)).unwrap();
        let begin = Instant::now();
        drop(watcher);
        assert!(begin.elapsed() < Duration::from_secs(5));
        assert_eq!(rx.try_recv(), Err(std::sync::mpsc::TryRecvError::Disconnected));
    }
}
