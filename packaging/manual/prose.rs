//! The part of the page that no definition holds: what it is for, exit codes, variables, files, JSON.

use openclaw_setup::explanation;
use openclaw_setup::say;
use openclaw_setup::settings;

use super::roff::{Page, bold, italic};

pub(super) fn description(page: &mut Page) {
    page.section(&say!("DESCRIPTION"));
    page.paragraph(&say!("openclaw-setup makes DingTalk work with the OpenClaw gateway of the user who runs it: it installs the connector,\nedits the OpenClaw config, gives the gateway's systemd user unit its proxy bypass, restarts the gateway and\nchecks that it is healthy."));
    page.paragraph(&say!("Every command is one transaction: what fails or is interrupted is undone, and what is done can be taken back\nwith rollback. A command that finds nothing to change changes nothing and restarts nothing."));
    page.paragraph(&say!("Without SOURCE, install and upgrade take the newest payload below /usr/share/openclaw-setup/connectors/, as the\npackage openclaw-connector-dingtalk brings it, and need no network; where there is none, the npm package\n@dingtalk-real-ai/dingtalk-connector."));
    page.paragraph(&say!("Run it as the owner of the OpenClaw, or as root with --user. A gateway that shall run while its owner is not\nlogged in needs lingering (loginctl enable-linger)."));
}

/// What `--timeout` bounds.
pub(super) fn timeout(page: &mut Page) {
    page.paragraph(&say!("--timeout is one deadline for each of these: connecting to the user manager; looking at the unit; npm; all jobs from\nstopping to starting the gateway; watching it until it is healthy; undoing what failed. When it passes, what was done\nis undone. An undo that has to write the config waits up to 40 seconds, whatever --timeout says, for an OpenClaw that\nholds its lock on it."));
}

pub(super) fn exit_status(page: &mut Page) {
    page.section(&say!("EXIT STATUS"));
    for (code, text) in [
        ("0", say!("Done, or nothing to do.")),
        ("1", say!("Failed, or you said no; everything is as it was.")),
        ("2", say!("The command line or a setting is wrong.")),
        (
            "3",
            say!(
                "Problems were found (doctor, status, verify); or done, and the bot was not seen to answer (install, upgrade, rollback, doctor --fix), or a record could not be removed (uninstall --purge): what was done stays."
            ),
        ),
        (
            "4",
            say!(
                "Something could not be undone, of this command or of an interrupted one before it; the message says what."
            ),
        ),
        ("5", say!("Another run holds the lock.")),
        ("6", say!("Something would change (apply --check).")),
        (
            "130, 143, 129",
            say!(
                "Interrupted by SIGINT (Ctrl-C), SIGTERM or SIGHUP; everything is as it was. For logs --follow, Ctrl-C is the normal end: 0."
            ),
        ),
    ] {
        page.item(&bold(code), &text);
    }
}

pub(super) fn environment(page: &mut Page) {
    page.section(&say!("ENVIRONMENT"));
    for setting in settings::ALL {
        let option = setting.option();
        page.item(&bold(setting.variable()), &say!("As {option}, which beats it.", option));
        if setting.is_secret() {
            page.item(
                &bold(&format!("{}_FILE", setting.variable())),
                &say!("A file that holds it."),
            );
        }
    }
    for (name, text) in [
        (
            "OPENCLAW_SETUP_PAYLOADS",
            say!(
                "A directory to look for payloads in, instead of /usr/share/openclaw-setup/connectors."
            ),
        ),
        (
            "OPENCLAW_STATE_DIR, OPENCLAW_CONFIG_PATH, OPENCLAW_HOME, OPENCLAW_PROFILE, OPENCLAW_SYSTEMD_UNIT",
            say!("As OpenClaw understands them."),
        ),
        (
            "DBUS_SESSION_BUS_ADDRESS, XDG_RUNTIME_DIR",
            say!("Where the user manager is; without them it is found below /run/user/UID."),
        ),
        ("LANGUAGE, LC_ALL, LC_MESSAGES, LANG", say!("The language of the output.")),
        ("NO_COLOR, CLICOLOR_FORCE", say!("No colour; colour even without a terminal.")),
    ] {
        page.item(&bold(name), &text);
    }
}

pub(super) fn files(page: &mut Page) {
    page.section(&say!("FILES"));
    for (path, text) in [
        ("~/.openclaw/openclaw.json", say!("OpenClaw's config.")),
        ("~/.openclaw/extensions/dingtalk-connector/", say!("The connector.")),
        (
            "~/.openclaw/agents/main/agent/models.json",
            say!(
                "OpenClaw's model file of the agent; a changed key or a wrong api is corrected in it."
            ),
        ),
        (
            "~/.config/systemd/user/openclaw-gateway.service.d/override.conf",
            say!("The unit's drop-in with the proxy bypass."),
        ),
        (
            "~/.openclaw/openclaw-setup/",
            say!(
                "The records of this program: the lock, installed.json, transactions. They hold old configs and are\nreadable by their owner only."
            ),
        ),
        (
            "/usr/share/openclaw-setup/connectors/dingtalk-connector/VERSION/",
            say!("A connector payload that a package brought; sha256sum -c SHA256SUMS checks it."),
        ),
    ] {
        page.item(&italic(path), &text);
    }
}

pub(super) fn json(page: &mut Page) {
    page.section("JSON");
    page.paragraph(&say!("With --json, standard output is one document, an object; all else goes to standard error. Keys may be added\nlater; one that changes its meaning or goes raises schemaVersion. Every document, except the lines of logs, has:"));
    keys(page, &common());
    let titles = [
        (say!("A command that failed"), failed()),
        ("install, upgrade, uninstall, rollback".to_owned(), changing()),
        ("upgrade --for-openclaw".to_owned(), outlook()),
        ("apply".to_owned(), apply()),
        ("status".to_owned(), status()),
        ("verify".to_owned(), verify()),
        ("doctor".to_owned(), doctor()),
        ("history, recover".to_owned(), past()),
        (
            "explain".to_owned(),
            vec![(
                "codes",
                say!("code, title (of a check, or null), cause, remedy, example of each."),
            )],
        ),
        (say!("logs: one object per line; a failure is one more, as above"), logs()),
    ];
    for (title, list) in titles {
        page.subsection(&title);
        keys(page, &list);
    }
}

type Key = (&'static str, String);

fn common() -> Vec<Key> {
    vec![
        ("schemaVersion", say!("1.")),
        ("command", say!("The command's name.")),
        ("ok", say!("Whether it succeeded; false also for problems found.")),
    ]
}

fn failed() -> Vec<Key> {
    vec![
        (
            "error",
            say!(
                "code, which never changes with the language; message, fixHint, and evidence, a list of lines."
            ),
        ),
        ("exitCode", say!("The exit status.")),
        ("undone", say!("Whether changes had been made and were undone.")),
        ("left", say!("What could not be undone, one sentence each.")),
    ]
}

fn changing() -> Vec<Key> {
    vec![
        ("changes", say!("Whether there is anything to change.")),
        ("connector", say!("from and to: versions, or null.")),
        (
            "steps",
            say!(
                "In order: step (stop, start, reload, directory, remove-directory, tree, file, attributes, move, linger), message, and what belongs to it: unit, path, role, creates, removes, diff (secrets masked), from, to, user, on."
            ),
        ),
        ("notes", say!("code and message of each remark.")),
        ("dryRun", say!("true with --dry-run.")),
        ("transaction", say!("The id that rollback takes, if something was done.")),
        (
            "left",
            say!("What could not be undone of an interrupted command before, one sentence each."),
        ),
        proof(),
    ]
}

fn apply() -> Vec<Key> {
    vec![
        ("changed", say!("Whether anything was changed; with --check: whether anything would be.")),
        ("transaction", say!("null, or the id that rollback takes.")),
        ("rung", say!("null, or how far the bot is proved: reached of proof.")),
        ("plan", say!("changes, connector, steps and notes, as above.")),
        proof(),
    ]
}

fn proof() -> Key {
    (
        "proof",
        say!(
            "reached and next: null or running, ready, loaded, connected, answers; chosen: more was not tried because you chose so; cause: null, or why next was not reached, as error; accounts: connected, failed or unseen, for each."
        ),
    )
}

fn outlook() -> Vec<Key> {
    vec![
        ("openclaw", say!("version: of now, or null; then: the one that was asked for.")),
        (
            "connector",
            say!(
                "version; result (answers, fails, needs-network, or null) and basis (measured; namesake: measured with another program of this version; rule; or null); adapted: whether it needs an adaptation; seen: what the log or the chat would show, or null."
            ),
        ),
        (
            "newest",
            say!(
                "version, source and basis of the connector to take there, of what lies ready, else of npm's; the newest that was measured before any other; or null."
            ),
        ),
        (
            "config",
            say!("Why OpenClaw would refuse the channel's keys with this connector, or null."),
        ),
        ("node", say!("needed, found, suffices.")),
        ("fixHint", say!("The command after OpenClaw's upgrade, or null.")),
    ]
}

fn status() -> Vec<Key> {
    vec![
        ("openclaw", say!("version, package, stateDir, config, configReadable.")),
        (
            "connector",
            say!(
                "null, or version, path, recorded, deviations, adapted, compatibility (a sentence, or null), and upgrade: the version of a newer payload, or null."
            ),
        ),
        (
            "unit",
            say!(
                "null without a user manager, or name, exists, activeState, subState, mainPid, restarts, result, dropIns, needDaemonReload, systemd, bus."
            ),
        ),
        ("bypass", say!("effective, proxyVariables, notBypassed.")),
        ("gateway", say!("port, authMode, readiness, chatCompletions.")),
        proof(),
        ("lastTransaction, pendingRecovery", say!("null, or an object.")),
        ("findings", say!("As in doctor's document.")),
        ("problems", say!("One sentence each.")),
        ("time", say!("With --watch: when it was so, in UTC.")),
    ]
}

fn verify() -> Vec<Key> {
    vec![
        ("connector", say!("null if nothing is recorded, or version and payload.")),
        ("files", say!("How many are recorded.")),
        ("deviations", say!("path and kind of each difference.")),
    ]
}

fn doctor() -> Vec<Key> {
    vec![
        ("checksRun, checksSkipped", say!("How many checks ran, and how many were skipped.")),
        (
            "findings",
            say!("checkId, severity, message, path, fixHint, symptom, fixable, evidence of each."),
        ),
        ("skipped", say!("checkId and reason of each.")),
        ("openclaw, connector", say!("The versions, or null.")),
        (
            "measurements",
            say!(
                "With --live: subject, way (direct, proxy), stages (stage and millis of each), status,\nfailedStage and failedCode of each question."
            ),
        ),
        ("checks", say!("With the option that lists them: checkId, severity, title.")),
    ]
}

fn logs() -> Vec<Key> {
    vec![
        ("time", say!("Time of the line, in UTC, to the microsecond.")),
        (
            "speaker",
            say!("The component that logged the line, or systemd; null if it is not known."),
        ),
        ("text", say!("Its text; *** stands for what was masked.")),
    ]
}

fn past() -> Vec<Key> {
    vec![
        (
            "transactions",
            say!(
                "id, started, command, connector, state (open, committed, undone), bytes of each; newest first."
            ),
        ),
        ("recovered, left", say!("The transaction that was taken back, and what was left.")),
    ]
}

fn keys(page: &mut Page, list: &[Key]) {
    for (name, text) in list {
        page.item(&bold(name), text);
    }
}

/// What `explain` tells.
pub(super) fn codes(page: &mut Page) {
    page.section(&say!("ERROR CODES AND CHECKS"));
    page.paragraph(&say!("What openclaw-setup explain tells: the code of each error, as error.code of the JSON document has it, and the id of each check."));
    for entry in explanation::all() {
        page.item(&bold(entry.code), entry.cause());
        page.line(".br");
        page.text(entry.remedy());
        page.line(".br");
        page.line(&bold(entry.example));
    }
}

pub(super) fn examples(page: &mut Page) {
    page.section(&say!("EXAMPLES"));
    page.literal(&[
        "openclaw-setup install --client-id dingabc123 --client-secret-file secret --dry-run",
        "openclaw-setup install --client-id dingabc123 --client-secret-file secret",
        "openclaw-setup status",
        "openclaw-setup upgrade --offline",
        "openclaw-setup rollback",
        "openclaw-setup --user bot status --json",
    ]);
    page.section(&say!("SEE ALSO"));
    page.line(".BR systemctl (1),\n.BR loginctl (1),\n.BR sha256sum (1)");
}
