//! Reading what pointers of a call point to, in the memory of the tool.

use super::dns;
use super::process::Tool;

/// What stands where the tool's memory could not be read.
pub(super) const UNREADABLE: &str = "{unreadable}";

/// Bytes of a page: what is there of memory is there by pages.
const PAGE: u64 = 4096;

/// Bytes of a string that are read at once; nearly every path fits.
const CHUNK: usize = 256;

/// Reads a string of the tool up to its zero, a page at most at a time, into `text`.
pub(super) fn read_text(tool: &mut dyn Tool, pid: u32, address: u64, limit: usize, text: &mut Vec<u8>) -> bool {
    text.clear();
    if address == 0 {
        return false;
    }
    while text.len() < limit {
        let at = address.wrapping_add(text.len() as u64);
        let length = ((PAGE - at % PAGE) as usize).min(CHUNK).min(limit - text.len());
        let start = text.len();
        text.resize(start + length, 0);
        let got = tool.read(pid, at, &mut text[start..]).unwrap_or(0);
        text.truncate(start + got);
        if let Some(end) = memchr::memchr(0, &text[start..]) {
            text.truncate(start + end);
            return true;
        }
        if got < length {
            return false;
        }
    }
    // Longer than the kernel takes, or than is wanted.
    true
}

/// Reads this many bytes at most.
pub(super) fn read_bytes(tool: &mut dyn Tool, pid: u32, address: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let got = if address == 0 { 0 } else { tool.read(pid, address, &mut bytes).unwrap_or(0) };
    bytes.truncate(got);
    bytes
}

/// A number of the tool's memory.
pub(super) fn word_at(bytes: &[u8], offset: usize) -> Option<u64> {
    let bytes = bytes.get(offset..offset + 8)?;
    Some(u64::from_ne_bytes(bytes.try_into().ok()?))
}

/// The question of a payload in the tool's memory.
pub(super) fn question_at(tool: &mut dyn Tool, pid: u32, address: u64, length: u64) -> Option<String> {
    let length = usize::try_from(length).unwrap_or(usize::MAX).min(dns::MAX_QUESTION);
    dns::question(&read_bytes(tool, pid, address, length))
}
