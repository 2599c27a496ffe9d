//! A value that must not be shown.

use std::ffi::{OsStr, OsString};
use std::fmt;

/// A secret value. It cannot be printed, compared or serialized; its `Debug` is `[secret]`. Only [`Secret::expose`]
/// returns it, so that every use can be found by that name.
#[derive(Clone)]
pub struct Secret(OsString);

impl Secret {
    /// Wraps a value, which is never printed from then on.
    pub fn new(value: impl Into<OsString>) -> Secret {
        Secret(value.into())
    }

    /// The value itself: only for the environment of a run and for the redactor.
    pub fn expose(&self) -> &OsStr {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_in_its_debug_text() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?} {:?}", Some(&secret)), "[secret] Some([secret])");
        assert_eq!(secret.expose(), "hunter2");
    }
}
