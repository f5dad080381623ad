//! The completion script at work in bash.

use crate::bench::Machine;
use crate::bench::program::{assert_exit, json};

/// What bash offers for the last word of this line.
fn offered(machine: &Machine, line: &str) -> Vec<String> {
    let words = line.split(' ').map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
    let offered = machine.shell(&format!(
        "bash --norc -c 'source <(openclaw-setup completions bash)
           COMP_WORDS=(\"$@\") COMP_CWORD=$(($# - 1))
           function=$(complete -p openclaw-setup | grep -oE \"[-]F [^ ]+\" | cut -c4-)
           $function openclaw-setup \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"
           printf \"%s\\n\" \"${{COMPREPLY[@]}}\"' bash {words}"
    ));
    offered.lines().map(str::to_owned).collect()
}

#[test]
fn bash_knows_checks_codes_transactions_payloads_users_and_languages() {
    let machine = Machine::only_a_home();
    let installed = machine.install(&["--yes", "--json"]).run();
    assert_exit(&installed, 0);
    let id = json(&installed)["transaction"].as_str().unwrap().to_owned();
    for (line, wanted) in [
        ("openclaw-setup doctor gateway.hea", "gateway.health"),
        ("openclaw-setup doctor --fix gatew", "gateway"),
        ("openclaw-setup --quiet explain payload.unver", "payload.unverified"),
        (&format!("openclaw-setup rollback {}", &id[..4]), &*id),
        ("openclaw-setup install payl", "payload"),
        ("openclaw-setup status --user roo", "root"),
        ("openclaw-setup status --lang zh", "zh-CN"),
        ("openclaw-setup doctor --restore", "--restore-config"),
    ] {
        let offered = offered(&machine, line);
        assert!(offered.iter().any(|word| word == wanted), "{line}: {offered:?}");
    }
    let offered = offered(&machine, "openclaw-setup doctor --bundle gatew");
    assert!(!offered.iter().any(|word| word.starts_with("gateway")), "{offered:?}");
}
