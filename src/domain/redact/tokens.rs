//! Texts that are secret because of their form: tokens of well-known services, authorization headers, passwords in
//! URLs, key blocks.
//!
//! Each rule begins with an anchor, a few fixed bytes that are rare in other text. The anchor itself (`ghp_`, `Bearer
//! `, `-----BEGIN … PRIVATE KEY-----`) is not secret and stays; what follows is replaced. There is no regex engine:
//! every rule is one pass over the bytes after its anchor, at most to the length of its longest token.

use super::made;

/// The result at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenMatch {
    No,
    /// Undecided until more input follows; nothing up to `show` would be replaced.
    More {
        /// Place in the text.
        show: usize,
    },
    /// A secret between these places.
    Found {
        from: usize,
        /// The place after its last byte.
        to: usize,
        label: &'static str,
    },
    /// A key block whose content begins here.
    Block {
        from: usize,
        /// Whether it is on one line within quotes, with escaped line breaks.
        in_string: bool,
    },
}

/// The label of a key block.
pub(super) const KEY_BLOCK: &str = "private-key";

/// The label of an AWS key id; a secret key is probably near it.
pub(super) const AWS_KEY_ID: &str = "aws-key-id";

/// The length of an AWS secret access key.
pub(super) const AWS_SECRET: usize = 40;

/// How far back a rule looks, in bytes.
pub(super) const LOOK_BACK: usize = 64;

/// Longest part of a JSON web token, in bytes.
const MAX_JWT_PART: usize = 8 * 1024;

/// Longest token in a header, in bytes.
const MAX_HEADER: usize = 4 * 1024;

/// Longest user and password of a URL, in bytes.
const MAX_URL_PART: usize = 256;

/// Longest words between BEGIN and PRIVATE KEY, in bytes.
const MAX_KEY_KIND: usize = 32;

/// A beginning and what must follow.
struct TokenRule {
    anchor: &'static str,
    kind: TokenPattern,
}

enum TokenPattern {
    /// A number of characters of a class; more than `max` are cut there.
    Token {
        label: &'static str,
        class: fn(u8) -> bool,
        min: usize,
        max: usize,
    },
    Exact {
        label: &'static str,
        class: fn(u8) -> bool,
        len: usize,
    },
    /// `sk-`: also the beginning of many harmless words.
    ServiceKey,
    Jwt,
    Bearer,
    Basic,
    UrlPassword,
    KeyBlock,
    /// A name before the value of an AWS secret.
    AwsName,
    /// The number of a bot, a colon, a key.
    Telegram,
    /// The number of a bot in base64, a dot, a time, a dot, a key.
    Discord,
}

const fn token(anchor: &'static str, label: &'static str, class: fn(u8) -> bool, min: usize, max: usize) -> TokenRule {
    TokenRule { anchor, kind: TokenPattern::Token { label, class, min, max } }
}

const fn exact(anchor: &'static str, label: &'static str, class: fn(u8) -> bool, len: usize) -> TokenRule {
    TokenRule { anchor, kind: TokenPattern::Exact { label, class, len } }
}

const fn special(anchor: &'static str, kind: TokenPattern) -> TokenRule {
    TokenRule { anchor, kind }
}

/// Every rule. Lengths are those that the services document or that were observed; minimum lengths have a margin.
const RULES: &[TokenRule] = &[
    token("ghp_", "github-token", is_word, 36, 255),
    token("gho_", "github-token", is_word, 36, 255),
    token("ghu_", "github-token", is_word, 36, 255),
    token("ghs_", "github-token", is_word, 36, 1024),
    token("ghr_", "github-token", is_word, 36, 255),
    token("github_pat_", "github-token", is_word, 36, 255),
    token("glpat-", "gitlab-token", is_dotted, 20, 300),
    token("gldt-", "gitlab-token", is_dotted, 20, 300),
    token("glrt-", "gitlab-token", is_dotted, 20, 300),
    token("glptt-", "gitlab-token", is_dotted, 20, 300),
    token("glcbt-", "gitlab-token", is_dotted, 20, 300),
    exact("AKIA", AWS_KEY_ID, is_capital, 16),
    exact("ASIA", AWS_KEY_ID, is_capital, 16),
    exact("AIza", "google-key", is_base64url, 35),
    token("xoxa-", "slack-token", is_dashed, 10, 255),
    token("xoxb-", "slack-token", is_dashed, 10, 255),
    token("xoxe-", "slack-token", is_dashed, 10, 255),
    token("xoxp-", "slack-token", is_dashed, 10, 255),
    token("xoxr-", "slack-token", is_dashed, 10, 255),
    token("xoxs-", "slack-token", is_dashed, 10, 255),
    token("xapp-", "slack-token", is_dashed, 10, 255),
    token("sk_live_", "stripe-key", is_alphanumeric, 16, 255),
    token("rk_live_", "stripe-key", is_alphanumeric, 16, 255),
    token("sk_test_", "stripe-key", is_alphanumeric, 16, 255),
    token("rk_test_", "stripe-key", is_alphanumeric, 16, 255),
    token("npm_", "npm-token", is_alphanumeric, 36, 64),
    token("toolsmith_", "toolsmith-token", is_alphanumeric, 32, 32),
    token("pypi-", "pypi-token", is_base64url, 50, 512),
    token("hf_", "huggingface-token", is_alphanumeric, 30, 64),
    token("api_org_", "huggingface-token", is_alphanumeric, 30, 64),
    token("SG.", "sendgrid-key", is_dotted, 50, 100),
    token("ya29.", "google-token", is_dotted, 30, 2048),
    token("GOCSPX-", "google-secret", is_base64url, 24, 64),
    token("1//0", "google-refresh-token", is_base64url, 40, 256),
    token("dop_v1_", "digitalocean-token", is_alphanumeric, 40, 64),
    token("doo_v1_", "digitalocean-token", is_alphanumeric, 40, 64),
    token("dor_v1_", "digitalocean-token", is_alphanumeric, 40, 64),
    token("shpat_", "shopify-token", is_alphanumeric, 32, 64),
    token("shpca_", "shopify-token", is_alphanumeric, 32, 64),
    token("shppa_", "shopify-token", is_alphanumeric, 32, 64),
    token("shpss_", "shopify-token", is_alphanumeric, 32, 64),
    token("gsk_", "groq-key", is_alphanumeric, 40, 128),
    token("pplx-", "perplexity-key", is_alphanumeric, 40, 128),
    token("xai-", "xai-key", is_alphanumeric, 40, 128),
    token("nvapi-", "nvidia-key", is_base64url, 40, 128),
    token("r8_", "replicate-token", is_alphanumeric, 36, 64),
    token("hvs.", "vault-token", is_base64url, 20, 512),
    token("hvb.", "vault-token", is_base64url, 20, 512),
    token("hvr.", "vault-token", is_base64url, 20, 512),
    token("dapi", "databricks-token", is_hex, 32, 36),
    token("lin_api_", "linear-key", is_alphanumeric, 30, 64),
    token("lin_oauth_", "linear-key", is_alphanumeric, 30, 128),
    token("ntn_", "notion-token", is_alphanumeric, 40, 64),
    exact("secret_", "notion-token", is_alphanumeric, 43),
    token("AGE-SECRET-KEY-1", "age-key", is_capital, 50, 80),
    token("AGE-SECRET-KEY-PQ-1", "age-key", is_capital, 50, 255),
    token("hooks.slack.com/services/", "slack-webhook", is_path, 20, 128),
    token("hooks.slack.com/workflows/", "slack-webhook", is_path, 20, 128),
    token("hooks.slack.com/triggers/", "slack-webhook", is_path, 20, 128),
    token("discord.com/api/webhooks/", "discord-webhook", is_path, 40, 128),
    token("discordapp.com/api/webhooks/", "discord-webhook", is_path, 40, 128),
    token("webhook.office.com/webhookb", "teams-webhook", is_webhook, 60, 300),
    token("AccountKey=", "azure-key", is_token68, 40, 128),
    token("SharedAccessKey=", "azure-key", is_token68, 40, 128),
    token("SharedAccessSignature=", "azure-key", is_signature, 40, 1024),
    token("sig=", "url-signature", is_signature, 40, 128),
    token("dckr_pat_", "docker-token", is_base64url, 24, 64),
    token("dckr_oat_", "docker-token", is_base64url, 24, 64),
    token("glsa_", "grafana-token", is_word, 32, 64),
    token("glc_", "grafana-token", is_token68, 40, 512),
    token("rubygems_", "rubygems-key", is_alphanumeric, 40, 64),
    token("PMAK-", "postman-key", is_dashed, 40, 80),
    token("whsec_", "webhook-secret", is_token68, 24, 128),
    token("sbp_", "supabase-token", is_alphanumeric, 36, 64),
    token("sb_secret_", "supabase-token", is_base64url, 20, 64),
    token("ATATT3", "atlassian-token", is_signature, 60, 512),
    token("ATCTT3", "atlassian-token", is_signature, 60, 512),
    token("ATBB", "bitbucket-token", is_alphanumeric, 28, 64),
    token("NRAK-", "newrelic-key", is_capital, 24, 64),
    token("sntrys_", "sentry-token", is_token68, 40, 512),
    token("sntryu_", "sentry-token", is_alphanumeric, 40, 128),
    token("CFPAT-", "contentful-token", is_base64url, 40, 64),
    token("fo1_", "fly-token", is_base64url, 40, 128),
    token("fm2_", "fly-token", is_token68, 40, 2048),
    token("tskey-", "tailscale-key", is_dashed, 20, 128),
    token("figd_", "figma-token", is_base64url, 36, 64),
    token("pat-na1-", "hubspot-token", is_dashed, 32, 64),
    token("pat-eu1-", "hubspot-token", is_dashed, 32, 64),
    token("sq0csp-", "square-secret", is_base64url, 40, 64),
    token("sq0atp-", "square-token", is_base64url, 20, 64),
    token("sk_prod_", "api-key", is_alphanumeric, 20, 255),
    token("pul-", "pulumi-token", is_hex, 40, 64),
    token("PRIVATE-TOKEN: ", "gitlab-token", is_token68, 16, 255),
    token("secret-token:", "secret-token", is_signature, 8, 255),
    exact("SK", "twilio-key", is_hex, 32),
    exact("key-", "mailgun-key", is_hex, 32),
    special(":AA", TokenPattern::Telegram),
    special("MT", TokenPattern::Discord),
    special("MD", TokenPattern::Discord),
    special("Mj", TokenPattern::Discord),
    special("Mz", TokenPattern::Discord),
    special("ND", TokenPattern::Discord),
    special("NT", TokenPattern::Discord),
    special("Nj", TokenPattern::Discord),
    special("Nz", TokenPattern::Discord),
    special("OD", TokenPattern::Discord),
    special("OT", TokenPattern::Discord),
    special("sk-", TokenPattern::ServiceKey),
    special("eyJ", TokenPattern::Jwt),
    special("Bearer ", TokenPattern::Bearer),
    special("bearer ", TokenPattern::Bearer),
    special("BEARER ", TokenPattern::Bearer),
    special("Basic ", TokenPattern::Basic),
    special("basic ", TokenPattern::Basic),
    special("://", TokenPattern::UrlPassword),
    special("-----BEGIN ", TokenPattern::KeyBlock),
    special("aws_secret_access_key", TokenPattern::AwsName),
    special("AWS_SECRET_ACCESS_KEY", TokenPattern::AwsName),
    special("SecretAccessKey", TokenPattern::AwsName),
    special("secretAccessKey", TokenPattern::AwsName),
    special("aws_session_token", TokenPattern::AwsName),
    special("AWS_SESSION_TOKEN", TokenPattern::AwsName),
    special("SessionToken", TokenPattern::AwsName),
    special("sessionToken", TokenPattern::AwsName),
];

/// Anchor, label, class of characters, minimum and maximum length.
pub(super) type OneClass = (&'static str, &'static str, fn(u8) -> bool, usize, usize);

/// The rules for tokens of one class: anchor, label, class, minimum and maximum length.
pub(super) fn simple() -> impl Iterator<Item = OneClass> {
    RULES.iter().filter_map(|rule| match rule.kind {
        TokenPattern::Token { label, class, min, max } => Some((rule.anchor, label, class, min, max)),
        TokenPattern::Exact { label, class, len } => Some((rule.anchor, label, class, len, len)),
        _ => None,
    })
}

/// The anchors of the rules.
pub(super) fn anchors() -> impl Iterator<Item = &'static [u8]> {
    RULES.iter().map(|rule| rule.anchor.as_bytes()).chain(made::anchors())
}

/// Judges the text at a place by the rule with this number. `is_all`: the text is complete.
pub(super) fn judge(rule: usize, text: &[u8], at: usize, is_all: bool) -> TokenMatch {
    if let Some(made) = rule.checked_sub(RULES.len()) {
        return made::judge(made, text, at, is_all);
    }
    let Some(rule) = RULES.get(rule).filter(|rule| text[at..].starts_with(rule.anchor.as_bytes())) else {
        return TokenMatch::No;
    };
    let place = AnchorMatch { text, at, from: at + rule.anchor.len(), is_all };
    match rule.kind {
        TokenPattern::Token { label, class, min, max } => place.token(label, class, min, max),
        TokenPattern::Exact { label, class, len } => place.exact(label, class, len),
        TokenPattern::ServiceKey => place.service_key(),
        TokenPattern::Jwt => place.jwt(),
        TokenPattern::Bearer => place.header("bearer-token", 16),
        TokenPattern::Basic => place.header("basic-credentials", usize::MAX),
        TokenPattern::UrlPassword => place.url_password(),
        TokenPattern::KeyBlock => place.key_block(),
        TokenPattern::AwsName => place.aws_value(),
        TokenPattern::Telegram => place.telegram(),
        TokenPattern::Discord => place.discord(),
    }
}

/// Judges a run of characters near an AWS key id that may be its secret key.
pub(super) fn judge_aws_neighbour(text: &[u8], at: usize, is_all: bool) -> TokenMatch {
    let run = length(&text[at..], is_aws, AWS_SECRET + 1);
    if at + run == text.len() && run <= AWS_SECRET && !is_all {
        return TokenMatch::More { show: at };
    }
    let run = &text[at..at + run];
    // Digests of git and similar programs are in lower case only.
    let is_mixed = run.iter().any(u8::is_ascii_uppercase) && run.iter().any(u8::is_ascii_lowercase);
    if run.len() == AWS_SECRET && is_mixed && run.iter().any(u8::is_ascii_digit) {
        TokenMatch::Found { from: at, to: at + AWS_SECRET, label: "aws-secret-key" }
    } else {
        TokenMatch::No
    }
}

/// The next place from `from` on, before `until`, at which a run of characters begins that may be an AWS secret key.
pub(super) fn next_aws_neighbour(text: &[u8], from: usize, until: usize) -> Option<usize> {
    let begins = |at: &usize| is_aws(text[*at]) && (*at == 0 || !is_aws(text[*at - 1]));
    (from..until.min(text.len())).find(begins)
}

/// A place in a text with a rule's anchor.
struct AnchorMatch<'a> {
    text: &'a [u8],
    /// The start of the anchor.
    at: usize,
    from: usize,
    is_all: bool,
}

impl AnchorMatch<'_> {
    fn token(&self, label: &'static str, class: fn(u8) -> bool, min: usize, max: usize) -> TokenMatch {
        if !self.begins_word() {
            return TokenMatch::No;
        }
        let run = length(&self.text[self.from..], class, max);
        if run < max && self.is_open(self.from + run) {
            return TokenMatch::More { show: self.from };
        }
        if run < min { TokenMatch::No } else { self.found(self.from + run, label) }
    }

    fn exact(&self, label: &'static str, class: fn(u8) -> bool, len: usize) -> TokenMatch {
        if !self.begins_word() {
            return TokenMatch::No;
        }
        let run = length(&self.text[self.from..], class, len + 1);
        if run <= len && self.is_open(self.from + run) {
            return TokenMatch::More { show: self.from };
        }
        if run == len { self.found(self.from + len, label) } else { TokenMatch::No }
    }

    /// Keys have a long part without a dash and with a digit; words joined by dashes do not.
    fn service_key(&self) -> TokenMatch {
        if self.at.checked_sub(1).is_some_and(|before| is_base64url(self.text[before]) && !self.begins_escape()) {
            return TokenMatch::No;
        }
        let verdict = self.token("api-key", is_base64url, 20, 256);
        let TokenMatch::Found { to, .. } = verdict else { return verdict };
        let key = &self.text[self.from..to];
        let label = if key.starts_with(b"ant-") { "anthropic-key" } else { "api-key" };
        let has_long_part = key
            .split(|byte| matches!(byte, b'-' | b'_'))
            .any(|part| part.len() >= 16 && part.iter().any(u8::is_ascii_digit));
        if has_long_part || key.iter().filter(|byte| byte.is_ascii_uppercase()).count() >= 8 {
            self.found(to, label)
        } else {
            TokenMatch::No
        }
    }

    fn jwt(&self) -> TokenMatch {
        if !self.begins_word() {
            return TokenMatch::No;
        }
        let mut at = self.from;
        for part in 0..3 {
            let run = length(&self.text[at..], is_base64url, MAX_JWT_PART);
            at += run;
            if run < MAX_JWT_PART && self.is_open(at) {
                return TokenMatch::More { show: self.from };
            }
            if run < 7 {
                return TokenMatch::No;
            }
            if part < 2 {
                if self.text.get(at) != Some(&b'.') {
                    return TokenMatch::No;
                }
                at += 1;
            }
        }
        self.found(at, "jwt")
    }

    /// A token of at least `min` characters, one of them a digit; any token in a header.
    fn header(&self, label: &'static str, min: usize) -> TokenMatch {
        let run = length(&self.text[self.from..], is_token68, MAX_HEADER);
        let to = self.from + run;
        if run < MAX_HEADER && self.is_open(to) {
            return TokenMatch::More { show: self.from };
        }
        let before = &self.text[self.at.saturating_sub(LOOK_BACK / 2)..self.at];
        let is_header = before.to_ascii_lowercase().windows(13).any(|word| word == b"authorization");
        let has_digit = self.text[self.from..to].iter().any(u8::is_ascii_digit);
        if run >= 6 && is_header || run >= min && has_digit { self.found(to, label) } else { TokenMatch::No }
    }

    fn url_password(&self) -> TokenMatch {
        if !self.at.checked_sub(1).is_some_and(|before| self.text[before].is_ascii_alphanumeric()) {
            return TokenMatch::No;
        }
        let user = length(&self.text[self.from..], |byte| is_of_url(byte) && byte != b':', MAX_URL_PART);
        let colon = self.from + user;
        if user < MAX_URL_PART && self.is_open(colon) {
            return TokenMatch::More { show: colon };
        }
        if self.text.get(colon) != Some(&b':') {
            return TokenMatch::No;
        }
        let from = colon + 1;
        let run = length(&self.text[from..], |byte| is_of_url(byte) || byte == b'@', MAX_URL_PART);
        if run < MAX_URL_PART && self.is_open(from + run) {
            return TokenMatch::More { show: from };
        }
        match self.text[from..from + run].iter().rposition(|byte| *byte == b'@') {
            None | Some(0) => TokenMatch::No,
            Some(len) => TokenMatch::Found { from, to: from + len, label: "url-password" },
        }
    }

    fn key_block(&self) -> TokenMatch {
        let rest = &self.text[self.from..];
        let more = TokenMatch::More { show: self.text.len() };
        let words = length(rest, |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' ', 64);
        let header = &rest[..words];
        if words < 64 && self.is_open(self.from + words) {
            return more;
        }
        let kind = header.strip_suffix(b" BLOCK").unwrap_or(header);
        if !kind.ends_with(b"PRIVATE KEY") || kind.len() > MAX_KEY_KIND {
            return TokenMatch::No;
        }
        let dashes = &rest[words..];
        let frame = length(dashes, |byte| byte == b'-', 5);
        if frame < 5 {
            return if self.is_open(self.from + words + frame) { more } else { TokenMatch::No };
        }
        let from = self.from + words + frame;
        let after = &self.text[from..];
        let may_be_escape = after.first().is_none_or(|byte| *byte == b'\\');
        if after.len() < 3 && may_be_escape && !self.is_all {
            return TokenMatch::More { show: from };
        }
        let in_string = matches!(after, [b'\\', b'n' | b'r', next, ..] if *next != b'"');
        TokenMatch::Block { from, in_string }
    }

    fn aws_value(&self) -> TokenMatch {
        let between = length(&self.text[self.from..], |byte| !is_aws(byte), 9);
        let from = self.from + between;
        if between < 9 && self.is_open(from) {
            return TokenMatch::More { show: from };
        }
        if between == 0 || between == 9 {
            return TokenMatch::No;
        }
        let run = length(&self.text[from..], |byte| is_aws(byte) || byte == b'=', MAX_HEADER);
        if run < MAX_HEADER && self.is_open(from + run) {
            return TokenMatch::More { show: from };
        }
        if run < AWS_SECRET {
            return TokenMatch::No;
        }
        TokenMatch::Found { from, to: from + run, label: "aws-secret-key" }
    }

    /// At least eight digits precede the colon.
    fn telegram(&self) -> TokenMatch {
        let before = &self.text[self.at.saturating_sub(LOOK_BACK / 2)..self.at];
        if before.iter().rev().take_while(|byte| byte.is_ascii_digit()).count() < 8 {
            return TokenMatch::No;
        }
        let run = length(&self.text[self.from..], is_base64url, 41);
        if run < 41 && self.is_open(self.from + run) {
            return TokenMatch::More { show: self.from };
        }
        if (30..=40).contains(&run) { self.found(self.from + run, "telegram-token") } else { TokenMatch::No }
    }

    fn discord(&self) -> TokenMatch {
        if !self.begins_word() {
            return TokenMatch::No;
        }
        let mut at = self.from;
        for (min, max, is_last) in [(20, 30, false), (5, 8, false), (25, 80, true)] {
            let run = length(&self.text[at..], is_base64url, max + 1);
            at += run;
            if run <= max && self.is_open(at) {
                return TokenMatch::More { show: self.from };
            }
            if run < min || run > max || !is_last && self.text.get(at) != Some(&b'.') {
                return TokenMatch::No;
            }
            at += usize::from(!is_last);
        }
        self.found(at, "discord-token")
    }

    fn found(&self, to: usize, label: &'static str) -> TokenMatch {
        TokenMatch::Found { from: self.from, to, label }
    }

    /// Whether the content at `at` is not known yet.
    fn is_open(&self, at: usize) -> bool {
        at == self.text.len() && !self.is_all
    }

    /// Whether the anchor begins a word: it does not follow a letter or digit, except as part of an escape of JSON, of
    /// a URL or of a terminal.
    fn begins_word(&self) -> bool {
        let before = &self.text[self.at.saturating_sub(LOOK_BACK / 2)..self.at];
        let Some(last) = before.last() else { return true };
        !last.is_ascii_alphanumeric() || self.begins_escape()
    }

    /// Whether an escape of JSON, of a URL or of a terminal precedes the anchor.
    fn begins_escape(&self) -> bool {
        let before = &self.text[self.at.saturating_sub(LOOK_BACK / 2)..self.at];
        let is_hex = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_hexdigit);
        match before {
            [.., b'\\', b'n' | b'r' | b't' | b'b' | b'f'] => true,
            [.., b'%', tens, ones] => is_hex(&[*tens, *ones]),
            [.., b'\\', b'u', a, b, c, d] => is_hex(&[*a, *b, *c, *d]),
            [rest @ .., b'm' | b'K'] => {
                let sequence = rest.iter().rposition(|byte| !byte.is_ascii_digit() && *byte != b';');
                matches!(sequence, Some(at) if rest[at] == b'[')
            }
            _ => false,
        }
    }
}

/// The number of bytes of a class at the beginning, at most `max`.
fn length(text: &[u8], class: impl Fn(u8) -> bool, max: usize) -> usize {
    text.iter().take(max).take_while(|byte| class(**byte)).count()
}

pub(super) fn is_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_dashed(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}

pub(super) fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

pub(super) fn is_dotted(byte: u8) -> bool {
    is_base64url(byte) || byte == b'.'
}

fn is_capital(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

fn is_hex(byte: u8) -> bool {
    byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase()
}

/// Whether a byte can be in the path of a webhook.
fn is_path(byte: u8) -> bool {
    is_base64url(byte) || byte == b'/'
}

fn is_webhook(byte: u8) -> bool {
    is_path(byte) || byte == b'@'
}

/// A signature, also as written in a URL.
fn is_signature(byte: u8) -> bool {
    is_token68(byte) || byte == b'%'
}

fn is_aws(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+')
}

fn is_token68(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=')
}

/// Whether a byte can be in user and password of a URL; not `@`.
fn is_of_url(byte: u8) -> bool {
    byte > b' '
        && byte != 0x7f
        && !matches!(byte, b'@' | b'/' | b'"' | b'\'' | b'<' | b'>' | b'\\' | b'`' | b'?' | b'#')
}
