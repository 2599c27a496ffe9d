//! Recognises texts: a server, a mail address, a path.

/// File extensions: `report.csv` is not a server.
const FILE_ENDINGS: &[&str] = &[
    "bak", "bash", "bin", "cfg", "class", "conf", "cpp", "css", "csv", "dat", "db", "dll", "doc", "env", "exe", "gif",
    "gz", "h", "html", "ini", "java", "jpeg", "jpg", "js", "json", "jsonl", "jsx", "key", "lock", "log", "map", "md",
    "mjs", "part", "pdf", "pem", "pid", "png", "ps", "py", "pyc", "rb", "rs", "rst", "sh", "so", "sock", "sql",
    "sqlite", "svg", "swp", "tar", "tgz", "tmp", "toml", "ts", "tsv", "tsx", "txt", "wasm", "xls", "xlsx", "xml", "xz",
    "yaml", "yml", "zip", "zst",
];

/// The servers and mail addresses in a text. `{}` stands for an unknown part.
pub(in crate::check::change) fn hosts(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("://") {
        let host: String = after
            .chars()
            .take_while(|c| !matches!(c, '/' | '?' | '#' | '"' | '\'' | ')' | ',') && !c.is_whitespace())
            .collect();
        let host = host.rsplit_once('@').map_or(host.as_str(), |(_, host)| host).to_owned();
        if host.chars().any(char::is_alphanumeric) {
            found.push(host.to_lowercase());
        }
        rest = after;
    }
    // Without a scheme, only a text that is just a server counts.
    if found.is_empty() && is_host(text) {
        found.push(text.to_lowercase());
    }
    found
}

fn is_host(text: &str) -> bool {
    let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    if port.is_some_and(|port| port.is_empty() || !port.chars().all(|c| c.is_ascii_digit())) {
        return false;
    }
    let labels: Vec<&str> = host.split('.').collect();
    let is_label = |label: &&str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    if labels.len() < 2 || !labels.iter().all(is_label) {
        return false;
    }
    if labels.len() == 4 && labels.iter().all(|label| label.parse::<u8>().is_ok()) {
        return true;
    }
    let last = labels[labels.len() - 1];
    last.len() >= 2
        && last.chars().all(char::is_alphabetic)
        && !FILE_ENDINGS.contains(&last)
        && host == host.to_lowercase()
}

/// The mail addresses in a text.
pub(in crate::check::change) fn addresses(text: &str) -> Vec<String> {
    let words = text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '<' | '>' | '(' | ')' | '"' | '\''));
    let is_address = |word: &&str| {
        word.split_once('@').is_some_and(|(user, host)| !user.is_empty() && !user.contains('/') && is_host(host))
    };
    words.filter(|word| !word.contains("://")).filter(is_address).map(str::to_lowercase).collect()
}

/// Whether a text is just a path, or a pattern of paths.
pub(in crate::check::change) fn is_path(text: &str) -> bool {
    if text.is_empty()
        || text.contains("://")
        || text.chars().any(|c| c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')' | '|'))
    {
        return false;
    }
    let is_text = |c: char| {
        c.is_alphanumeric()
            || matches!(
                c,
                '_' | '-'
                    | '.'
                    | '*'
                    | '~'
                    | '/'
                    | '{'
                    | '}'
                    | '@'
                    | '+'
                    | '['
                    | ']'
                    | '?'
                    | '$'
                    | ':'
                    | '='
                    | '%'
                    | ','
            )
    };
    if !text.chars().all(is_text) {
        return false;
    }
    let has_name =
        text.contains(['*', '~']) || text.chars().any(char::is_alphanumeric) || matches!(text, "/" | ".." | "../");
    // A media type has one slash and no dot; a path begins with a known prefix or ends in a file name.
    let is_media = text.matches('/').count() == 1 && MEDIA.iter().any(|kind| text.starts_with(kind));
    let is_file = text.rsplit_once('.').is_some_and(|(stem, ending)| {
        !stem.is_empty() && (FILE_ENDINGS.contains(&ending) || ending == "*") && !text.ends_with('.')
    });
    has_name
        && !is_media
        && (text.contains('/') || is_file || text.contains('*') || text.starts_with('~') || text == "..")
        && text.chars().any(|c| c != '{' && c != '}')
        && !text.trim_matches('*').is_empty() | text.contains('*')
}

const MEDIA: &[&str] = &["application/", "audio/", "font/", "image/", "multipart/", "text/", "video/"];

/// Whether a path covers more files than another: a parent folder, or a wider pattern.
pub(in crate::check::change) fn is_wider(path: &str, before: &str) -> bool {
    let parts = |text: &str| text.trim_end_matches('/').split('/').map(str::to_owned).collect::<Vec<_>>();
    let (new, old) = (parts(path), parts(before));
    let is_above = new.len() < old.len() && old.starts_with(&new);
    let stars = |text: &str| text.matches('*').count();
    is_above || path == "/" || stars(path) > stars(before) || (path.contains("..") && !before.contains(".."))
}

/// Whether a word names something secret.
pub(in crate::check::change) fn is_secret(word: &str) -> bool {
    let plain = word.to_lowercase().replace(['-', '_', '.'], "");
    let is_count = plain.ends_with("count") || plain.ends_with("length") || plain.ends_with("tokens");
    !is_count
        && [
            "token",
            "secret",
            "password",
            "passwd",
            "apikey",
            "privatekey",
            "authorization",
            "credential",
            "passphrase",
        ]
        .iter()
        .any(|part| plain.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_told_from_a_file_and_a_word() {
        assert_eq!(hosts("https://api.example.com/v1/{}?q=1"), ["api.example.com"]);
        assert_eq!(hosts("https://user:pw@a.example:8080/"), ["a.example:8080"]);
        assert_eq!(hosts("metrics.example.net"), ["metrics.example.net"]);
        assert_eq!(hosts("10.0.0.1"), ["10.0.0.1"]);
        for text in ["report.csv", "see a.b", "v1.2", "1.5", "..", "x.PY", "a.b c"] {
            assert!(hosts(text).is_empty(), "{text}");
        }
        // A dotted word alone looks like a server: a false report is better than a missed one.
        assert_eq!(hosts("json.loads"), ["json.loads"]);
        assert_eq!(addresses("to a@b.example, c@d.example"), ["a@b.example", "c@d.example"]);
        assert!(addresses("git@github.com:x/y").is_empty());
    }

    #[test]
    fn a_path_is_told_from_prose_and_media_types() {
        for text in ["/var/log", "{}/tmp", "*.log", "~/x", "data.csv", "../x", "/", "src/**/*.py"] {
            assert!(is_path(text), "{text}");
        }
        for text in ["hello", "a / b", "application/json", "{}", "", "https://a/b", "1.5", "and/or else"] {
            assert!(!is_path(text), "{text}");
        }
    }

    #[test]
    fn a_folder_above_and_a_pattern_with_more_stars_are_wider() {
        assert!(is_wider("/var/log", "/var/log/app"));
        assert!(is_wider("{}/**", "{}/*.log"));
        assert!(!is_wider("/var/log/app", "/var/log"));
        assert!(!is_wider("/srv/a", "/srv/b"));
    }
}
