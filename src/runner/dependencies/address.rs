//! Addresses of registries and of the files that they serve; they decide where packages may come from.
//!
//! Parsing is strict: an address that two parsers could understand differently is rejected.

/// The registry that uv uses by default, and the host of its files.
pub(in crate::runner) const DEFAULT_REGISTRY: &str = "https://pypi.org/simple";
const DEFAULT_FILES: &str = "https://files.pythonhosted.org/packages/";

/// The longest accepted address, in bytes.
const MAX_ADDRESS: usize = 2048;

/// An address on the web: HTTPS, without a user, a query or a fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::runner) struct Address {
    /// Host, with its port if one is given; lower case.
    pub(in crate::runner) host: String,
    /// Path, with its first `/`; no empty, `.` or `..` part.
    pub(in crate::runner) path: String,
}

impl Address {
    /// Reads an address; `None` unless it is a plain HTTPS address.
    pub(in crate::runner) fn parse(text: &str) -> Option<Address> {
        let rest = text.strip_prefix("https://").filter(|_| text.len() <= MAX_ADDRESS)?;
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let path = if path.is_empty() { "/" } else { path };
        let is_fine = is_host(host) && is_path(path);
        is_fine.then(|| Address { host: host.to_owned(), path: path.to_owned() })
    }

    /// Whether this registry serves that file: it must have the same host and be below the folder of the registry's own
    /// path. For the default registry, it must be on the host that keeps its files.
    pub(in crate::runner) fn serves(&self, file: &Address) -> bool {
        let is_default = Address::parse(DEFAULT_REGISTRY).is_some_and(|default| default.is_registry(self));
        if is_default && Address::parse(DEFAULT_FILES).is_some_and(|files| files.holds(file)) {
            return true;
        }
        let own = self.path.trim_end_matches('/');
        let folder = &own[..own.rfind('/').map_or(0, |end| end + 1)];
        self.host == file.host && file.path.starts_with(if folder.is_empty() { "/" } else { folder })
    }

    /// The name of the file at this address, as it is on disk.
    pub(in crate::runner) fn file_name(&self) -> String {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.replace("%2B", "+").replace("%2b", "+").replace("%21", "!")
    }

    fn holds(&self, file: &Address) -> bool {
        self.host == file.host && file.path.starts_with(&self.path)
    }

    fn is_registry(&self, other: &Address) -> bool {
        self.host == other.host && self.path.trim_end_matches('/') == other.path.trim_end_matches('/')
    }
}

/// Whether the text is a host name, with or without a port, and not an IP address.
fn is_host(host: &str) -> bool {
    let (name, port) = host.split_once(':').unwrap_or((host, "443"));
    let is_label = |label: &str| {
        let plain = label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        plain && !label.is_empty() && !label.starts_with('-') && !label.ends_with('-')
    };
    let is_named = name.rsplit('.').next().is_some_and(|last| last.bytes().any(|byte| byte.is_ascii_lowercase()));
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0);
    name.len() <= 253 && name.split('.').all(is_label) && is_named && is_port
}

/// Whether the path has only plain parts. Only `+` and `!`, as in versions, may be escaped.
fn is_path(path: &str) -> bool {
    let unescaped = path.replace("%2B", "+").replace("%2b", "+").replace("%21", "!");
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+!/".contains(&byte);
    let parts: Vec<&str> = unescaped.split('/').skip(1).collect();
    let last = parts.len().saturating_sub(1);
    let is_part = |(at, part): (usize, &&str)| !matches!(*part, "." | "..") && (!part.is_empty() || at == last);
    unescaped.bytes().all(is_plain) && parts.iter().enumerate().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serves(registry: &str, file: &str) -> bool {
        let read = |text: &str| Address::parse(text);
        read(registry).zip(read(file)).is_some_and(|(registry, file)| registry.serves(&file))
    }

    #[test]
    fn only_plain_addresses_on_the_web_are_read() {
        for fine in ["https://registry.example.org/simple", "https://example.test", "https://a.example.org:8443/x/+f/"]
        {
            assert!(Address::parse(fine).is_some(), "{fine}");
        }
        for other in [
            "http://example.org/simple",
            "HTTPS://example.org/simple",
            "file:///tmp/x.whl",
            "/tmp/wheels",
            "https:///x",
            "https://me@example.org/x",
            "https://example.org@evil.test/x",
            "https://example.org:443@evil.test/x",
            "https://example.org\\@evil.test/x",
            "https://EXAMPLE.org/x",
            "https://exämple.org/x",
            "https://127.0.0.1/x",
            "https://2130706433/x",
            "https://[::1]/x",
            "https://example.org:/x",
            "https://example.org:+443/x",
            "https://example.org:0/x",
            "https://example..org/x",
            "https://example.org./x",
            "https://example.org/x?to=1",
            "https://example.org/x#egg",
            "https://example.org/a/../b",
            "https://example.org/a/%2e%2e/b",
            "https://example.org/a//b",
            "https://example.org/a b",
            "https://example.org/a\n",
            " https://example.org/a",
        ] {
            assert_eq!(Address::parse(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_registry_serves_what_lies_beside_it_on_its_own_host() {
        let registry = "https://example.org/team/simple";
        assert!(serves(registry, "https://example.org/team/files/x.whl"));
        assert!(serves("https://example.org/team/simple/", "https://example.org/team/simple/x/x.whl"));
        assert!(serves("https://example.org/simple", "https://example.org/packages/x.whl"));
        assert!(serves("https://example.org", "https://example.org/x.whl"));
        for file in [
            "https://example.org/teamx/x.whl",
            "https://example.org/other/x.whl",
            "https://example.org.evil.test/team/x.whl",
            "https://example.org:8443/team/x.whl",
            "https://evil.test/team/x.whl",
        ] {
            assert!(!serves(registry, file), "{file}");
        }
    }

    #[test]
    fn the_default_registry_keeps_its_files_on_a_host_of_its_own() {
        let file = format!("{DEFAULT_FILES}aa/bb/x-1.whl");
        assert!(serves(DEFAULT_REGISTRY, &file) && serves(&format!("{DEFAULT_REGISTRY}/"), &file));
        assert!(!serves("https://registry.example.org/simple", &file));
        assert!(!serves(DEFAULT_REGISTRY, &DEFAULT_FILES.replace("/packages/", "/x.whl")));
    }
}
