//! A tool that was given secrets prints them in every way it can think of: they are nowhere afterwards.

use super::Shell;
use super::permissions::approved;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const FROM_ENV: &str = "correct-horse-staple-env";
const FROM_FILE: &str = "file-battery-of-secrets";
const FROM_COMMAND: &str = "asked-for-at-the-vault";

/// Put together by the tool, so that they are not in its kept copy.
const TOKEN: &str = "16C7e42F292c6912E7710c838347Ae178B4a";
const KEY: &str = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC";

const LEAKY: &str = r#"
import base64, os, subprocess, sys, time
token = "ghp_" + "a4B871eA743838c0177E2196c292F24e7C61"[::-1]
key = "CSAAFEQAB0w9GikhqkgBNADABIQvEIIM"[::-1]
given = [os.environ[name] for name in ("API_ENV", "API_FILE", "API_COMMAND")]
print(sys.stdin.read())
for value in given + [token]:
    for pad in ("", "u", "us", "user:"):
        print(base64.b64encode((pad + value + ";").encode()).decode(), value.encode().hex())
    print(f'{{"token": "{value}"}}', flush=True)
    if value != token:
        print('{"escaped": "' + "".join("\\u%04X" % ord(c) for c in value) + '"}', flush=True)
    half = len(value) // 2
    for part in (value[:half], value[half:] + "\n"):
        os.write(2, part.encode())
        time.sleep(0.15)
    for byte in value.encode():
        os.write(1, bytes([byte]))
    open(f"left-{value}", "w").close()
    for path in (f"/srv/{value}", f"/etc/{value}/x"):
        try: open(path)
        except OSError: pass
    subprocess.run(["/bin/echo", value], stdout=subprocess.DEVNULL)
print("-----BEGIN RSA PRIVATE KEY-----\n" + key + "\n" + key + "\n-----END RSA PRIVATE KEY-----")
print(dict(os.environ))
print("cannot log in with", *given, token, file=sys.stderr)
sys.exit(3)
"#;

const MANIFEST: &str = "[run]\ncommand = [\"python3\", \"{file}\"]\nentry = \"leaky.sh\"\ninput = \"stdin-json\"\n\
     [permissions]\nenv = [\"API_ENV\", \"API_FILE\", \"API_COMMAND\"]\n";

/// A shell with three secrets that can be had, and a tool that was approved to get them.
fn with_secrets() -> Shell {
    let shell = Shell::new().with("MY_TOKEN", FROM_ENV);
    let file = shell.home().join("../user/secret");
    fs::write(&file, format!("{FROM_FILE}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let vault = shell.home().join("../user/vault");
    fs::write(&vault, format!("#!/bin/sh\necho {FROM_COMMAND}\necho user: ada\n")).unwrap();
    fs::set_permissions(&vault, fs::Permissions::from_mode(0o700)).unwrap();
    shell.configure(&format!(
        "[secrets]\nAPI_ENV = {{ env = \"MY_TOKEN\" }}\nAPI_FILE = {{ file = \"~/secret\" }}\n\
         API_COMMAND = {{ command = [\"{}\"] }}\nUNUSED = {{ command = [\"no-such-program\"] }}\n",
        vault.canonicalize().unwrap().display()
    ));
    shell.tool("experimental", "leaky", LEAKY, MANIFEST);
    let review = shell.waiting_review();
    let (id, digest) = (review["id"].to_string(), review["digest"].as_str().unwrap().to_owned());
    // The checks see what it is up to, and are gone over: whoever approved it was wrong.
    shell.at_terminal(&["approve", &id, "--digest", &digest, "--override", "it leaks on purpose"]).exits(0);
    shell
}

/// What must be nowhere: each secret, as it is, in hexadecimal, escaped in JSON, and within base64 at every alignment.
fn needles() -> Vec<String> {
    let mut needles = vec![KEY.to_owned()];
    for value in [FROM_ENV, FROM_FILE, FROM_COMMAND, TOKEN] {
        // What the halves that are written apart have in common with the whole.
        needles.push(value[4..].to_owned());
        needles.push(value[..value.len() - 4].to_owned());
    }
    for value in [FROM_ENV, FROM_FILE, FROM_COMMAND] {
        needles.push(hex(value));
        let escaped: Vec<String> = value.bytes().map(|byte| format!("\\u{byte:04X}")).collect();
        needles.push(escaped.concat());
        for pad in ["", "u", "us"] {
            let encoded = base64(format!("{pad}{value};").as_bytes());
            needles.push(encoded[4..encoded.len() - 4].to_owned());
        }
    }
    needles
}

fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |group: &[u8]| {
        let bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        (0..=group.len()).map(|at| char::from(DIGITS[(bits >> (18 - 6 * at)) as usize & 63])).collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}

#[track_caller]
fn clean(what: &str, bytes: &[u8]) {
    for needle in needles() {
        let found = bytes.windows(needle.len()).any(|window| window == needle.as_bytes());
        assert!(!found, "{needle} is in {what}:\n{}", String::from_utf8_lossy(bytes));
    }
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Keeps the test below honest: by itself the tool does print all that is looked for there.
#[test]
fn the_tool_of_these_tests_prints_every_needle() {
    let folder = tempfile::tempdir().unwrap();
    let given = [("API_ENV", FROM_ENV), ("API_FILE", FROM_FILE), ("API_COMMAND", FROM_COMMAND)];
    let mut tool = Command::new("python3");
    tool.args(["-c", LEAKY]).envs(given).current_dir(folder.path()).stdin(Stdio::null());
    let done = tool.output().unwrap();
    let said = [done.stdout, done.stderr].concat();
    for needle in needles() {
        assert!(said.windows(needle.len()).any(|window| window == needle.as_bytes()), "{needle}");
    }
}

#[test]
fn nothing_of_a_secret_is_kept_or_shown() {
    let shell = with_secrets();
    let input = json!({ "note": format!("log in with {FROM_FILE}"), "plain": "kept" }).to_string();
    let run = shell.call_by_human(&["run", "leaky", "--allow", "--json", "--input", &input]).exits(1);
    let record = run.json()["run"].clone();
    let marks = ["[redacted API_ENV]", "[redacted API_FILE]", "[redacted API_COMMAND]", "ghp_[redacted github-token]"];
    let error = record["error"].as_str().unwrap();
    assert_eq!(error, format!("cannot log in with {}", marks.join(" ")));
    assert_eq!(record["input"], json!({"note": "log in with [redacted API_FILE]", "plain": "kept"}).to_string());
    let note = record["notes"].to_string();
    assert!(
        note.contains("values were redacted (API_COMMAND, API_ENV, API_FILE, github-token, private-key)"),
        "{note}"
    );
    assert!(run.json()["stdout"].as_str().unwrap().contains("[redacted private-key]"), "{}", run.stdout);
    let mut told = vec![run];
    for args in [&["run", "leaky"][..], &["run", "leaky", "--jsonl"]] {
        told.push(shell.call(args).exits(1));
    }
    told.push(shell.at_terminal(&["run", "leaky"]).exits(1));
    for args in [
        &["output", "1"][..],
        &["runs", "--json"],
        &["failures", "--json"],
        &["behaviour", "leaky", "--json"],
        &["log", "--json"],
        &["doctor", "--json"],
    ] {
        told.push(shell.call(args).exits(0));
    }
    for answer in told {
        clean("standard output", answer.stdout.as_bytes());
        clean("standard error", answer.stderr.as_bytes());
    }
    let kept = files(&shell.home());
    let ends_with = |word: &str| kept.iter().any(|path| path.to_string_lossy().ends_with(word));
    assert!(ends_with(".spool") && ends_with(".db"), "{kept:?}");
    for path in kept {
        clean("a name", path.as_os_str().as_encoded_bytes());
        clean(&path.display().to_string(), &fs::read(&path).unwrap());
    }
}

#[test]
fn a_run_whose_input_held_a_secret_is_not_run_again_with_a_mark_in_its_place() {
    let shell = Shell::new();
    shell.tool("experimental", "echo", "cat\n", "");
    let input = json!({ "token": format!("ghp_{TOKEN}") }).to_string();
    shell.call(&["run", "echo", "--input", &input]).exits(0);
    let refused = shell.call(&["rerun", "1", "--json"]).exits(4);
    assert_eq!(refused.error_code(), "refused");
    assert!(refused.stdout.contains("contained a secret"), "{}", refused.stdout);
    assert_eq!(shell.call(&["runs", "--json"]).json()["runs"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_secret_without_a_value_refuses_the_run_before_it_starts_and_doctor_names_it() {
    let shell = Shell::new();
    shell.configure("[secrets]\nAPI_ENV = { env = \"NOT_SET_ANYWHERE\" }\n");
    approved(&shell, "needy", "echo it-ran\n", "[permissions]\nenv = [\"API_ENV\"]\n");
    let refused = shell.call_by_human(&["run", "needy", "--allow"]).exits(4);
    assert!(
        refused.stderr.contains("needs the secret API_ENV: the variable NOT_SET_ANYWHERE is not set"),
        "{}",
        refused.stderr
    );
    assert!(!refused.stdout.contains("it-ran"), "{}", refused.stdout);
    let doctor = shell.call(&["doctor"]);
    assert!(doctor.stdout.contains("NOT_SET_ANYWHERE is not set"), "{}", doctor.stdout);
}

#[test]
fn an_experimental_tool_gets_no_secret_and_a_workspace_names_none() {
    let shell = Shell::new().with("MY_TOKEN", FROM_ENV);
    let secrets = "[secrets]\nAPI_ENV = { env = \"MY_TOKEN\" }\n";
    shell.configure(secrets);
    shell.tool("experimental", "curious", "echo \"<$API_ENV>\"\n", "[permissions]\nenv = [\"API_ENV\"]\n");
    assert_eq!(shell.call(&["run", "curious"]).exits(0).stdout, "<>\n");
    shell.configure("");
    shell.write("toolsmith.toml", secrets);
    let problems: Value = shell.call(&["doctor", "--json"]).json();
    assert!(problems.to_string().contains("secrets cannot be set in a workspace"), "{problems}");
}
