//! What `--fix` does about a damaged tree, and where it can do nothing, what the operator can.

use crate::connector::{Verification, npm};
use crate::doctor::Examination;
use crate::doctor::examination::supply::Npm;
use crate::language::Language;
use crate::plan::repair::Repair;
use crate::say;

/// A repair, or none, with the hint that goes with it.
pub(super) struct Remedy {
    pub(super) repair: Option<Repair>,
    pub(super) hint: String,
}

/// Put the tree back, from a payload that is proven to be what was installed.
pub(super) fn reinstalling(examination: &Examination, check: &str, language: Language) -> Remedy {
    if let Some(hint) = immovable(examination, language) {
        return Remedy { repair: None, hint };
    }
    match &examination.supply.stock {
        Some(stock) => Remedy {
            repair: Some(Repair::Reinstall(stock.clone())),
            hint: by_fix(check, &stock.place.display().to_string(), language),
        },
        None => Remedy { repair: None, hint: by_hand(examination, check, language) },
    }
}

/// Give paths the permissions back that they had: nothing else is other than it was.
pub(super) fn restoring_modes(examination: &Examination) -> Vec<Repair> {
    let modes = examination.supply.modes.iter().cloned();
    modes.map(|(path, before, after)| Repair::Attributes { path, before, after }).collect()
}

/// The repair alone, for a check that finds what a damaged tree brings about.
pub(super) fn reinstallation(examination: &Examination) -> Option<Repair> {
    let stock = examination.supply.stock.as_ref().filter(|_| examination.supply.movable)?;
    Some(Repair::Reinstall(stock.clone()))
}

/// Bring the npm dependencies in order: from the payload where the tree has lost what that
/// brought, else with npm.
pub(super) fn fetching(examination: &Examination, language: Language) -> Remedy {
    if let Some(hint) = immovable(examination, language) {
        return Remedy { repair: None, hint };
    }
    let lost = examination.deviations.iter().flatten().any(|deviation| {
        deviation.path.starts_with("node_modules") || deviation.path == "package.json"
    });
    if lost && examination.supply.stock.is_some() {
        return reinstalling(examination, "plugin.deps", language);
    }
    if let Some(hint) = without_npm(examination, "plugin.deps", language) {
        return Remedy { repair: None, hint };
    }
    let package = examination.tree.as_ref().and_then(|tree| tree.package.as_ref().ok());
    Remedy {
        repair: package.map(|package| Repair::FetchDependencies { pins: npm::pins(package) }),
        hint: say!(
            language,
            "Let npm fetch them (this asks the npm registry): openclaw-setup doctor --fix plugin.deps",
            "用 npm 重新获取（会访问 npm 仓库）：openclaw-setup doctor --fix plugin.deps"
        ),
    }
}

/// Why npm cannot be asked now, and what to do about that.
fn without_npm(examination: &Examination, check: &str, language: Language) -> Option<String> {
    match examination.supply.npm {
        Npm::There => None,
        Npm::Forbidden => Some(say!(
            language,
            "The npm dependencies have to come from the npm registry, and --offline forbids that. Without it: openclaw-setup doctor --fix {check}",
            "npm 依赖需要从 npm 仓库获取，而 --offline 不允许联网。去掉它再执行：openclaw-setup doctor --fix {check}"
        )),
        Npm::Missing => Some(say!(
            language,
            "The npm dependencies have to be fetched, and there is no npm here. Install it, then: sudo apt install npm && openclaw-setup doctor --fix {check}",
            "需要获取 npm 依赖，而本机没有可用的 npm。安装后再修复：sudo apt install npm && openclaw-setup doctor --fix {check}"
        )),
    }
}

/// Copy the tree that stands there, or that the link there leads to, and swap the copy in.
pub(super) fn copying(
    examination: &Examination,
    repair: Repair,
    by_hand: String,
    language: Language,
) -> Remedy {
    let is_readable = examination.tree.as_ref().is_some_and(|tree| tree.package.is_ok());
    match immovable(examination, language) {
        Some(hint) => Remedy { repair: None, hint },
        None => Remedy { repair: is_readable.then_some(repair), hint: by_hand },
    }
}

fn by_fix(check: &str, place: &str, language: Language) -> String {
    say!(
        language,
        "Put it back from {place} (the tree that is there now is kept): openclaw-setup doctor --fix {check}",
        "从 {place} 恢复（现有目录会保留）：openclaw-setup doctor --fix {check}"
    )
}

/// No local payload is what was installed: a person has to bring it.
fn by_hand(examination: &Examination, check: &str, language: Language) -> String {
    if examination.supply.needs_npm.is_some()
        && let Some(hint) = without_npm(examination, check, language)
    {
        return hint;
    }
    let Some(record) = &examination.picture.record else {
        return say!(
            language,
            "Install it again: openclaw-setup install",
            "请重新安装：openclaw-setup install"
        );
    };
    let (place, version) = (&record.origin.place, &record.origin.version);
    let checked = match &record.origin.verification {
        Verification::Sha256 => " --sha256 HEX".to_owned(),
        Verification::Checksums { list } => format!(" --checksums {}", list.display()),
        Verification::NpmIntegrity { .. } => String::new(),
        Verification::Nothing => " --allow-unverified".to_owned(),
    };
    say!(
        language,
        "Nothing on this machine is proven to be connector {version} as it was installed. Install it again: openclaw-setup install {place}{checked}",
        "本机没有可证明与已安装的连接器 {version} 一致的来源。请重新安装：openclaw-setup install {place}{checked}"
    )
}

/// A tree of somebody else cannot be moved away by this user.
fn immovable(examination: &Examination, language: Language) -> Option<String> {
    if examination.supply.movable {
        return None;
    }
    let place = examination.picture.paths.connector.display();
    let (uid, gid) = (examination.picture.account.uid, examination.picture.account.gid);
    Some(say!(
        language,
        "The tree belongs to somebody else. First: sudo chown -R {uid}:{gid} {place}, then: openclaw-setup doctor --fix",
        "该目录属于其他用户。先执行：sudo chown -R {uid}:{gid} {place}，再执行：openclaw-setup doctor --fix"
    ))
}
