//! The part of the page that no definition holds: what it is for, exit codes, variables, files, JSON.

use openclaw_setup::language::Language;
use openclaw_setup::say;
use openclaw_setup::settings;

use super::roff::{Page, bold, italic};

pub(super) fn description(page: &mut Page, language: Language) {
    page.section(&say!(language, "DESCRIPTION", "说明"));
    page.paragraph(&say!(
        language,
        "openclaw-setup makes DingTalk work with the OpenClaw gateway of the user who runs it: it installs the connector,\n\
         edits the OpenClaw config, gives the gateway's systemd user unit its proxy bypass, restarts the gateway and\n\
         checks that it is healthy.",
        "openclaw-setup 为运行者本人的 OpenClaw 网关配置好钉钉：安装连接器、修改 OpenClaw 配置、\
         为网关的 systemd 用户单元设置代理绕过、重启网关，并确认网关健康。"
    ));
    page.paragraph(&say!(
        language,
        "Every command is one transaction: what fails or is interrupted is undone, and what is done can be taken back\n\
         with rollback. A command that finds nothing to change changes nothing and restarts nothing.",
        "每条命令是一个事务：失败或被中断时全部撤销，完成之后也可用 rollback 撤回。\
         无需改动时，不改动任何内容，也不重启网关。"
    ));
    page.paragraph(&say!(
        language,
        "Without SOURCE, install and upgrade take the newest payload below /usr/share/openclaw-setup/connectors/, as the\n\
         package openclaw-connector-dingtalk brings it, and need no network; where there is none, the npm package\n\
         @dingtalk-real-ai/dingtalk-connector.",
        "未给出来源时，install 和 upgrade 使用 /usr/share/openclaw-setup/connectors/ 下最新的连接器\
         （由软件包 openclaw-connector-dingtalk 提供，无需网络）；若没有，则使用 npm 包 \
         @dingtalk-real-ai/dingtalk-connector。"
    ));
    page.paragraph(&say!(
        language,
        "Run it as the owner of the OpenClaw, or as root with --user. A gateway that shall run while its owner is not\n\
         logged in needs lingering (loginctl enable-linger).",
        "请以 OpenClaw 所有者的身份运行，或由 root 加 --user 运行。若要在所有者未登录时保持网关运行，\
         请启用 linger（loginctl enable-linger）。"
    ));
}

/// What `--timeout` bounds.
pub(super) fn patience(page: &mut Page, language: Language) {
    page.paragraph(&say!(
        language,
        "--timeout is one deadline for each of these: connecting to the user manager; looking at the unit; npm; all jobs from\n\
         stopping to starting the gateway; watching it until it is healthy; undoing what failed. When it passes, what was done\n\
         is undone. An undo that has to write the config waits up to 40 seconds, whatever --timeout says, for an OpenClaw that\n\
         holds its lock on it.",
        "--timeout 是以下每个阶段各自的期限：连接用户管理器；查看单元；npm；从停止到启动网关的所有任务；\
         观察网关直至健康；撤销。超时后，已做的改动全部撤销。撤销时如需写入配置，而 OpenClaw 正持有其配置锁，\
         则无论 --timeout 为何值，最多等待 40 秒。"
    ));
}

pub(super) fn exit_status(page: &mut Page, language: Language) {
    page.section(&say!(language, "EXIT STATUS", "退出状态"));
    for (code, text) in [
        ("0", say!(language, "Done, or nothing to do.", "已完成，或无需改动。")),
        ("1", say!(language, "Failed; everything is as it was.", "失败；一切恢复原状。")),
        ("2", say!(language, "The command line or a setting is wrong.", "命令行或设置有误。")),
        (
            "3",
            say!(
                language,
                "Problems were found (doctor, status, verify).",
                "发现问题（doctor、status、verify）。"
            ),
        ),
        (
            "4",
            say!(
                language,
                "Failed, and something could not be undone; the message says what.",
                "失败，且有改动未能撤销；消息中列出具体内容。"
            ),
        ),
        ("5", say!(language, "Another run holds the lock.", "锁被另一次运行占用。")),
        (
            "130",
            say!(
                language,
                "Interrupted; everything is as it was. For logs --follow, Ctrl-C is the normal end: 0.",
                "已中断；一切恢复原状。logs --follow 用 Ctrl-C 属正常结束，退出码为 0。"
            ),
        ),
    ] {
        page.item(&bold(code), &text);
    }
}

pub(super) fn environment(page: &mut Page, language: Language) {
    page.section(&say!(language, "ENVIRONMENT", "环境变量"));
    for setting in settings::ALL {
        let option = setting.option();
        page.item(
            &bold(setting.variable()),
            &say!(language, "As {option}, which beats it.", "同 {option}；后者优先。"),
        );
        if setting.is_secret() {
            page.item(
                &bold(&format!("{}_FILE", setting.variable())),
                &say!(language, "A file that holds it.", "存放该值的文件。"),
            );
        }
    }
    for (name, text) in [
        (
            "OPENCLAW_SETUP_PAYLOADS",
            say!(
                language,
                "A directory to look for payloads in, instead of /usr/share/openclaw-setup/connectors.",
                "代替 /usr/share/openclaw-setup/connectors 的连接器目录。"
            ),
        ),
        (
            "OPENCLAW_STATE_DIR, OPENCLAW_CONFIG_PATH, OPENCLAW_HOME, OPENCLAW_PROFILE, OPENCLAW_SYSTEMD_UNIT",
            say!(language, "As OpenClaw understands them.", "含义与 OpenClaw 相同。"),
        ),
        (
            "DBUS_SESSION_BUS_ADDRESS, XDG_RUNTIME_DIR",
            say!(
                language,
                "Where the user manager is; without them it is found below /run/user/UID.",
                "用户管理器的位置；未设置时在 /run/user/UID 下查找。"
            ),
        ),
        (
            "LANGUAGE, LC_ALL, LC_MESSAGES, LANG",
            say!(language, "The language of the output.", "输出语言。"),
        ),
        (
            "NO_COLOR, CLICOLOR_FORCE",
            say!(
                language,
                "No colour; colour even without a terminal.",
                "禁用颜色；非终端也使用颜色。"
            ),
        ),
    ] {
        page.item(&bold(name), &text);
    }
}

pub(super) fn files(page: &mut Page, language: Language) {
    page.section(&say!(language, "FILES", "文件"));
    for (path, text) in [
        (
            "~/.openclaw/openclaw.json",
            say!(language, "OpenClaw's config.", "OpenClaw 的配置文件。"),
        ),
        (
            "~/.openclaw/extensions/dingtalk-connector/",
            say!(language, "The connector.", "连接器。"),
        ),
        (
            "~/.openclaw/agents/main/agent/models.json",
            say!(
                language,
                "OpenClaw's model file of the agent; a changed key or a wrong api is corrected in it.",
                "OpenClaw 的代理模型文件；仅更正其中变更的密钥或错误的 api。"
            ),
        ),
        (
            "~/.config/systemd/user/openclaw-gateway.service.d/override.conf",
            say!(
                language,
                "The unit's drop-in with the proxy bypass.",
                "含代理绕过设置的 drop-in。"
            ),
        ),
        (
            "~/.openclaw/openclaw-setup/",
            say!(
                language,
                "The records of this program: the lock, installed.json, transactions. They hold old configs and are\n\
                 readable by their owner only.",
                "本程序的记录：锁、installed.json、各次事务。其中含有旧配置，仅所有者可读。"
            ),
        ),
        (
            "/usr/share/openclaw-setup/connectors/dingtalk-connector/VERSION/",
            say!(
                language,
                "A connector payload that a package brought; sha256sum -c SHA256SUMS checks it.",
                "软件包提供的连接器；可用 sha256sum -c SHA256SUMS 校验。"
            ),
        ),
    ] {
        page.item(&italic(path), &text);
    }
}

pub(super) fn json(page: &mut Page, language: Language) {
    page.section("JSON");
    page.paragraph(&say!(
        language,
        "With --json, standard output is one document, an object; all else goes to standard error. Keys may be added\n\
         later; one that changes its meaning or goes raises schemaVersion. Every document, except the lines of logs, has:",
        "使用 --json 时，标准输出是一份文档（一个对象），其余输出到标准错误。以后可能增加键；\
         键的含义改变或被删除时，schemaVersion 会增大。除 logs 的各行外，每份文档都有："
    ));
    keys(page, language, COMMON);
    let titles = [
        (say!(language, "A command that failed", "失败的命令"), FAILED),
        ("install, upgrade, uninstall, rollback".to_owned(), CHANGING),
        ("status".to_owned(), STATUS),
        ("verify".to_owned(), VERIFY),
        ("doctor".to_owned(), DOCTOR),
        ("history, recover".to_owned(), PAST),
        (
            say!(
                language,
                "logs: one object per line; a failure is one more, as above",
                "logs：每行一个对象；失败时再加一行，内容同上"
            ),
            LOGS,
        ),
    ];
    for (title, list) in titles {
        page.subsection(&title);
        keys(page, language, list);
    }
}

type Key = (&'static str, &'static str, &'static str);

const COMMON: &[Key] = &[
    ("schemaVersion", "1.", "1。"),
    ("command", "The command's name.", "命令名称。"),
    (
        "ok",
        "Whether it succeeded; false also for problems found.",
        "是否成功；发现问题时也为 false。",
    ),
];
const FAILED: &[Key] = &[
    (
        "error",
        "code, which never changes with the language; message, fixHint, and evidence, a list of lines.",
        "code（与语言无关）、message、fixHint，以及 evidence（若干行）。",
    ),
    ("exitCode", "The exit status.", "退出状态。"),
    ("undone", "Whether changes had been made and were undone.", "是否做过改动并已撤销。"),
    ("left", "What could not be undone, one sentence each.", "未能撤销的内容，每项一句。"),
];
const CHANGING: &[Key] = &[
    ("changes", "Whether there is anything to change.", "是否有需要改动的内容。"),
    ("connector", "from and to: versions, or null.", "from 与 to：版本，或 null。"),
    (
        "steps",
        "In order: step (stop, start, reload, directory, remove-directory, tree, file, attributes, move, linger), message, and \
         what belongs to it: unit, path, role, creates, removes, diff (secrets masked), from, to, user, on.",
        "依次为：step（stop、start、reload、directory、remove-directory、tree、file、attributes、move、linger）、message 及其内容：\
         unit、path、role、creates、removes、diff（机密值已遮盖）、from、to、user、on。",
    ),
    ("notes", "code and message of each remark.", "每条提示的 code 与 message。"),
    ("dryRun", "true with --dry-run.", "使用 --dry-run 时为 true。"),
    (
        "transaction",
        "The id that rollback takes, if something was done.",
        "有改动时为 rollback 所用的编号。",
    ),
];
const STATUS: &[Key] = &[
    (
        "openclaw",
        "version, package, stateDir, config, configReadable.",
        "version、package、stateDir、config、configReadable。",
    ),
    (
        "connector",
        "null, or version, path, recorded, deviations, and upgrade: the version of a newer payload, or null.",
        "null，或 version、path、recorded、deviations，以及 upgrade：更新的连接器的版本，或 null。",
    ),
    (
        "unit",
        "null without a user manager, or name, exists, activeState, subState, mainPid, restarts, result, dropIns, \
         needDaemonReload, systemd, bus.",
        "没有用户管理器时为 null，否则为 name、exists、activeState、subState、mainPid、restarts、result、dropIns、\
         needDaemonReload、systemd、bus。",
    ),
    (
        "bypass",
        "effective, proxyVariables, notBypassed.",
        "effective、proxyVariables、notBypassed。",
    ),
    (
        "gateway",
        "port, authMode, readiness, chatCompletions.",
        "port、authMode、readiness、chatCompletions。",
    ),
    ("lastTransaction, pendingRecovery", "null, or an object.", "null 或对象。"),
    ("problems", "One sentence each.", "每项一句。"),
];
const VERIFY: &[Key] = &[
    (
        "connector",
        "null if nothing is recorded, or version and payload.",
        "没有记录时为 null，否则为 version 与 payload。",
    ),
    ("files", "How many are recorded.", "记录的文件数。"),
    ("deviations", "path and kind of each difference.", "每处差异的 path 与 kind。"),
];
const DOCTOR: &[Key] = &[
    (
        "checksRun, checksSkipped",
        "How many checks looked, and how many could not.",
        "已检查与未检查的项数。",
    ),
    (
        "findings",
        "checkId, severity, message, path, fixHint, symptom, fixable, evidence of each.",
        "每项的 checkId、severity、message、path、fixHint、symptom、fixable、evidence。",
    ),
    ("skipped", "checkId and reason of each.", "每项的 checkId 与 reason。"),
    ("openclaw, connector", "The versions, or null.", "版本，或 null。"),
    (
        "measurements",
        "With --live: subject, way (direct, proxy), stages (stage and millis of each), status,\n\
         failedStage and failedCode of each question.",
        "使用 --live 时，每次询问的 subject、way（direct、proxy）、stages（各阶段的 stage 与 millis）、status、failedStage、failedCode。",
    ),
    (
        "checks",
        "With the option that lists them: checkId, severity, title.",
        "仅在列出检查项时：checkId、severity、title。",
    ),
];
const LOGS: &[Key] = &[
    ("time", "When it was said, in UTC, to the microsecond.", "说出的时间，UTC，精确到微秒。"),
    (
        "speaker",
        "The part of the gateway that speaks, or systemd; null if it does not say.",
        "发言的网关部件，或 systemd；未注明时为 null。",
    ),
    ("text", "What it says; *** stands for what was masked.", "内容；被遮盖的部分写作 ***。"),
];
const PAST: &[Key] = &[
    (
        "transactions",
        "id, started, command, connector, state (open, committed, undone), bytes of each; newest first.",
        "每次事务的 id、started、command、connector、state（open、committed、undone）、bytes；最新的在前。",
    ),
    (
        "recovered, left",
        "The transaction that was taken back, and what was left.",
        "被撤销的事务，以及未能撤销的内容。",
    ),
];

fn keys(page: &mut Page, language: Language, list: &[Key]) {
    for (name, english, chinese) in list {
        let text = match language {
            Language::English => english,
            Language::Chinese => chinese,
        };
        page.item(&bold(name), text);
    }
}

pub(super) fn examples(page: &mut Page, language: Language) {
    page.section(&say!(language, "EXAMPLES", "示例"));
    page.literal(&[
        "openclaw-setup install --client-id dingabc123 --client-secret-file secret --dry-run",
        "openclaw-setup install --client-id dingabc123 --client-secret-file secret",
        "openclaw-setup status",
        "openclaw-setup upgrade --offline",
        "openclaw-setup rollback",
        "openclaw-setup --user bot status --json",
    ]);
    page.section(&say!(language, "SEE ALSO", "另见"));
    page.line(".BR systemctl (1),\n.BR loginctl (1),\n.BR sha256sum (1)");
}
