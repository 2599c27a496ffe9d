//! The lock of a script, as uv writes it: which packages, which files, each with its digest.
//!
//! An allow-list: what is not known here is refused, not passed on. What uv is given in the end is written again from
//! what was read, without the entries for sources, so that only wheels of a registry can be installed.

use super::address::Address;
use super::packages::normal;
use toml::{Table, Value};

/// The largest lock that is read, in bytes.
const MAX_LOCK: usize = 4 << 20;

/// The most packages of a lock.
const MAX_PACKAGES: usize = 2000;

/// Keys of the whole lock whose values are plain: they say for which machines it is, and how it was made.
const PLAIN: &[&str] =
    &["version", "revision", "requires-python", "resolution-markers", "supported-markers", "required-markers"];

const OPTIONS: &[&str] =
    &["exclude-newer", "exclude-newer-span", "resolution-mode", "prerelease-mode", "fork-strategy"];

/// A lock in which every package is a wheel of a registry, with its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::runner) struct PackageLock {
    /// Each package as `name version`.
    pub(in crate::runner) packages: Vec<String>,
    /// The hosts that its files come from, sorted.
    pub(in crate::runner) hosts: Vec<String>,
    /// The lock for uv: what was read, without entries for sources.
    pub(in crate::runner) text: String,
}

impl PackageLock {
    /// Reads a lock.
    ///
    /// # Errors
    /// Why uv is not given this lock, in words that continue from "its lock".
    pub(in crate::runner) fn read(bytes: &[u8]) -> Result<PackageLock, String> {
        let text = std::str::from_utf8(bytes).ok().filter(|_| bytes.len() <= MAX_LOCK);
        let read = text.and_then(|text| toml::from_str::<Table>(text).ok());
        let mut table = read.ok_or("cannot be read")?;
        if table.get("version").and_then(Value::as_integer) != Some(1) {
            return Err("is not of version 1".to_owned());
        }
        let mut lock = PackageLock { packages: Vec::new(), hosts: Vec::new(), text: String::new() };
        for (key, value) in &mut table {
            match key.as_str() {
                "options" => known(value, "[options]", OPTIONS, is_plain)?,
                "manifest" => {
                    known(value, "[manifest]", &["requirements", "constraints", "overrides"], are_requirements)?;
                }
                "package" => {
                    let packages = value.as_array_mut().filter(|packages| packages.len() <= MAX_PACKAGES);
                    for package in packages.ok_or("has no list of packages")? {
                        lock.package(package)?;
                    }
                }
                key if PLAIN.contains(&key) && is_plain(value) => {}
                key => return Err(unknown(key, "its first table")),
            }
        }
        lock.hosts.sort();
        lock.hosts.dedup();
        lock.text = toml::to_string(&table).map_err(|error| format!("cannot be rewritten: {error}"))?;
        Ok(lock)
    }

    /// Reads one package and takes the entry for its source away.
    fn package(&mut self, package: &mut Value) -> Result<(), String> {
        let table = package.as_table_mut().ok_or("has a package that is not a table")?;
        let text = |key: &str| table.get(key).and_then(Value::as_str).map(str::to_owned);
        let name = text("name").filter(|name| is_name(name)).ok_or("has a package without a valid name")?;
        let version = text("version").filter(|text| is_name(text)).ok_or_else(|| format!("gives {name} no version"))?;
        let registry = table.get("source").and_then(registry);
        let registry = registry.ok_or_else(|| format!("takes {name} from a source other than a web registry"))?;
        for (key, value) in table.iter() {
            let fine = match key.as_str() {
                "name" | "version" | "source" => true,
                "resolution-markers" => is_plain(value),
                "dependencies" => are_dependencies(value),
                "optional-dependencies" => value.as_table().is_some_and(|extras| extras.values().all(are_dependencies)),
                "sdist" => is_file(value, &registry).is_some(),
                "wheels" => value.as_array().is_some_and(|wheels| !wheels.is_empty()),
                _ => false,
            };
            if !fine {
                return Err(unknown(key, &format!("package {name}")));
            }
        }
        table.remove("sdist");
        let wheels = table.get("wheels").and_then(Value::as_array).ok_or_else(|| {
            format!("has no wheel of {name}: only wheels are installed, nothing is built from source")
        })?;
        for wheel in wheels {
            let Some(address) = is_file(wheel, &registry) else {
                let host = &registry.host;
                return Err(format!(
                    "takes {name} from a host other than its registry {host}, or without a sha256 digest"
                ));
            };
            if !is_wheel_of(&address.file_name(), &name) {
                return Err(format!("names a file for {name} that is not a wheel"));
            }
            self.hosts.push(address.host);
        }
        self.packages.push(format!("{name} {version}"));
        Ok(())
    }
}

fn unknown(key: &str, place: &str) -> String {
    format!("has an unknown or malformed key: {key:?} in {place}")
}

/// Checks that a table has no other keys than these, with fitting values.
fn known(value: &Value, place: &str, keys: &[&str], fits: fn(&Value) -> bool) -> Result<(), String> {
    let table = value.as_table().ok_or_else(|| format!("has no table {place}"))?;
    match table.iter().find(|(key, value)| !keys.contains(&key.as_str()) || !fits(value)) {
        Some((key, _)) => Err(unknown(key, place)),
        None => Ok(()),
    }
}

/// A text, a number or a list of texts.
fn is_plain(value: &Value) -> bool {
    match value {
        Value::String(_) | Value::Integer(_) | Value::Datetime(_) => true,
        Value::Array(items) => items.iter().all(Value::is_str),
        Value::Float(_) | Value::Boolean(_) | Value::Table(_) => false,
    }
}

/// A name or version: letters, digits and a few marks.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._+!".contains(&byte))
}

/// The registry that a source names, when it names nothing else.
fn registry(source: &Value) -> Option<Address> {
    let source = source.as_table().filter(|source| source.len() == 1)?;
    Address::parse(source.get("registry")?.as_str()?)
}

fn are_requirements(value: &Value) -> bool {
    let keys = ["name", "specifier", "marker", "extras"];
    let fits = |item: &Value| {
        item.as_table()
            .is_some_and(|table| table.iter().all(|(key, value)| keys.contains(&key.as_str()) && is_plain(value)))
    };
    value.as_array().is_some_and(|items| items.iter().all(fits))
}

fn are_dependencies(value: &Value) -> bool {
    let fits = |(key, value): (&String, &Value)| match key.as_str() {
        "name" | "version" | "marker" | "extra" => is_plain(value),
        "source" => registry(value).is_some(),
        _ => false,
    };
    let is_one = |item: &Value| item.as_table().is_some_and(|table| table.iter().all(fits));
    value.as_array().is_some_and(|items| items.iter().all(is_one))
}

/// The address of a file of a package, when its registry serves it and its digest is known.
fn is_file(value: &Value, registry: &Address) -> Option<Address> {
    let table = value.as_table()?;
    let is_known = |(key, value): (&String, &Value)| {
        ["url", "hash", "size", "upload-time"].contains(&key.as_str()) && is_plain(value)
    };
    let digest = table.get("hash")?.as_str()?.strip_prefix("sha256:")?;
    let is_digest = digest.len() == 64 && digest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let address = Address::parse(table.get("url")?.as_str()?)?;
    (table.iter().all(is_known) && is_digest && registry.serves(&address)).then_some(address)
}

/// Whether a file name is that of a wheel of a package: name, version, perhaps a build, three tags.
fn is_wheel_of(file: &str, package: &str) -> bool {
    let Some(stem) = file.strip_suffix(".whl") else { return false };
    let parts: Vec<&str> = stem.split('-').collect();
    matches!(parts.len(), 5 | 6) && parts.iter().all(|part| !part.is_empty()) && normal(parts[0]) == normal(package)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "version = 1\nrevision = 3\nrequires-python = '>=3.9'\n";

    fn digest() -> String {
        format!("sha256:{}", "0a".repeat(32))
    }

    /// A lock as uv writes it, with one word replaced.
    fn lock(from: &str, to: &str) -> String {
        let digest = digest();
        let text = format!(
            "{HEAD}[options]\nexclude-newer = '2026-01-01T00:00:00Z'\n[manifest]\nrequirements = [{{ name = 'six', \
             specifier = '>=1' }}]\n[[package]]\nname = 'six'\nversion = '1.17.0'\nsource = {{ registry = \
             'https://example.org/simple' }}\ndependencies = [{{ name = 'other', marker = \"os_name == 'nt'\" }}]\nsdist \
             = {{ url = 'https://example.org/p/six-1.17.0.tar.gz', hash = '{digest}', size = 3 }}\nwheels = [\n  {{ url \
             = 'https://example.org/p/six-1.17.0-py2.py3-none-any.whl', hash = '{digest}', size = 3, upload-time = \
             '2024-12-04T17:35:28Z' }},\n]\n"
        );
        assert!(text.contains(from), "{from}: {text}");
        text.replace(from, to)
    }

    #[test]
    fn a_lock_of_wheels_is_read_and_written_without_sources() {
        let read = PackageLock::read(lock("", "").as_bytes()).unwrap();
        assert_eq!((read.packages, read.hosts), (vec!["six 1.17.0".to_owned()], vec!["example.org".to_owned()]));
        assert!(read.text.contains("six-1.17.0-py2.py3-none-any.whl") && !read.text.contains("sdist"));
        assert_eq!(PackageLock::read(read.text.as_bytes()).unwrap().text, read.text);
        assert_eq!(PackageLock::read(b"version = 1\n").unwrap().packages, Vec::<String>::new());
    }

    #[test]
    fn what_is_no_wheel_of_a_registry_is_refused() {
        let wheel = "url = 'https://example.org/p/six-1.17.0-py2.py3-none-any.whl'";
        let source = "registry = 'https://example.org/simple'";
        let sdist = "url = 'https://example.org/p/six-1.17.0.tar.gz'";
        let hash = format!("hash = '{}', size = 3, upload-time", digest());
        let cases: Vec<(&str, String)> = vec![
            (wheel, "url = 'file:///tmp/six-1.17.0-py2.py3-none-any.whl'".into()),
            (wheel, "path = '/tmp/six-1.17.0-py2.py3-none-any.whl'".into()),
            (wheel, "filename = 'six-1.17.0-py2.py3-none-any.whl'".into()),
            (wheel, format!("{wheel}, path = '/tmp/six.whl'")),
            (wheel, "url = 'http://example.org/p/six-1.17.0-py2.py3-none-any.whl'".into()),
            (wheel, "url = 'https://evil.test/p/six-1.17.0-py2.py3-none-any.whl'".into()),
            (wheel, "url = 'https://example.org@evil.test/six-1.17.0-py2.py3-none-any.whl'".into()),
            (wheel, "url = 'https://example.org.evil.test/six-1.17.0-py2.py3-none-any.whl'".into()),
            (wheel, "url = 'https://example.org/p/six-1.17.0.tar.gz'".into()),
            (wheel, "url = 'https://example.org/p/evil-1.17.0-py2.py3-none-any.whl'".into()),
            (wheel, "url = 'https://example.org/p/..%2fsix-1.17.0-py2.py3-none-any.whl'".into()),
            (&hash, "size = 3, upload-time".into()),
            (&hash, "hash = 'md5:00', size = 3, upload-time".into()),
            (&hash, "hash = 'sha256:00', size = 3, upload-time".into()),
            (sdist, "url = 'file:///tmp/six.tar.gz'".into()),
            (sdist, "path = '/tmp/six'".into()),
            (source, "registry = '/tmp/wheels'".into()),
            (source, "registry = 'file:///tmp/wheels'".into()),
            (source, "git = 'https://example.org/six'".into()),
            (source, "editable = '.'".into()),
            (source, "directory = '.'".into()),
            (source, "virtual = '.'".into()),
            (source, "path = 'six.whl'".into()),
            (source, "url = 'https://example.org/six.whl'".into()),
            (source, format!("{source}, subdirectory = 'x'")),
            ("name = 'other'", "name = 'other', source = { path = '/tmp/x' }".into()),
            ("name = 'six', specifier", "name = 'six', path = '/tmp/x', specifier".into()),
            ("name = 'six', specifier", "name = 'six', editable = true, specifier".into()),
            ("version = 1\n", "version = 2\n".into()),
            ("version = '1.17.0'\n", String::new()),
            ("[options]\n", "[options]\nno-build = false\n".into()),
            ("[manifest]\n", "[manifest]\nmembers = ['x']\n".into()),
            ("[[package]]\n", "[[package]]\nbuild = 'x'\n".into()),
            (HEAD, format!("{HEAD}conflicts = []\n[tool]\nx = 1\n")),
            ("]\n", "]]\n".into()),
        ];
        for (from, to) in cases {
            let text = lock(from, &to);
            assert!(PackageLock::read(text.as_bytes()).is_err(), "{from} -> {to}");
        }
        let no_wheels = lock("wheels = [", "wheels = []\nx = [");
        assert!(PackageLock::read(no_wheels.as_bytes()).is_err());
        let whole = lock("", "");
        let without = &whole[..whole.find("wheels").unwrap()];
        assert!(PackageLock::read(without.as_bytes()).unwrap_err().contains("only wheels are installed"));
        let huge = format!("{HEAD}#{}\n", "x".repeat(MAX_LOCK));
        assert!(PackageLock::read(huge.as_bytes()).is_err());
    }
}
