//! What a manifest may ask for, judged by its words alone: no disk, no environment.

use super::words::words;
use serde::{Deserialize, Serialize};

words!(
    /// Which addresses a run may reach.
    Network {
        /// Nothing, not even this machine.
        None = "none",
        /// Addresses of its own loopback interface, which nobody outside the run shares.
        Loopback = "loopback",
        /// Everything that this machine reaches.
        Full = "full",
    }
);
