//! Scripts of JavaScript that node does not run, because they are for another engine: a web page, an extension of a browser,
//! a desktop, an office suite.

use super::ScriptText;
use super::scanner::in_code;

/// Names that only a browser has, wherever code uses them.
const OF_BROWSER: &[&str] = &[
    "document",
    "window",
    "localStorage",
    "sessionStorage",
    "customElements",
    "HTMLElement",
    "chrome",
    "alert",
    "importScripts",
    "GM_addStyle",
    "GM_xmlhttpRequest",
];

/// Names that others give to something of their own: these count in a first statement only.
const AT_TOP: &[&str] = &["self.", "$(document)", "addEventListener("];

/// Names of other engines.
const OF_OTHERS: &[(&str, &str)] = &[
    ("SpreadsheetApp", "Google Apps Script"),
    ("DriveApp", "Google Apps Script"),
    ("GmailApp", "Google Apps Script"),
    ("WScript", "Windows Script Host"),
    ("ObjC", "osascript"),
    ("imports.gi", "GNOME"),
];

/// Marks of code that is for node, or for more than one engine.
const ELSEWHERE: &[&str] =
    &["require(", "import ", "process.", "module.exports", "globalThis", "typeof ", "Deno.", "jsdom", "#!"];

/// Why node does not run a script.
pub(in crate::catalog) fn other(script: &ScriptText<'_>) -> Option<String> {
    let text = script.text;
    let is_javascript = script.language.is_some_and(crate::domain::source::Language::is_javascript);
    if !is_javascript || ELSEWHERE.iter().any(|mark| text.contains(mark)) {
        return None;
    }
    let of_browser = OF_BROWSER.iter().map(|name| (*name, "a browser"));
    let mut names = of_browser.chain(OF_OTHERS.iter().copied());
    let is_top = |line: &&str| !line.starts_with([' ', '\t', '/', '*']);
    let is_own = |name: &str| {
        let bare = name.trim_end_matches(['.', '(']);
        text.match_indices(bare).any(|(at, _)| is_given(text, at, bare))
    };
    let begins = |line: &str| AT_TOP.iter().find(|name| uses(line, name) && !is_own(name));
    let at_top = || text.lines().filter(is_top).find_map(begins);
    let (name, engine) = names.find(|(name, _)| is_foreign(script, name)).or_else(|| Some((at_top()?, "a browser")))?;
    let name = name.trim_end_matches(['.', '(']);
    Some(format!("it runs in {engine}: it uses {name}, which node does not have"))
}

fn uses(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| !line[..at].ends_with(is_part))
}

fn is_part(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '.' | '\'' | '"' | '`' | '-')
}

/// Whether code uses a name that it does not give to anything itself.
fn is_foreign(script: &ScriptText<'_>, name: &str) -> bool {
    let text = script.text;
    let is_whole = |at: usize| {
        !text[..at].ends_with(is_part) && !text[at + name.len()..].starts_with(|c: char| is_part(c) && c != '.')
    };
    let places: Vec<usize> = text.match_indices(name).map(|(at, _)| at).filter(|at| is_whole(*at)).collect();
    let Some(language) = script.language.filter(|_| !places.is_empty()) else { return false };
    let places = in_code(text, places, language);
    let is_used = |at: &usize| {
        let rest = text[at + name.len()..].trim_start();
        rest.starts_with(['.', '(']) || text[..*at].ends_with("extends ")
    };
    places.iter().any(is_used) && !places.iter().any(|at| is_given(text, *at, name))
}

/// Whether a name is given to something at a place: a variable, a function, a parameter.
fn is_given(text: &str, at: usize, name: &str) -> bool {
    const GIVING: &[&str] = &["const ", "let ", "var "];
    let (before, after) = (text[..at].trim_end(), text[at + name.len()..].trim_start());
    let line = &text[text[..at].rfind('\n').map_or(0, |end| end + 1)..at];
    let is_variable = GIVING.iter().any(|word| line.trim_start().starts_with(word)) && !line.contains('=');
    let is_definition = ["function", "class"].iter().any(|word| before.ends_with(word));
    let is_listed = before.ends_with(['(', ',', '{']) && after.starts_with([',', ')', '}', '=']);
    let behind = || after.split_once(')').map_or("", |(_, rest)| rest.trim_start());
    let is_parameter =
        after.starts_with("=>") || is_listed && (behind().starts_with('{') || behind().starts_with("=>"));
    is_variable || is_definition || is_parameter
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::source::Language;

    fn why(text: &str) -> Option<String> {
        other(&ScriptText::new("a.js", text, Some(Language::JavaScript)))
    }

    #[test]
    fn a_script_of_a_web_page_is_told_from_one_of_node() {
        let said = why("// Counts\ndocument.querySelector('a').click();\n").unwrap();
        assert_eq!(said, "it runs in a browser: it uses document, which node does not have");
        for text in [
            "class A extends HTMLElement {}\n",
            "function go() {\n  document.x();\n}\ngo();\n",
            "(function () {\n  const t = document.title;\n  go(t);\n})();\n",
            "(() => { const page = window.open('x'); page.close(); })();\n",
            "self.addEventListener('install', x);\n",
            "addEventListener('fetch', event => event.respondWith(f(event)));\n",
            "javascript:(function(){ alert(location.href); })()\n",
        ] {
            assert!(why(text).is_some_and(|why| why.starts_with("it runs in a browser: ")), "{text}");
        }
        for text in [
            "const { JSDOM } = require('jsdom');\ndocument.x();\n",
            "function save(document) {\n  document.write();\n}\nsave(x);\n",
            "const document = parse(text);\nconsole.log(document.title);\n",
            "for (const x of list((document) => document.name)) console.log(x);\n",
            "console.log('document.title'); // document.title\n",
            "const self = make();\nself.run();\n",
            "page.document.open();\n",
            "function f() {\n  const self = this;\n  self.x();\n}\nf();\n",
        ] {
            assert_eq!(why(text), None, "{text}");
        }
    }

    #[test]
    fn other_engines_are_named() {
        let said = why("function run() {\n  SpreadsheetApp.getActive().toast('x');\n}\nrun();\n").unwrap();
        assert_eq!(said, "it runs in Google Apps Script: it uses SpreadsheetApp, which node does not have");
        assert!(why("WScript.Echo('x');\n").unwrap().contains("Windows Script Host"));
        assert!(why("const { Gio } = imports.gi;\nimports.gi.x();\n").is_some());
    }
}
