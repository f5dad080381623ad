//! Ranges of versions as npm reads them.

use semver::{Version, VersionReq};

/// Whether npm's range admits the version. Tags and URLs admit nothing, but for `latest`, which
/// is what an unpinned dependency amounts to.
pub fn admits(range: &str, version: &str) -> bool {
    let Ok(version) = Version::parse(version) else { return false };
    let range = range.trim();
    range.is_empty()
        || range == "latest"
        || range.split("||").any(|alternative| alternative_admits(alternative.trim(), &version))
}

fn alternative_admits(alternative: &str, version: &Version) -> bool {
    if alternative.is_empty() {
        return true;
    }
    let comparators = match alternative.split_once(" - ") {
        Some((low, high)) => format!(">={}, <={}", low.trim(), high.trim()),
        None => joined_comparators(alternative),
    };
    VersionReq::parse(&comparators).is_ok_and(|requirement| requirement.matches(version))
}

/// npm separates comparators by blanks, may put blanks behind an operator, and takes a bare
/// version to mean exactly that one.
fn joined_comparators(alternative: &str) -> String {
    let mut comparators: Vec<String> = Vec::new();
    let mut operator = String::new();
    for word in alternative.split_whitespace() {
        operator.push_str(word);
        if word.ends_with(|last| "<>=^~".contains(last)) {
            continue;
        }
        let comparator = std::mem::take(&mut operator);
        let bare = comparator.trim_start_matches('v');
        comparators.push(if bare.starts_with(|first: char| first.is_ascii_digit()) {
            format!("={bare}")
        } else {
            comparator
        });
    }
    comparators.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn npm_ranges_are_read_as_npm_reads_them() {
        for range in [
            "^2.1.4",
            "~2.1.0",
            "2.x",
            "2.1",
            "2",
            "*",
            "",
            "x",
            "latest",
            ">=2.0.0 <3",
            "2.1.4",
            ">= 2.1",
            "1.x || ^2.1.0",
            "2.0.0 - 2.2.0",
            "v2.1.4",
            "=2.1.4",
            "<=2.1.4",
            ">=1.22.3 <2 || >=2.1.0 <3",
        ] {
            assert!(admits(range, "2.1.4"), "{range}");
        }
        for range in [
            "^2.1.5",
            "2.1.5",
            "^1",
            "^3 || 2.1.3",
            "next",
            "https://x/y.tgz",
            "git+ssh://x",
            "file:../x",
            "npm:other@2.1.4",
            "2.1.5 - 3",
            ">2.1.4",
            "~2.0",
        ] {
            assert!(!admits(range, "2.1.4"), "{range}");
        }
    }
}
