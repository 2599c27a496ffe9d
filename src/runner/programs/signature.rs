//! Signatures of reviewers, created and verified by the system's `ssh-keygen` (its `-Y` format).
//!
//! No prompt appears on a terminal or a desktop: a key with a passphrase must be in the user's agent. The text to sign
//! is passed on standard input, never as a file that somebody could change in between.

use crate::domain::SafeText;
use crate::outside::{ExternalProgram, NoProgram, Programs, Trusted, Unfinished};
use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::path::Path;
use std::process::Output;
use std::time::Duration;

/// The purpose of Toolsmith's signatures: signatures for other purposes (a commit, a mail) do not count.
pub const NAMESPACE: &str = "toolsmith";

/// The time limit: a security key waits for a touch.
const PATIENCE: Duration = Duration::from_mins(1);

/// The maximum length of an error message that is passed on, in characters.
const MAX_COMPLAINT_CHARS: usize = 300;

/// Tests whether a program for signing is available.
///
/// # Errors
///
/// One line with the reason why not.
pub fn can_sign(programs: &Programs) -> Result<(), String> {
    program(programs).map(drop)
}

/// Whether a key is on a security key, which signs only when it is touched. Determined from its public half.
pub fn needs_touch(key: &Path) -> bool {
    let mut public = key.as_os_str().to_owned();
    if key.extension() != Some(OsStr::new("pub")) {
        public.push(".pub");
    }
    let public = Path::new(&public);
    let mut begin = [0; 3];
    // Read only if it is a file: reading a pipe would block.
    public.is_file()
        && std::fs::File::open(public).is_ok_and(|mut file| file.read_exact(&mut begin).is_ok())
        && begin == *b"sk-"
}

/// Signs a text and returns the armored signature.
///
/// # Errors
///
/// One line: `ssh-keygen` is missing or cannot sign, with the next step.
pub fn sign(programs: &Programs, key: &Path, text: &str) -> Result<String, String> {
    let args = ["-Y", "sign", "-n", NAMESPACE, "-f"].map(OsString::from);
    let output = call(programs, args.into_iter().chain([key.into()]), text)?;
    let signature = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() && signature.contains("-----BEGIN SSH SIGNATURE-----") {
        return Ok(signature.trim().to_owned());
    }
    let said = complaint(&output);
    let remedy = if said.contains("passphrase") || said.contains("askpass") {
        format!("; it needs a passphrase: add the key to your ssh-agent with `ssh-add {}`", key.display())
    } else {
        String::new()
    };
    Err(format!("ssh-keygen cannot sign with {}: {said}{remedy}", key.display()))
}

/// Verifies that `principal`, as named in the file of allowed signers, signed this text for Toolsmith.
///
/// # Errors
///
/// One line that says what is wrong with the signature.
pub fn verify(programs: &Programs, signers: &Path, principal: &str, signature: &str, text: &str) -> Result<(), String> {
    let mut file =
        tempfile::NamedTempFile::new().map_err(|error| format!("the signature cannot be written: {error}"))?;
    let written = file.write_all(signature.trim().as_bytes()).and_then(|()| file.write_all(b"\n"));
    written.map_err(|error| format!("the signature cannot be written: {error}"))?;
    if !signers.is_file() {
        return Err(format!("the file of allowed signers {} cannot be read", signers.display()));
    }
    let begin = |what: &str| ["-Y", what, "-n", NAMESPACE, "-s"].map(OsString::from).into_iter();
    let more = ["-f".into(), signers.into(), "-I".into(), principal.into()];
    let known = call(programs, begin("verify").chain([file.path().into()]).chain(more), text)?;
    if known.status.success() {
        return Ok(());
    }
    // Without names, this checks only whether the signature matches the text and the purpose.
    let fits = call(programs, begin("check-novalidate").chain([file.path().into()]), text)?;
    if !fits.status.success() {
        return Err(format!("the signature does not match the content: {}", complaint(&fits)));
    }
    let key = String::from_utf8_lossy(&fits.stdout);
    let key = key.split_whitespace().find(|word| word.starts_with("SHA256:")).unwrap_or("of the signature");
    let said = complaint(&known);
    Err(format!("the key {} is not allowed to sign for {principal}: {said}", SafeText::new(key).as_str()))
}

/// Checks that a signature was made over this text for Toolsmith, and returns the fingerprint of its key. Does not
/// determine the owner of the key.
///
/// # Errors
///
/// One line that says what is wrong with the signature.
pub fn signed_by(programs: &Programs, signature: &str, text: &str) -> Result<String, String> {
    let mut file =
        tempfile::NamedTempFile::new().map_err(|error| format!("the signature cannot be written: {error}"))?;
    let written = file.write_all(signature.trim().as_bytes()).and_then(|()| file.write_all(b"\n"));
    written.map_err(|error| format!("the signature cannot be written: {error}"))?;
    let args = ["-Y", "check-novalidate", "-n", NAMESPACE, "-s"].map(OsString::from);
    let known = call(programs, args.into_iter().chain([file.path().into()]), text)?;
    if !known.status.success() {
        return Err(format!("the signature does not match the content: {}", complaint(&known)));
    }
    let said = String::from_utf8_lossy(&known.stdout);
    let key = said.split_whitespace().find(|word| word.starts_with("SHA256:"));
    key.map(str::to_owned).ok_or_else(|| "ssh-keygen did not name the key of the signature".to_owned())
}

fn program(programs: &Programs) -> Result<Trusted, String> {
    programs.find(ExternalProgram::SshKeygen, OsStr::new("ssh-keygen")).map_err(|why| match why {
        NoProgram::Absent(..) => "ssh-keygen is not installed (package openssh-client)".to_owned(),
        why @ NoProgram::Distrusted(..) => format!("ssh-keygen is unavailable: {why}"),
    })
}

/// Starts `ssh-keygen` with the settings of its register entry, in a separate process group.
fn call(programs: &Programs, args: impl Iterator<Item = OsString>, text: &str) -> Result<Output, String> {
    let program = program(programs)?;
    let launch = programs
        .launch(ExternalProgram::SshKeygen, program)
        .map_err(|error| format!("the folder for ssh-keygen cannot be created: {error}"))?;
    // A passphrase program without an answer makes prompts fail at once; the terminal belongs to the workbench.
    let fixed =
        [("LC_ALL", "C"), ("PATH", "/usr/bin:/bin"), ("SSH_ASKPASS_REQUIRE", "force"), ("SSH_ASKPASS", "/bin/false")];
    let done = launch.args(args).envs(fixed).in_group().finish(Some(text.as_bytes()), PATIENCE);
    done.map_err(|why| match why {
        Unfinished::NotStarted(error) => format!("ssh-keygen could not be started: {error}"),
        Unfinished::Broken(error) => format!("ssh-keygen did not respond: {error}"),
        Unfinished::Late(patience) => format!("ssh-keygen did not finish within {}s", patience.as_secs()),
    })
}

/// Its message, on one line, safe to draw.
fn complaint(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    let said = if said.trim().is_empty() { String::from_utf8_lossy(&output.stdout) } else { said };
    let lines = said.lines().map(|line| line.trim().trim_end_matches(['\r', '.']));
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty() && !line.starts_with("Signing ")).collect();
    let text: String = lines.join("; ").chars().take(MAX_COMPLAINT_CHARS).collect();
    if text.is_empty() { format!("it exited with {}", output.status) } else { SafeText::new(&text).as_str().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;
    use std::process::Command;

    struct Keys {
        dir: tempfile::TempDir,
        programs: Programs,
    }

    impl Keys {
        fn new() -> Keys {
            Keys { dir: tempfile::tempdir().unwrap(), programs: Programs::default() }
        }

        fn key(&self, name: &str, passphrase: &str) -> PathBuf {
            let path = self.dir.path().join(name);
            let keygen = ["-q", "-t", "ed25519", "-C", "", "-N", passphrase, "-f"];
            assert!(Command::new("ssh-keygen").args(keygen).arg(&path).status().unwrap().success());
            path
        }

        /// A file of allowed signers that contains this key for `ada`.
        fn signers(&self, key: &Path) -> PathBuf {
            let public = std::fs::read_to_string(key.with_extension("pub")).unwrap();
            let path = self.dir.path().join("signers");
            std::fs::write(&path, format!("ada {public}")).unwrap();
            path
        }
    }

    #[test]
    fn a_signature_counts_for_its_text_its_signer_and_its_purpose_only() {
        let keys = Keys::new();
        assert_eq!(can_sign(&keys.programs), Ok(()));
        let key = keys.key("key", "");
        let signers = keys.signers(&key);
        let signature = sign(&keys.programs, &key, "approve x").unwrap();
        assert!(
            signature.starts_with("-----BEGIN SSH SIGNATURE-----")
                && signature.ends_with("-----END SSH SIGNATURE-----")
        );
        let verdict =
            |signature: &str, principal: &str, text: &str| verify(&keys.programs, &signers, principal, signature, text);
        assert_eq!(verdict(&signature, "ada", "approve x"), Ok(()));

        let other_text = verdict(&signature, "ada", "approve y").unwrap_err();
        assert!(other_text.starts_with("the signature does not match the content: "), "{other_text}");
        let other_signer = verdict(&signature, "eve", "approve x").unwrap_err();
        assert!(other_signer.starts_with("the key SHA256:"), "{other_signer}");
        assert!(other_signer.contains(" is not allowed to sign for eve: "), "{other_signer}");
        let other_key = sign(&keys.programs, &keys.key("other", ""), "approve x").unwrap();
        assert!(verdict(&other_key, "ada", "approve x").unwrap_err().contains("is not allowed to sign for ada"));

        let text = keys.dir.path().join("text");
        std::fs::write(&text, "approve x").unwrap();
        let for_mail = ["-q", "-Y", "sign", "-n", "mail", "-f"];
        assert!(Command::new("ssh-keygen").args(for_mail).args([&key, &text]).status().unwrap().success());
        let for_mail = std::fs::read_to_string(keys.dir.path().join("text.sig")).unwrap();
        let other_purpose = verdict(&for_mail, "ada", "approve x").unwrap_err();
        assert!(other_purpose.starts_with("the signature does not match the content: "), "{other_purpose}");
        assert!(verdict("no signature", "ada", "approve x").is_err());

        std::fs::remove_file(&signers).unwrap();
        let gone = verdict(&signature, "ada", "approve x").unwrap_err();
        assert!(gone.starts_with("the file of allowed signers ") && gone.ends_with(" cannot be read"), "{gone}");
    }

    #[test]
    fn a_key_that_cannot_sign_is_named_with_what_to_do() {
        let keys = Keys::new();
        let locked = keys.key("locked", "secret");
        let why = sign(&keys.programs, &locked, "approve x").unwrap_err();
        assert!(why.starts_with(&format!("ssh-keygen cannot sign with {}: ", locked.display())), "{why}");
        let remedy =
            format!("; it needs a passphrase: add the key to your ssh-agent with `ssh-add {}`", locked.display());
        assert!(why.ends_with(&remedy) && why.lines().count() == 1, "{why}");
        let absent = sign(&keys.programs, &keys.dir.path().join("absent"), "approve x").unwrap_err();
        assert!(absent.contains("No such file") && !absent.contains("ssh-add"), "{absent}");
    }

    #[test]
    fn without_a_program_that_signs_it_is_said_how_to_get_one() {
        let programs = Programs::default().with_variables([("PATH".into(), "/nonexistent".into())]);
        let why = can_sign(&programs).unwrap_err();
        assert_eq!(why, "ssh-keygen is not installed (package openssh-client)");
        assert_eq!(sign(&programs, Path::new("key"), "x"), Err(why));
    }

    #[test]
    fn a_security_key_is_known_by_its_public_half() {
        let dir = tempfile::tempdir().unwrap();
        let key = dir.path().join("key");
        assert!(!needs_touch(&key));
        for (public, touches) in [("sk-ssh-ed25519@openssh.com AAAA", true), ("ssh-ed25519 AAAA", false), ("sk", false)]
        {
            std::fs::write(dir.path().join("key.pub"), public).unwrap();
            assert_eq!([needs_touch(&key), needs_touch(&dir.path().join("key.pub"))], [touches; 2], "{public}");
        }
        std::fs::remove_file(dir.path().join("key.pub")).unwrap();
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mkfifoat(rustix::fs::CWD, dir.path().join("key.pub"), mode).unwrap();
        assert!(!needs_touch(&key), "a pipe is not waited for");
    }
}
