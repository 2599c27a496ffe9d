//! Size limits. An exceeded limit becomes a problem row, never a slow scan.

/// Bytes of a manifest.
pub(super) const MANIFEST_BYTES: u64 = 256 * 1024;
/// Bytes of a script.
pub(super) const SOURCE_BYTES: u64 = 1024 * 1024;
/// Bytes of the promotions file: some 10,000 names.
pub(super) const PROMOTIONS_BYTES: u64 = 8 * 1024 * 1024;
/// Bytes of a tool's folder, all files together.
pub(super) const FOLDER_BYTES: u64 = 16 * 1024 * 1024;
/// Files in a tool's folder.
pub(super) const FOLDER_FILES: usize = 2_000;
/// Folders below a tools folder, counted from the root.
pub(super) const DEPTH: usize = 32;
/// The most events that YAML aliases may replay. A manifest of 256 KiB has about 20,000 events; an alias bomb has
/// billions.
pub(super) const YAML_REPLAYED_EVENTS: usize = 50_000;
/// Values in a list of words (tags, keywords …) and characters in a line of text that the catalog keeps.
pub(super) const LIST_ITEMS: usize = 200;
/// Characters of a description that a catalog row keeps; the whole text stays in the manifest.
pub(super) const ROW_TEXT_CHARS: usize = 2_000;
/// Tools in a file that holds several.
pub(super) const ENTRIES: usize = 500;
/// The most files that a script imports, directly or not.
pub(super) const MODULES: usize = 100;
/// Bytes of these files together.
pub(super) const MODULE_BYTES: usize = 4 * 1024 * 1024;
