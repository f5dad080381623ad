//! What every error code and every check means: its cause, what to do, and a command to begin with,
//! as `explanation.txt` has it; `tests/messages.rs` holds that against the codes of the program.

use std::sync::LazyLock;

use crate::language::{translated, unpacked};

/// Blocks of four lines, and comments.
static TEXT: LazyLock<String> =
    LazyLock::new(|| unpacked(include_bytes!(concat!(env!("OUT_DIR"), "/explanation.txt.gz"))));

/// What is to be said of one code.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// An error's code, or a check's id.
    pub code: &'static str,
    /// What has happened, or was found, in English.
    pub cause: &'static str,
    /// What to do, in English.
    pub remedy: &'static str,
    /// A command, with names that stand for the reader's own.
    pub example: &'static str,
}

/// Every entry: the checks first.
pub fn all() -> impl Iterator<Item = Entry> {
    TEXT.split("\n\n").filter_map(|block| {
        let lines: Vec<_> = block.lines().collect();
        let [code, cause, remedy, example] = lines[..] else { return None };
        Some(Entry { code, cause, remedy, example })
    })
}

impl Entry {
    /// What has happened, or was found.
    pub fn cause(&self) -> &'static str {
        translated(self.cause)
    }

    /// What to do.
    pub fn remedy(&self) -> &'static str {
        translated(self.remedy)
    }

    /// Whether it is the one of this name, or one of the family of this name.
    pub fn is_called(&self, name: &str) -> bool {
        self.code == name || self.code.split('.').next() == Some(name)
    }

    /// How near another name comes to the code, or to its part after the dot: 1 is the same.
    fn nearness(&self, name: &str) -> f64 {
        let part = self.code.rsplit('.').next().unwrap_or(self.code);
        strsim::jaro(self.code, name).max(strsim::jaro(part, name))
    }
}

/// The codes that may have been meant, the nearest first.
pub fn similar(name: &str) -> Vec<&'static str> {
    let mut near: Vec<_> = all().map(|entry| (entry.nearness(name), entry.code)).collect();
    near.retain(|(nearness, _)| *nearness > 0.8);
    near.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    near.into_iter().map(|(_, code)| code).take(3).collect()
}

#[cfg(test)]
mod tests {
    use super::{TEXT, all, similar};

    #[test]
    fn what_is_nearly_a_code_is_recognised() {
        for (name, code) in [
            ("config.sintax", "config.syntax"),
            ("unverified", "payload.unverified"),
            ("gateway.crashloop", "gateway.crash-loop"),
        ] {
            assert_eq!(similar(name).first(), Some(&code), "{name}");
        }
        assert!(similar("rhubarb").is_empty());
    }

    #[test]
    fn every_block_of_the_file_is_an_entry() {
        assert_eq!(all().count(), TEXT.split("\n\n").count() - 1, "all but the comment at the top");
        for entry in all() {
            let code = entry.code;
            let fields = [code, entry.cause, entry.remedy, entry.example];
            assert!(
                fields.iter().all(|field| !field.is_empty() && *field == field.trim()),
                "{code}"
            );
            assert!(!code.contains(' ') && entry.cause.contains(' '), "{code}: out of order");
        }
    }
}
