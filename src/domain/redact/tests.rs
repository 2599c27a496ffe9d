//! Tests what is replaced, what is left unchanged, and that splitting the input makes no difference.

use super::*;
use proptest::prelude::*;
use serde_json::json;

const GITHUB: &str = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";
const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U";
const KEY: &str = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5v\nbmUAAAAEbm9uZQ==\n-----END OPENSSH PRIVATE KEY-----\n";

fn redactor(secrets: &[(&str, &str)]) -> Redactor {
    let secrets: Vec<(&str, Secret)> = secrets.iter().map(|(name, value)| (*name, Secret::new(*value))).collect();
    Redactor::new(secrets.iter().map(|(name, secret)| (*name, secret)))
}

fn plain(text: &str) -> String {
    Redactor::default().text(text)
}

/// The output of a stream that gets these pieces.
fn streamed<'a>(redactor: &Redactor, pieces: impl IntoIterator<Item = &'a [u8]>) -> (String, Redactions) {
    let (mut stream, mut out) = (redactor.stream(), Vec::new());
    for piece in pieces {
        stream.push(piece, &mut out);
    }
    let redactions = stream.finish(&mut out);
    (String::from_utf8(out).unwrap(), redactions)
}

/// The output of a stream before it knows whether more input follows.
fn at_once(redactor: &Redactor, text: &str) -> String {
    let (mut stream, mut out) = (redactor.stream(), Vec::new());
    stream.push(text.as_bytes(), &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn tokens_of_services_are_replaced_behind_what_names_them() {
    let forty = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    for (text, clean) in [
        (format!("token {GITHUB}."), "token ghp_[redacted github-token].".to_owned()),
        (format!("\"\\n{GITHUB}\""), "\"\\nghp_[redacted github-token]\"".to_owned()),
        (format!("\u{1b}[1;32m{GITHUB}\u{1b}[0m"), "\u{1b}[1;32mghp_[redacted github-token]\u{1b}[0m".to_owned()),
        (format!("?t%3D{GITHUB}&"), "?t%3Dghp_[redacted github-token]&".to_owned()),
        (format!("github_pat_11{}", "aB3_".repeat(20)), "github_pat_[redacted github-token]".to_owned()),
        ("glpat-abcDEF1234567890_xyz\n".to_owned(), "glpat-[redacted gitlab-token]\n".to_owned()),
        ("AKIAIOSFODNN7EXAMPLE".to_owned(), "AKIA[redacted aws-key-id]".to_owned()),
        (
            format!("AKIAIOSFODNN7EXAMPLE: {forty}, {}", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
            "AKIA[redacted aws-key-id]: [redacted aws-secret-key], da39a3ee5e6b4b0d3255bfef95601890afd80709".to_owned(),
        ),
        (
            format!("aws_secret_access_key = {forty}\n"),
            "aws_secret_access_key = [redacted aws-secret-key]\n".to_owned(),
        ),
        (format!("\"SecretAccessKey\": \"{forty}\""), "\"SecretAccessKey\": \"[redacted aws-secret-key]\"".to_owned()),
        ("k=AIzaSyA1234567890abcdefghijklmnopqrstuv&".to_owned(), "k=AIza[redacted google-key]&".to_owned()),
        ("xoxb-1234567890-abcdefABCDEF".to_owned(), "xoxb-[redacted slack-token]".to_owned()),
        ("sk_live_4eC39HqLyjWDarjtT1zdp7dc".to_owned(), "sk_live_[redacted stripe-key]".to_owned()),
        (format!("sk-proj-{}", "aB3dE5gH".repeat(6)), "sk-[redacted api-key]".to_owned()),
        (format!("sk-ant-api03-{}", "aB3dE5gH".repeat(10)), "sk-[redacted anthropic-key]".to_owned()),
        (format!("toolsmith_{}", "0f3a9c17".repeat(4)), "toolsmith_[redacted toolsmith-token]".to_owned()),
        (format!("npm_{}", "aB3dE5gH1".repeat(4)), "npm_[redacted npm-token]".to_owned()),
        (format!("pypi-AgEIcHlwaS5vcmc{}", "aB3-_".repeat(10)), "pypi-[redacted pypi-token]".to_owned()),
        (format!("a {JWT} b"), "a eyJ[redacted jwt] b".to_owned()),
        (
            "authorization: bearer abc.def-9\r\n".to_owned(),
            "authorization: bearer [redacted bearer-token]\r\n".to_owned(),
        ),
        (
            "-H 'Authorization: Basic dXNlcjpwYXNz'".to_owned(),
            "-H 'Authorization: Basic [redacted basic-credentials]'".to_owned(),
        ),
        ("Bearer 0123456789abcdef0".to_owned(), "Bearer [redacted bearer-token]".to_owned()),
        (
            "postgres://ada:p@ss:w0rd@db:5432/x".to_owned(),
            "postgres://ada:[redacted url-password]@db:5432/x".to_owned(),
        ),
        ("redis://:hunter2@cache".to_owned(), "redis://:[redacted url-password]@cache".to_owned()),
        (
            KEY.to_owned(),
            "-----BEGIN OPENSSH PRIVATE KEY-----[redacted private-key]-----END OPENSSH PRIVATE KEY-----\n".to_owned(),
        ),
    ] {
        assert_eq!(plain(&text), clean, "{text}");
    }
}

/// Tokens of services with their anchors, in realistic form; none of them is a real token.
fn service_tokens() -> Vec<(&'static str, String)> {
    let mixed = |len: usize| "aB3dE5gH7jK9".chars().cycle().take(len).collect::<String>();
    let hex = |len: usize| "0a1b2c3d4e5f6789".chars().cycle().take(len).collect::<String>();
    vec![
        ("hf_", mixed(34)),
        ("SG.", format!("{}.{}", mixed(22), mixed(43))),
        ("ya29.", format!("a0{}-_{}", mixed(40), mixed(60))),
        ("dop_v1_", hex(64)),
        ("shpat_", hex(32)),
        ("gsk_", mixed(52)),
        ("hvs.", mixed(90)),
        ("dapi", hex(32)),
        ("lin_api_", mixed(40)),
        ("ntn_", mixed(46)),
        ("AGE-SECRET-KEY-1", "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L".chars().cycle().take(58).collect()),
        ("hooks.slack.com/services/", format!("T01234567/B01234567/{}", mixed(24))),
        ("discord.com/api/webhooks/", format!("123456789012345678/{}", mixed(68))),
        ("AccountKey=", format!("{}==", mixed(86))),
        ("GOCSPX-", mixed(28)),
        ("dckr_pat_", mixed(27)),
        ("glsa_", format!("{}_1a2b3c4d", mixed(32))),
        ("whsec_", mixed(32)),
        ("ATATT3", mixed(180)),
        ("nvapi-", mixed(64)),
        ("r8_", mixed(37)),
        ("tskey-", format!("auth-{}-{}", mixed(12), mixed(32))),
    ]
}

#[test]
fn tokens_of_more_services_are_replaced_plain_and_in_base64() {
    for (anchor, rest) in service_tokens() {
        let clean = plain(&format!("x = \"{anchor}{rest}\"\n"));
        assert!(
            clean.starts_with(&format!("x = \"{anchor}[redacted ")) && clean.ends_with("]\"\n"),
            "{anchor}: {clean}"
        );
        // In every alignment to base64 characters, in one piece or broken into lines of 76 characters.
        for before in ["", "a", "ab", "{\"token\": \"", "user:"] {
            for after in ["", "\"}", " and more"] {
                let encoded = encode(format!("{before}{anchor}{rest}{after}").as_bytes());
                let broken: Vec<&str> =
                    encoded.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
                for text in [encoded.clone(), encoded.replace('+', "-").replace('/', "_"), broken.join("\n")] {
                    let clean = plain(&text);
                    assert!(clean.contains("[redacted "), "{anchor} {before:?} {after:?}: {text} {clean}");
                    let kept = clean.split("[redacted ").map(str::len).sum::<usize>();
                    let around = (before.len() + after.len() + anchor.len()) * 4 / 3 + 40;
                    assert!(kept <= around, "{anchor} {before:?}: {text} {clean}");
                }
            }
        }
    }
    let block = encode(KEY.as_bytes());
    assert!(plain(&format!("client-key-data: {block}\n")).len() < 120, "{}", plain(&block));
}

#[test]
fn values_with_the_name_of_a_secret_are_replaced() {
    for (text, clean) in [
        ("password=hunter2hunter2", "password=[redacted password]"),
        (
            "Server=db;User Id=sa;Password=Tr0ub4dor&3;Encrypt=1",
            "Server=db;User Id=sa;Password=[redacted password]&3;Encrypt=1",
        ),
        ("DB_PASSWORD='correct horse1'", "DB_PASSWORD='correct horse1'"),
        ("DB_PASSWORD: \"c0rrect-horse\"", "DB_PASSWORD: \"[redacted password]\""),
        ("{\"password\": \"c0rrect\"}", "{\"password\": \"[redacted password]\"}"),
        ("{\\\"api_key\\\":\\\"a1b2c3d4\\\"}", "{\\\"api_key\\\":\\\"[redacted password]\\\"}"),
        ("X-Api-Key: 4f1c2d3e4f\r\n", "X-Api-Key: [redacted password]\r\n"),
        ("x-api-key: 4f1c2d3e4f", "x-api-key: [redacted password]"),
        ("clientSecret=Zk3~q8Q", "clientSecret=[redacted password]"),
        ("curl -u admin:s3cret-pass https://x", "curl -u admin:[redacted password] https://x"),
        ("curl -s -u 'admin:s3cret pass'", "curl -s -u 'admin:[redacted password]'"),
        ("curl --user admin:changeit https://x", "curl --user admin:[redacted password] https://x"),
        ("curl -uadmin:s3cret https://x", "curl -uadmin:[redacted password] https://x"),
        ("bot123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1", "bot123456789:AA[redacted telegram-token]"),
        ("MTA1NjM4NzI5MTM2NzA0MzA4Mg.GhIjKl.abcdefghijklmnopqrstuvwxyz0123456789AB", "MT[redacted discord-token]"),
    ] {
        assert_eq!(plain(text), clean, "{text}");
        let pieces: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        assert_eq!(streamed(&Redactor::default(), pieces).0, clean, "{text}");
    }
}

#[test]
fn what_has_the_name_of_a_secret_and_is_none_stays() {
    for text in [
        "password = getpass.getpass()",
        "password=os.environ[\"DB_PASSWORD\"]",
        "connect(user=user, password=password)",
        "connect(password=password1)",
        "f(password=settings.db_password, x=1)",
        "\"password\": \"string\", \"secret\": true",
        "password: str = Field(min_length=8)",
        "Password: \nPasswords must have 8 characters",
        "export PASSWORD=$(pass show x1) API_KEY=${API_KEY2} SECRET=$SECRET1",
        "password=<password1> secret={{ vault.x1 }} api_key=****1a",
        "pwd=/home/ada/project",
        "docker run -u 1000:1000 x; sort -u a:b; date -u +%H:%M; git push -u origin main:main",
        "the secret: keep it simple",
        "secretary: Ada2 Lovelace3",
        "password_hash: bool = True1",
        "SGML.is-old dapi_call hf_model ntn_ shpat_x hvs.x ya29. sk- SKU key-value sig=1",
        "time 12:AA, 1234:AABB MTA1 MDN.docs.pages",
    ] {
        assert_eq!(plain(text), text);
    }
}

#[test]
fn what_only_looks_a_little_like_a_secret_is_left_alone() {
    for text in [
        "commit 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
        "the bearer of this letter, the Bearer responsibilities-of-all",
        "task-force-alpha-bravo-charlie-delta, sk-fading-circle-one-two-three-four",
        "https://example.com:8080/a@b http://localhost:3000 mailto:ada@example.com",
        "git@github.com:ada/x.git ssh://git@github.com:22/x",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
        "ghp_ ghp_short npm_install AKIA AKIAIOSFODNN7EXAMPLEX eyJ eyJhbGciOiJIUzI1NiJ9 sk- Basic English123",
        "H4sIAAAAAAAAA8tIzcnJVyjPL8pJ4QIAqYPqhQwAAABoZl9zaW1wbGU=",
        "x509 sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
    ] {
        assert_eq!(plain(text), text);
    }
}

#[test]
fn a_known_value_is_replaced_in_every_encoding_and_place() {
    let value = "correct-horse~battery staple";
    let redactor = redactor(&[("PASS", value)]);
    assert_eq!(redactor.text(&format!("<{value}>")), "<[redacted PASS]>");
    assert_eq!(redactor.text("q=correct-horse~battery%20staple&"), "q=[redacted PASS]&");
    for before in ["", "u", "us", "user:"] {
        for after in ["", ";", ";x", " and more"] {
            let encoded = encode(format!("{before}{value}{after}").as_bytes());
            let clean = redactor.text(&encoded);
            assert!(clean.contains("[redacted PASS]"), "{before}{after}: {encoded} {clean}");
            let left: usize = clean.replace("[redacted PASS]", "").len();
            assert!(left <= (before.len() + after.len()) * 4 / 3 + 8, "{encoded} {clean}");
        }
    }
    assert_eq!(redactor.text("636f72726563742d686f7273657e62617474657279207374\n61706c65"), "[redacted PASS]");
}

#[test]
fn a_glimpse_shows_what_says_nothing_and_what_follows_is_still_replaced() {
    let redactor = redactor(&[("PASS", "sesame-4711")]);
    let shown = |first: &str, second: &str| {
        let (mut stream, mut out) = (redactor.stream(), Vec::new());
        stream.push(first.as_bytes(), &mut out);
        stream.glimpse(&mut out);
        let early = String::from_utf8(out.clone()).unwrap();
        stream.push(second.as_bytes(), &mut out);
        stream.finish(&mut out);
        (early, String::from_utf8(out).unwrap())
    };
    assert_eq!(shown("Yes", " no"), ("Yes".to_owned(), "Yes no".to_owned()));
    assert_eq!(shown("is it se", "ven?"), ("is it se".to_owned(), "is it seven?".to_owned()));
    assert_eq!(shown("<se", "same-4711>"), ("<se".to_owned(), "<se[redacted PASS]>".to_owned()));
    assert_eq!(shown("<ses", "ame-4711>"), ("<".to_owned(), "<[redacted PASS]>".to_owned()));
}

fn encode(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[test]
fn a_value_that_overlaps_another_leaves_nothing_of_either() {
    let redactor = redactor(&[("A", "abcdef"), ("B", "defghi"), ("C", "abcdefgh")]);
    assert_eq!(redactor.text("-abcdefghi-"), "-[redacted C]-");
    assert_eq!(redactor.text("-abcdefabcdef-"), "-[redacted A]-");
    let (_, redactions) = redactor.counted("-abcdefabcdef defghi-");
    assert_eq!(redactions.note().unwrap(), "3 values were redacted (A, B)");
    assert_eq!(Redactions::default().note(), None);
    assert_eq!(redactor.counted("abcdef").1.note().unwrap(), "1 value was redacted (A)");
}

#[test]
fn a_known_value_goes_before_the_look_of_a_token_and_both_vanish_whole() {
    let redactor = redactor(&[("TOKEN", GITHUB), ("PART", &GITHUB[..10])]);
    assert_eq!(redactor.text(GITHUB), "[redacted TOKEN]");
    assert_eq!(
        redactor.text(&format!("https://{GITHUB}:x-oauth@github.com")),
        "https://[redacted TOKEN]:[redacted url-password]@github.com"
    );
    let other = format!("{}{}", &GITHUB[..10], "x".repeat(40));
    assert_eq!(redactor.text(&other), "[redacted PART]");
}

#[test]
fn short_values_and_the_names_of_secrets_are_harmless() {
    let redactor = redactor(&[("SHORT", "12345"), ("a\"b\\c\u{1b}", "123456")]);
    assert_eq!(redactor.text("12345 and 123456"), "12345 and [redacted a_b_c_]");
    assert_eq!(format!("{redactor:?}"), "Redactor([\"a_b_c_\"])");
}

#[test]
fn a_key_block_vanishes_to_its_end_or_as_far_as_it_may_reach() {
    let head = "-----BEGIN RSA PRIVATE KEY-----";
    let mark = "-----BEGIN RSA PRIVATE KEY-----[redacted private-key]";
    assert_eq!(plain(&format!("{head}\nMIIE")), mark);
    let long = format!("{head}{}", "\nMIIE".repeat(4000));
    assert_eq!(plain(&long).len(), mark.len() + 20_000 - 16 * 1024);
    let json = format!("{{\"key\": \"{head}\\nMIIE\\nabc\", \"n\": 1}}");
    assert_eq!(plain(&json), format!("{{\"key\": \"{mark}\", \"n\": 1}}"));
    let twice = format!("{KEY}between\n{KEY}");
    assert!(plain(&twice).contains("between"));
    let whole = redactor(&[("KEY", KEY.trim_end())]);
    assert_eq!(whole.text(&format!("a\n{KEY}")), "a\n[redacted KEY]\n");
    assert!(!whole.text("  b3BlbnNzaC1rZXktdjEAAAAABG5v").contains("b3Blb"));
}

#[test]
fn json_stays_json() {
    let redactor = redactor(&[("PIN", "123456"), ("PASS", "say \"hi\" \\o/")]);
    let value = json!({"pin": 123_456, "say \"hi\" \\o/": ["x", true, null, {"t": format!("a {GITHUB}")}]});
    let clean = redactor.json(&value);
    assert_eq!(
        clean,
        json!({"pin": "[redacted PIN]", "[redacted PASS]": ["x", true, null, {"t": "a ghp_[redacted github-token]"}]})
    );
    let text = redactor.text(&json!({"a": "say \"hi\" \\o/", "jwt": JWT, "url": "x://u:p1@h"}).to_string());
    let read: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        read,
        json!({"a": "[redacted PASS]", "jwt": "eyJ[redacted jwt]", "url": "x://u:[redacted url-password]@h"})
    );
}

#[test]
fn a_text_with_a_mark_is_known() {
    let redactor = redactor(&[("PASS", "hunter22")]);
    assert!(is_redacted(&redactor.text("x hunter22")));
    assert!(is_redacted("[redacted [redacted A]"));
    for text in ["redacted", "[redacted ]", "[redacted a b]", "[redacted A", "x hunter22"] {
        assert!(!is_redacted(text), "{text}");
    }
    let value = json!({"name": "Ada", "token": "[redacted PASS]", "deep": {"a": ["[redacted x]"]}});
    assert_eq!(without_redacted(value), Some(json!({"name": "Ada"})));
    assert_eq!(without_redacted(json!(["[redacted PASS]"])), None);
    assert_eq!(without_redacted(json!([1])), Some(json!([1])));
}

#[test]
fn prompts_are_not_held_back() {
    let redactor = redactor(&[("PASS", "Zk3:9 hunter22")]);
    for text in [
        "Password: ",
        "Password:",
        "Continue? [y/N] ",
        "> ",
        "45%",
        "/",
        "-",
        "a--",
        "https",
        "https://example.com/x",
        "-----BEGIN RSA PRIV",
    ] {
        assert_eq!(at_once(&redactor, text), text);
    }
    assert_eq!(at_once(&redactor, "say Zk3"), "say ");
    assert_eq!(at_once(&redactor, "Z"), "");
    assert_eq!(at_once(&redactor, "ghp_16C7e"), "ghp_");
    assert_eq!(at_once(&redactor, "x://ada:pass"), "x://ada:");
}

#[test]
fn what_is_held_back_is_bounded() {
    let redactor = redactor(&[("PASS", "aaaaaaaaaaaaaaab")]);
    for flood in [
        "eyJ",
        "eyJaaaaaaaa.",
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN ",
        "a",
        "://a:",
        "Bearer a",
        "ghp_",
        "AKIAIOSFODNN7EXAMPLE ",
        "sk-",
    ] {
        let (mut stream, mut out) = (redactor.stream(), Vec::new());
        let piece = flood.repeat(997 / flood.len() + 1);
        let mut most = 0;
        for _ in 0..100 {
            stream.push(piece.as_bytes(), &mut out);
            most = most.max(stream.held());
        }
        assert!(most <= 26 * 1024, "{flood}: {most}");
    }
}

#[test]
fn a_cut_at_any_place_changes_nothing() {
    let redactor = redactor(&[("PASS", "hunter22 & co"), ("KEY", "Zm9vYmFy")]);
    let aws = "AKIAIOSFODNN7EXAMPLE\n wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY ";
    let encoded = encode(b"ab hunter22 & co!");
    let text = format!(
        "x {GITHUB} hunter22 & co {JWT}\n{KEY}{aws}{encoded} s3://u:pw@h Authorization: Bearer abc123 Zm9vYmFy sk-x"
    );
    let whole = redactor.counted(&text);
    assert_eq!(whole.1.count(), 10, "{whole:?}");
    for cut in 0..=text.len() {
        let (a, b) = text.as_bytes().split_at(cut);
        assert_eq!(streamed(&redactor, [a, b]), whole, "cut at {cut}");
    }
    assert_eq!(streamed(&redactor, text.as_bytes().chunks(1)), whole);
}

#[test]
fn a_secret_key_that_begins_like_a_key_id_is_marked_in_a_stream_too() {
    let redactor = redactor(&[]);
    let text = "AKIAIOSFODNN7EXAMPLE\"AKIAAKIAIOSFODNN7EXAMPLESecretAccessKeya";
    let whole = redactor.counted(text);
    assert!(whole.0.ends_with("\"[redacted aws-secret-key]"), "{}", whole.0);
    assert_eq!(streamed(&redactor, text.as_bytes().chunks(1)), whole);
}

/// Parts of texts that begin, continue or end a secret.
fn parts() -> impl Strategy<Value = String> {
    let fixed = [
        "a",
        " ",
        "\n",
        "\\n",
        "\"",
        "-",
        "_",
        ".",
        ":",
        "/",
        "@",
        "=",
        "://",
        "://u:",
        "p@",
        "ghp_",
        "gh",
        GITHUB,
        JWT,
        "eyJ",
        "eyJhbGciOiJ9.",
        "sk-",
        "sk_live_",
        "Bearer ",
        "Authorization: ",
        "Basic ",
        "AKIA",
        "AKIAIOSFODNN7EXAMPLE",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "SecretAccessKey",
        "abcabc",
        "abcabcab",
        "abc",
        "bcabcx",
        "c2VjcmV0",
        "YWJj",
        "YWJjYWJj",
        "616263",
        "616263616263",
        "-----BEGIN ",
        "PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----",
        "-----END",
        "MIIE",
        "xoxb-1234567890a",
        "0123456789abcdefABCDEF",
        "password=",
        "Api-Key: ",
        "-u ",
        "a:b1b1b1",
        "Z2hwX",
        "Z2hwXzE2QzdlNDJGMjkyYzY5MTJFNzcxMGM4MzgzNDdBZTE3OEI0YQ==",
        "MTA1NjM4NzI5MTM2NzA0MzA4Mg.GhIjKl.",
        "12345678:AA",
    ];
    prop_oneof![4 => prop::sample::select(fixed.to_vec()).prop_map(str::to_owned), 1 => "[ -~]{0,8}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_output_does_not_depend_on_the_pieces(
        parts in prop::collection::vec(parts(), 0..24),
        lengths in prop::collection::vec(1_usize..40, 1..8),
    ) {
        let redactor = redactor(&[("A", "abcabc"), ("B", "abcabcabc x"), ("C", "p_secret"), ("D", "cx://u")]);
        let text = parts.concat();
        let whole = redactor.counted(&text);
        let (mut rest, mut pieces, mut lengths) = (text.as_bytes(), Vec::new(), lengths.iter().cycle());
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.len().min(*lengths.next().unwrap()));
            pieces.push(piece);
            rest = after;
        }
        prop_assert_eq!(streamed(&redactor, pieces), whole.clone());
        prop_assert_eq!(streamed(&redactor, text.as_bytes().chunks(1)), whole.clone());
        for value in ["abcabc", "p_secret", "cx://u"] {
            prop_assert!(!whole.0.contains(value), "{}", whole.0);
        }
    }
}
