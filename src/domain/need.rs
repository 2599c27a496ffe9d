//! What a version declares to need outside its own folder.

use super::manifest::Permissions;
use super::permission::Network;
use super::words::words;
use serde::{Deserialize, Serialize};

words!(
    /// What a version declares to need outside its own folder.
    Need {
        /// Addresses that it connects to.
        Network = "network",
        /// Paths that it reads.
        Read = "read",
        /// Paths that it writes.
        Write = "write",
        /// Environment variables, including secrets.
        Env = "env",
        /// Programs that it starts.
        Execute = "execute",
    }
);

impl Need {
    /// The needs that permissions declare, each once.
    pub fn of(permissions: &Permissions) -> Vec<Need> {
        let network = permissions.network.iter().any(|word| word != Network::None.word());
        let Permissions { read, write, env, run, .. } = permissions;
        let lists = [(Need::Read, read), (Need::Write, write), (Need::Env, env), (Need::Execute, run)];
        let listed = lists.into_iter().filter(|(_, list)| !list.is_empty()).map(|(need, _)| need);
        network.then_some(Need::Network).into_iter().chain(listed).collect()
    }
}
