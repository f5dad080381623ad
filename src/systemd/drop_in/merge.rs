//! Our two assignments put into somebody's drop-in, and taken out again.

use std::ops::Range;

use super::{Kind, Line, lines, quoted, repaired, words};
use crate::systemd::environment::{Bypass, Environment, Spelling};

/// What a file assigns to the two spellings; what an uninstall needs to know of the state before.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Assigned {
    /// `no_proxy`.
    pub lower: Option<String>,
    /// `NO_PROXY`.
    pub upper: Option<String>,
}

impl Assigned {
    /// The value of one spelling.
    pub fn get(&self, spelling: Spelling) -> Option<&str> {
        match spelling {
            Spelling::Lower => self.lower.as_deref(),
            Spelling::Upper => self.upper.as_deref(),
        }
    }
}

/// Sets both spellings to `bypass` in the drop-in, every other byte of which stays.
///
/// An assignment that the file has already is changed where it stands; a missing one is added to
/// the end of the last `[Service]` section. Line ends lost in copy and paste are put back.
pub fn merged(existing: Option<&str>, bypass: &Bypass) -> String {
    let existing = existing.unwrap_or_default();
    let mut text = repaired(existing).unwrap_or_else(|| existing.to_owned());
    let mut missing = Vec::new();
    for spelling in Spelling::BOTH {
        if live(&lines(&text), &text, spelling).is_empty() {
            missing.push(assignment_line(spelling, &bypass.value()));
        } else {
            text = with_value(&text, spelling, &bypass.value());
        }
    }
    if !missing.is_empty() {
        text = appended(&text, &missing);
    }
    text
}

/// The drop-in without what we wrote: a spelling gets back the value it had `before` us, and an
/// assignment that somebody has edited since loses only the entries that we brought. `None` when
/// nothing is left that somebody else wrote.
pub fn without_bypass(existing: &str, ours: &Bypass, before: &Assigned) -> Option<String> {
    let mut text = existing.to_owned();
    for spelling in Spelling::BOTH {
        let Some(value) = assigned(&text).get(spelling).map(str::to_owned) else { continue };
        let old = before.get(spelling);
        let kept = if Bypass::of_value(&value) == *ours {
            old.map(str::to_owned)
        } else {
            let brought = ours.without(&Bypass::of_value(old.unwrap_or_default()));
            let rest = Bypass::of_value(&value).without(&brought).value();
            (!rest.is_empty()).then_some(rest)
        };
        text = match kept {
            Some(kept) => with_value(&text, spelling, &kept),
            None => without_assignment(&text, spelling),
        };
    }
    if text.len() != existing.len() {
        text = without_empty_service_at_end(text);
    }
    if !existing.ends_with('\n') {
        text.truncate(text.trim_end_matches(['\n', '\r']).len());
    }
    let foreign = lines(&text).iter().any(|line| {
        let is_comment = line.kind() == Kind::Blank && !text[line.span.clone()].trim().is_empty();
        is_comment || !matches!(line.kind(), Kind::Blank | Kind::Header)
    });
    foreign.then_some(text)
}

/// What the file assigns to the two spellings, as far as it has its way.
pub fn assigned(text: &str) -> Assigned {
    let found = variables(Environment::default(), [text]);
    let value = |spelling: Spelling| found.get(spelling.name()).map(str::to_owned);
    Assigned { lower: value(Spelling::Lower), upper: value(Spelling::Upper) }
}

/// What the `Environment=` lines of these files, read in this order, make of an environment; of
/// specifiers only `%%` is resolved.
pub fn variables<'t>(
    mut environment: Environment,
    texts: impl IntoIterator<Item = &'t str>,
) -> Environment {
    for line in texts.into_iter().flat_map(lines) {
        let Some((list, _)) = line.environment_value() else { continue };
        if list.is_empty() {
            environment = Environment::default();
        }
        for word in words(list) {
            if let Some((name, value)) = word.value.split_once('=') {
                environment.set(name, &value.replace("%%", "%"));
            }
        }
    }
    environment
}

/// The values that the text gives the service for this key, in order.
pub fn values_of(text: &str, key: &str) -> Vec<String> {
    let value = |line: Line| match line.kind() {
        Kind::Assignment { key: k, value, .. }
            if k == key && line.section.as_deref() == Some("Service") =>
        {
            Some(value.to_owned())
        }
        _ => None,
    };
    lines(text).into_iter().filter_map(value).collect()
}

/// The last line, counted from 1, that gives the service this key with a value that `matters`.
pub fn line_of(text: &str, key: &str, matters: impl Fn(&str) -> bool) -> Option<usize> {
    let is_it = |line: &Line| {
        line.section.as_deref() == Some("Service")
            && matches!(line.kind(), Kind::Assignment { key: k, value, .. } if k == key && matters(value))
    };
    let line = lines(text).into_iter().rfind(is_it)?;
    Some(text[..line.span.start].lines().count() + 1)
}

/// An assignment that no later empty `Environment=` forgets.
struct Found {
    /// The word in the file, quotes included.
    place: Range<usize>,
    value: String,
    /// The whole line, if the word stands alone in it.
    alone: Option<Range<usize>>,
}

fn live(lines: &[Line], text: &str, spelling: Spelling) -> Vec<Found> {
    let mut found = Vec::new();
    for line in lines {
        let Some((list, list_at)) = line.environment_value() else { continue };
        if list.is_empty() {
            found.clear();
        }
        let words = words(list);
        let alone = words.len() == 1 && words[0].span == (0..list.len());
        for word in words {
            let Some((name, value)) = word.value.split_once('=') else { continue };
            if name == spelling.name() {
                found.push(Found {
                    place: line.in_file(word.span.start + list_at..word.span.end + list_at),
                    value: value.replace("%%", "%"),
                    alone: alone.then(|| line.span.clone()),
                });
            }
        }
    }
    debug_assert!(found.iter().all(|found| text.get(found.place.clone()).is_some()));
    found
}

fn with_value(text: &str, spelling: Spelling, value: &str) -> String {
    let mut text = text.to_owned();
    for found in live(&lines(&text), &text, spelling).into_iter().rev() {
        if found.value != value {
            text.replace_range(found.place, &word(spelling, value));
        }
    }
    text
}

fn without_assignment(text: &str, spelling: Spelling) -> String {
    let mut text = text.to_owned();
    for found in live(&lines(&text), &text, spelling).into_iter().rev() {
        let place = found.alone.unwrap_or_else(|| {
            let after = &text[found.place.end..];
            let blanks = after.len() - after.trim_start_matches([' ', '\t']).len();
            found.place.start..found.place.end + blanks
        });
        text.replace_range(place, "");
    }
    text
}

/// The assignment as one word; `%` would start a specifier.
fn word(spelling: Spelling, value: &str) -> String {
    quoted(&format!("{}={value}", spelling.name()).replace('%', "%%"))
}

fn assignment_line(spelling: Spelling, value: &str) -> String {
    format!("Environment={}", word(spelling, value))
}

/// Adds lines to the end of the last `[Service]` section, or in a new one.
fn appended(text: &str, additions: &[String]) -> String {
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let lines = lines(text);
    let in_service =
        |line: &&Line| line.section.as_deref() == Some("Service") && line.kind() != Kind::Blank;
    let mut block: Vec<&str> = additions.iter().map(String::as_str).collect();
    let (place, before) = if let Some(line) = lines.iter().rev().find(in_service) {
        (line.span.end, Some(line))
    } else {
        block.insert(0, "[Service]");
        (text.len(), lines.last())
    };
    let mut insertion = block.join(end);
    insertion.push_str(end);
    if before.is_some_and(|line| line.is_open) {
        // a line that ends with a backslash takes the next one in; let it have an empty one
        insertion.insert_str(0, end);
    }
    if !text.is_empty() && place == text.len() && !text.ends_with(['\n', '\r']) {
        insertion.insert_str(0, end);
        insertion.truncate(insertion.len() - end.len());
    }
    [&text[..place], &insertion, &text[place..]].concat()
}

/// Our removal may leave a bare `[Service]` behind, which a merge had added.
fn without_empty_service_at_end(mut text: String) -> String {
    let last = lines(&text).into_iter().rfind(|line| !text[line.span.clone()].trim().is_empty());
    if let Some(line) = last.filter(|line| line.kind() == Kind::Header)
        && line.section.as_deref() == Some("Service")
    {
        text.replace_range(line.span, "");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::systemd::environment::Environment;

    const OURS: &str = "Environment=\"no_proxy=127.0.0.1,localhost,::1,[::1]\"\n\
                        Environment=\"NO_PROXY=127.0.0.1,localhost,::1,[::1]\"\n";

    fn bypass() -> Bypass {
        Bypass::extending(&Environment::default())
    }

    fn text(existing: &str) -> String {
        merged(Some(existing), &bypass())
    }

    #[test]
    fn no_file_becomes_ours_and_ours_becomes_no_file() {
        let made = merged(None, &bypass());
        assert_eq!(made, format!("[Service]\n{OURS}"));
        assert_eq!(text(&made), made);
        assert_eq!(without_bypass(&made, &bypass(), &Assigned::default()), None);
    }

    #[test]
    fn additions_go_to_the_end_of_the_last_service_section() {
        for (existing, expected) in [
            ("[Service]\nA=b\n", format!("[Service]\nA=b\n{OURS}")),
            (
                "[Service]\nA=b\n\n# for boot\n[Install]\nC=d\n",
                format!("[Service]\nA=b\n{OURS}\n# for boot\n[Install]\nC=d\n"),
            ),
            ("[Unit]\nA=b\n", format!("[Unit]\nA=b\n[Service]\n{OURS}")),
            ("[Service]\nA=b", format!("[Service]\nA=b\n{}", OURS.trim_end())),
            ("# mine", format!("# mine\n[Service]\n{}", OURS.trim_end())),
            ("[Service]\nA=b \\\n", format!("[Service]\nA=b \\\n\n{OURS}")),
            ("[Service]\r\nA=b\r\n", format!("[Service]\r\nA=b\r\n{}", OURS.replace('\n', "\r\n"))),
            ("[Service]\n[Install]\n", format!("[Service]\n{OURS}[Install]\n")),
        ] {
            assert_eq!(text(existing), expected, "{existing:?}");
        }
    }

    #[test]
    fn an_assignment_is_changed_where_it_stands() {
        let new = "127.0.0.1,localhost,::1,[::1]";
        for (existing, expected) in [
            (
                "[Service]\nEnvironment=A=b no_proxy=x 'NO_PROXY=y' C=d # e\n",
                format!(
                    "[Service]\nEnvironment=A=b \"no_proxy={new}\" \"NO_PROXY={new}\" C=d # e\n"
                ),
            ),
            (
                "[Service]\nEnvironment=NO_PROXY=y \\\n  no_proxy=x\n[Install]\n",
                format!(
                    "[Service]\nEnvironment=\"NO_PROXY={new}\" \\\n  \"no_proxy={new}\"\n[Install]\n"
                ),
            ),
            (
                "[Service]\nEnvironment=no_proxy=x NO_PROXY=y\nEnvironment=\n",
                format!("[Service]\nEnvironment=no_proxy=x NO_PROXY=y\nEnvironment=\n{OURS}"),
            ),
            (
                "[Unit]\nEnvironment=no_proxy=x\n",
                format!("[Unit]\nEnvironment=no_proxy=x\n[Service]\n{OURS}"),
            ),
        ] {
            assert_eq!(text(existing), expected, "{existing:?}");
        }
    }

    #[test]
    fn the_documented_one_line_file_is_repaired() {
        let damaged = "[Service]Environment=\"no_proxy=127.0.0.1,localhost,::1\"\
                       Environment=\"NO_PROXY=127.0.0.1,localhost,::1\"\n";
        assert_eq!(text(damaged), format!("[Service]\n{OURS}"));
        let repaired = repaired(damaged).unwrap();
        let before = assigned(&repaired);
        assert_eq!(before.get(Spelling::Upper), Some("127.0.0.1,localhost,::1"));
    }

    #[test]
    fn a_percent_sign_is_written_twice_and_read_once() {
        let odd = Bypass::of_value("a%b,c\"d");
        let made = merged(None, &odd);
        assert!(made.contains(r#""no_proxy=a%%b,c\"d""#), "{made}");
        assert_eq!(assigned(&made).get(Spelling::Lower), Some("a%b,c\"d"));
        assert_eq!(merged(Some(&made), &odd), made);
    }

    #[test]
    fn what_we_wrote_goes_and_nothing_else() {
        for existing in [
            "[Service]\nA=b\n",
            "[Service]\nA=b",
            "# mine",
            "[Unit]\r\nA=b\r\n",
            "[Service]\nEnvironment=A=b C=d\n\n[Install]\nE=f\n",
            "[Service]\nEnvironment=A=b \"no_proxy=corp\" C=d\n",
            "[Service]\nEnvironment=\"NO_PROXY=corp\"\n",
        ] {
            let back = without_bypass(&text(existing), &bypass(), &assigned(existing));
            assert_eq!(back.as_deref(), Some(existing));
        }
    }

    #[test]
    fn entries_that_somebody_added_since_survive() {
        let edited = text("[Service]\nA=b\n").replace("no_proxy=127", "no_proxy=corp,127");
        let back = without_bypass(&edited, &bypass(), &Assigned::default()).unwrap();
        assert_eq!(back, "[Service]\nA=b\nEnvironment=\"no_proxy=corp\"\n");
    }

    #[test]
    fn what_several_files_assign_is_read_in_their_order() {
        let own = "[Unit]\nEnvironment=A=0\n[Service]\nEnvironment=A=1 \"B=x y\"\n";
        let [later, reset] = ["[Service]\nEnvironment=A=2%%\n", "[Service]\nEnvironment=\n"];
        for (texts, expected) in [
            (&[own, later][..], &[("A", "2%"), ("B", "x y")][..]),
            (&[own, later, reset], &[]),
            (&[reset, own], &[("A", "1"), ("B", "x y")]),
        ] {
            let found = variables(Environment::default(), texts.iter().copied());
            assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{texts:?}");
        }
        assert_eq!(line_of(own, "Environment", |value| value.contains("A=")), Some(4));
        assert_eq!(line_of(own, "Environment", |value| value.contains("A=0")), None);
    }

    proptest::proptest! {
        #[test]
        fn merging_and_removing_gives_the_text_back(
            body in "(\\[Service\\]|\\[Unit\\]|A=b|Environment=X=y 'Z=w'|# c|;d|)(\n(\\[Service\\]|\\[Install\\]|A=b|Environment=|Environment=no_proxy=q|# c|)){0,8}\n"
        ) {
            let made = merged(Some(&body), &bypass());
            proptest::prop_assert_eq!(&text(&made), &made);
            let all = Some(bypass().value());
            let both = Assigned { lower: all.clone(), upper: all };
            proptest::prop_assert_eq!(assigned(&made), both);
        }
    }
}
