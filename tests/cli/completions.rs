//! The completion scripts at work, each in its shell.

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

/// A machine with a transaction in its usual place, and another in `other`.
fn with_transactions() -> (Machine, [String; 2]) {
    let machine = Machine::only_a_home();
    machine.shell("cp -a .openclaw other");
    let ids = [&[][..], &["--state-dir", "other"]].map(|place| {
        let installed = machine.install(&[place, &["--yes", "--json"]].concat()).run();
        assert_exit(&installed, 0);
        json(&installed)["transaction"].as_str().unwrap().to_owned()
    });
    (machine, ids)
}

#[test]
fn bash_knows_checks_codes_transactions_payloads_users_and_languages() {
    let (machine, [id, other]) = with_transactions();
    for (line, wanted) in [
        ("openclaw-setup doctor gateway.hea", "gateway.health"),
        ("openclaw-setup doctor --fix gatew", "gateway"),
        ("openclaw-setup --quiet explain payload.unver", "payload.unverified"),
        (&format!("openclaw-setup rollback {}", &id[..4]), &*id),
        // as bash takes it apart
        ("openclaw-setup --state-dir = other --quiet rollback 2", &*other),
        ("openclaw-setup rollback --state-dir ~/other 2", &other),
        ("openclaw-setup install payl", "payload"),
        ("openclaw-setup status --user roo", "root"),
        ("openclaw-setup status --lang zh", "zh-CN"),
        ("openclaw-setup doctor --restore", "--restore-config"),
    ] {
        let offered = offered(&machine, line);
        assert!(offered.iter().any(|word| word == wanted), "{line}: {offered:?}");
    }
    let elsewhere = offered(&machine, "openclaw-setup --state-dir other rollback 2");
    assert_eq!(elsewhere, [other]);
    let offered = offered(&machine, "openclaw-setup doctor --bundle gatew");
    assert!(!offered.iter().any(|word| word.starts_with("gateway")), "{offered:?}");
}

/// Lines of which zsh and fish complete the last word.
const TO_COMPLETE: [&str; 7] = [
    "openclaw-setup doct",
    "openclaw-setup doctor gateway.hea",
    "openclaw-setup -q explain payload.unver",
    "openclaw-setup --state-dir=other rollback 2",
    "openclaw-setup rollback --state-dir ~/other 2",
    "openclaw-setup rollback 2",
    "openclaw-setup status --lang zh",
];

/// What Tab makes of each of them.
fn completed(machine: &Machine, script: &str) -> Vec<String> {
    let shell =
        [&["timeout", "100", "bash", "-euc", script, "complete"], &TO_COMPLETE[..]].concat();
    machine.ask(&shell).lines().map(|line| line.trim_end().to_owned()).collect()
}

/// At a terminal of its own: its completion works nowhere else. `^X` writes down the line as it stands.
#[test]
fn zsh_completes_commands_checks_codes_and_transactions_of_this_installation() {
    let (machine, [id, other]) = with_transactions();
    let script = r#"mkdir -p functions; openclaw-setup completions zsh >functions/_openclaw-setup
        cat >drive.zsh <<'END'
zmodload zsh/zpty
zpty z zsh -fi
zpty -w z 'unset zle_bracketed_paste; fpath=(~/functions $fpath); autoload -Uz compinit; compinit -u -d ~/.zcompdump
    write_down() { print -r -- "$BUFFER" >>~/completed; BUFFER= }; zle -N write_down; bindkey "^X" write_down; : >~/completed'
drain() { sleep 0.05; zpty -rt z shown && print -rn -- "$shown" >>~/shown }
until [[ -e completed ]] { drain }
typeset -i done=0
for line in "$@"; do
    zpty -wn z "$line"$'\t\x18'
    done+=1
    until (( $(wc -l <completed) == done )) { drain }
done
cat completed
END
        zsh -f drive.zsh "$@""#;
    let wanted = [
        "openclaw-setup doctor".to_owned(),
        "openclaw-setup doctor gateway.health".to_owned(),
        "openclaw-setup -q explain payload.unverified".to_owned(),
        format!("openclaw-setup --state-dir=other rollback {other}"),
        format!("openclaw-setup rollback --state-dir ~/other {other}"),
        format!("openclaw-setup rollback {id}"),
        "openclaw-setup status --lang zh-CN".to_owned(),
    ];
    assert_eq!(completed(&machine, script), wanted);
}

#[test]
fn fish_completes_commands_checks_codes_and_transactions_of_this_installation() {
    let (machine, [id, other]) = with_transactions();
    let script = r#"openclaw-setup completions fish >it.fish
        fish --no-config -c 'source it.fish; for line in $argv; complete -C $line | head -n 1 | cut -f1; end' "$@""#;
    let wanted = ["doctor", "gateway.health", "payload.unverified", &other, &other, &id, "zh-CN"];
    assert_eq!(completed(&machine, script), wanted);
}
