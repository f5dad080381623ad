//! What a secret is, decided here for everything that is shown: configs, differences, unit
//! properties, log lines, URLs, error texts.
//!
//! Three things make a secret: the name before it ([`is_secret_name`]), its own shape (a login in
//! a URL, a private key in PEM), and that it was read somewhere as a secret ([`learn`]). Whatever
//! reads configs, environments and command lines learns, and whatever leaves the program passes
//! [`guarded`]; so nobody has to hand lists of secrets around, and none is shown in whatever form.

mod patterns;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use patterns::{is_reference, without_scheme};

pub use patterns::{is_holder, is_secret_name};

/// What stands for something that was taken out.
pub const MASK: &str = "***";

/// A text of somebody else's without any secret: known ones, those told by their shape, and those
/// told by the name before them.
pub fn masked(text: &str) -> String {
    let text = guarded(text);
    let named = patterns::named_in(&text);
    covered(&text, named)
}

/// A text of our own without any secret that somebody else's words have brought into it. Names are
/// left alone: `clientSecret: it is a placeholder` is a sentence.
pub fn guarded(text: &str) -> String {
    let shaped = patterns::shaped_in(text);
    without_known(&covered(text, shaped))
}

/// Arguments of a command line, each without its secret: `--token x` and `--token=x` alike.
pub fn masked_arguments<S: AsRef<str>>(arguments: &[S]) -> Vec<String> {
    let mut expects_secret = false;
    let shown = arguments.iter().map(AsRef::as_ref).map(|argument| {
        let is_secret = expects_secret && !patterns::is_reference(argument);
        expects_secret = argument.starts_with('-')
            && !argument.contains('=')
            && is_secret_name(argument.trim_start_matches('-'));
        if is_secret && !argument.starts_with("--") { MASK.to_owned() } else { masked(argument) }
    });
    shown.collect()
}

/// Learns the secrets among the arguments of a command line.
pub fn learn_arguments<S: AsRef<str>>(arguments: &[S]) {
    let shown = masked_arguments(arguments);
    for (argument, shown) in arguments.iter().map(AsRef::as_ref).zip(shown) {
        if shown == MASK {
            learn(argument);
        } else if let Some((name, value)) = argument.split_once('=') {
            learn_named(name.trim_start_matches('-'), value);
        }
    }
}

/// The text with [`MASK`] at each place; places may overlap.
fn covered(text: &str, mut spans: Vec<Range<usize>>) -> String {
    spans.sort_by_key(|span| span.start);
    let mut shown = String::with_capacity(text.len());
    let mut end = 0;
    for span in spans.into_iter().filter(|span| !span.is_empty()) {
        if span.start >= end {
            shown.push_str(&text[end..span.start]);
            shown.push_str(MASK);
        }
        end = end.max(span.end);
    }
    shown + &text[end..]
}

/// How long the beginning of `text` is that holds none of these.
fn until(text: &str, ends: impl Fn(char) -> bool) -> usize {
    text.find(ends).unwrap_or(text.len())
}

/// Shorter values are words of any text.
const SHORTEST: usize = 4;

/// Shorter ones count only where they are a word of their own.
const LONG: usize = 8;

thread_local! {
    // of the thread, as the language is: tests side by side know nothing of each other's secrets
    static KNOWN: RefCell<BTreeSet<(Reverse<usize>, String)>> = const { RefCell::new(BTreeSet::new()) };
}

/// From now on this value is shown nowhere, neither as it stands nor escaped for JSON or a URL nor
/// in base64; of several lines, none.
pub fn learn(secret: &str) {
    if is_reference(secret) {
        return;
    }
    let mut forms = BTreeSet::from([secret.trim().to_owned()]);
    forms.extend(secret.lines().map(|line| line.trim().to_owned()));
    forms.retain(|form| form.len() >= SHORTEST && !form.starts_with("-----"));
    let plain: Vec<String> = forms.iter().cloned().collect();
    for form in plain {
        forms.extend(escaped(&form));
        forms.insert(percent_encoded(&form));
        forms.insert(percent_encoded(&form).to_lowercase());
        forms.extend(in_base64(&form));
    }
    KNOWN.with_borrow_mut(|known| {
        known.extend(forms.into_iter().map(|form| (Reverse(form.len()), form)));
    });
}

/// Learns the value of a name that is a secret's; of any other, the credentials of URLs in it.
pub fn learn_named(name: &str, value: &str) {
    if is_secret_name(name) {
        learn(value);
        learn(&value[without_scheme(value, 0..value.len())]);
    }
    for span in patterns::shaped_in(value) {
        let secret = &value[span];
        learn(secret);
        let password = secret.split_once(':').map_or(secret, |(_, password)| password);
        learn(password);
        learn(&percent_decoded(password));
    }
}

/// The text without them, the longest first: one may be the beginning of another.
fn without_known(text: &str) -> String {
    KNOWN.with_borrow(|known| {
        let mut shown = text.to_owned();
        for (_, form) in known.iter().filter(|(_, form)| text.contains(form.as_str())) {
            shown = if form.len() < LONG {
                without_word(&shown, form)
            } else {
                shown.replace(form.as_str(), MASK)
            };
        }
        shown
    })
}

fn without_word(text: &str, word: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(word) {
        let (before, after) = (&rest[..at], &rest[at + word.len()..]);
        let is_inside = before.chars().next_back().is_some_and(char::is_alphanumeric)
            || after.chars().next().is_some_and(char::is_alphanumeric);
        shown.push_str(before);
        shown.push_str(if is_inside { word } else { MASK });
        rest = after;
    }
    shown + rest
}

/// As it stands inside a string of JSON.
fn escaped(secret: &str) -> Option<String> {
    let quoted = serde_json::to_string(secret).ok()?;
    Some(quoted[1..quoted.len() - 1].to_owned())
}

/// As `encodeURIComponent` writes it.
fn percent_encoded(secret: &str) -> String {
    let mut encoded = String::with_capacity(secret.len());
    for byte in secret.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let code = code.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        let code = code.filter(|_| byte == b'%');
        bytes.push(code.unwrap_or(byte));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What of it stands in the base64 of any text that holds it: three bytes become four letters, so
/// there are three ways to stand, and letters at either end belong to its neighbours too.
fn in_base64(secret: &str) -> Vec<String> {
    let mut forms = Vec::new();
    for before in 0..3 {
        let bytes = [&vec![0; before], secret.as_bytes()].concat();
        let whole = bytes.len() / 3 * 4;
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let encoded = engine.encode(&bytes);
            let own = &encoded[before + usize::from(before > 0)..whole.max(before + 1)];
            forms.push(own.to_owned());
        }
    }
    forms.retain(|form| form.len() >= LONG);
    forms
}
