//! What a secret is, decided here for everything that is shown: configs, differences, unit
//! properties, log lines, URLs, error texts.
//!
//! Three things make a secret: the name before it ([`is_secret_name`]), its own shape (a login in
//! a URL, a private key in PEM), and that it was read somewhere as a secret ([`learn`]). Whatever
//! reads configs, environments and command lines learns, and whatever leaves the program passes
//! [`guarded`]; so nobody has to hand lists of secrets around.

mod known;
mod name;
mod shape;
#[cfg(test)]
mod tests;

use std::ops::Range;

pub use known::{learn, learn_named};
pub use name::{is_holder, is_secret_name};

/// What stands for something that was taken out.
pub const MASK: &str = "***";

/// A text of somebody else's without any secret: known ones, those told by their shape, and those
/// told by the name before them.
pub fn masked(text: &str) -> String {
    let text = guarded(text);
    let named = name::values_in(&text);
    covered(&text, named)
}

/// A text of our own without any secret that somebody else's words have brought into it. Names are
/// left alone: `clientSecret: it is a placeholder` is a sentence.
pub fn guarded(text: &str) -> String {
    let shaped = shape::secrets_in(text);
    known::without_known(&covered(text, shaped))
}

/// Arguments of a command line, each without its secret: `--token x` and `--token=x` alike.
pub fn masked_arguments<S: AsRef<str>>(arguments: &[S]) -> Vec<String> {
    let mut expects_secret = false;
    let shown = arguments.iter().map(AsRef::as_ref).map(|argument| {
        let is_secret = expects_secret && !name::is_reference(argument);
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
