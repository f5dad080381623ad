//! Why a gateway is not healthy, with its own words about it.

use crate::language::{Explain, Language};
use crate::say;
use crate::systemd::ManagerError;

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The user manager could not be asked.
    Manager(ManagerError),
    /// The operator asked us to stop.
    Interrupted,
    /// The unit ended and stays down.
    Down {
        /// systemd's word for how: `exit-code`, `signal`, `start-limit-hit`, `success`, …
        result: String,
        /// The exit status or signal of its main process.
        status: i32,
    },
    /// The unit ends and is started again, over and over.
    CrashLoop {
        /// How often, since we look.
        restarts: u32,
    },
    /// The gateway refuses its configuration.
    ConfigInvalid {
        /// The file and `OpenClaw`'s list of what is wrong in it.
        reason: String,
    },
    /// The gateway refuses to start for another reason.
    StartRefused {
        /// Its words.
        reason: String,
    },
    /// The unit has not come up in time.
    NotUp {
        /// Its state, such as `activating/auto-restart`.
        state: String,
    },
    /// The unit runs, but nobody listens on the port.
    NoListener {
        /// The port.
        port: u16,
    },
    /// The gateway says that it is not ready.
    NotReady {
        /// The channels it waits for.
        failing: Vec<String>,
    },
    /// Something else than this gateway answers on the port, or nothing in time.
    OddAnswer {
        /// The port.
        port: u16,
        /// What came.
        what: String,
    },
    /// `POST /v1/chat/completions` is switched off.
    ChatDisabled,
    /// `POST /v1/chat/completions` does not take our token.
    ChatUnauthorised,
    /// The process does not have our entries in `no_proxy` or `NO_PROXY`.
    BypassMissing {
        /// The variables that lack them.
        variables: Vec<&'static str>,
    },
    /// The gateway says that it could not load the connector.
    ConnectorFailed {
        /// Its words.
        reason: String,
    },
    /// The gateway runs without the connector, and does not say why.
    ConnectorMissing {
        /// The channel.
        id: String,
    },
    /// Neither the log nor the gateway itself has said that the connector is loaded.
    ConnectorUnproven {
        /// The channel.
        id: String,
    },
    /// Everything was well, but not for long enough.
    Unsettled,
}

/// An unhealthy gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unhealthy {
    /// The unit.
    pub unit: String,
    /// What is wrong.
    pub cause: Cause,
    /// The gateway's last lines, without secrets and without what people wrote to the bot.
    pub log: Vec<String>,
}

impl Explain for Unhealthy {
    fn code(&self) -> &'static str {
        match &self.cause {
            Cause::Manager(error) => error.code(),
            Cause::Interrupted => "gateway.interrupted",
            Cause::Down { .. } => "gateway.down",
            Cause::CrashLoop { .. } => "gateway.crash-loop",
            Cause::ConfigInvalid { .. } => "gateway.config-invalid",
            Cause::StartRefused { .. } => "gateway.start-refused",
            Cause::NotUp { .. } => "gateway.not-up",
            Cause::NoListener { .. } => "gateway.no-listener",
            Cause::NotReady { .. } => "gateway.not-ready",
            Cause::OddAnswer { .. } => "gateway.odd-answer",
            Cause::ChatDisabled => "gateway.chat-disabled",
            Cause::ChatUnauthorised => "gateway.chat-unauthorised",
            Cause::BypassMissing { .. } => "gateway.bypass-missing",
            Cause::ConnectorFailed { .. } => "gateway.connector-failed",
            Cause::ConnectorMissing { .. } => "gateway.connector-missing",
            Cause::ConnectorUnproven { .. } => "gateway.connector-unproven",
            Cause::Unsettled => "gateway.unsettled",
        }
    }

    fn problem(&self, language: Language) -> String {
        match &self.cause {
            Cause::Manager(error) => error.problem(language),
            Cause::Interrupted => {
                say!(language, "interrupted while watching the gateway", "等待网关时被中断")
            }
            cause => self.about_the_process(cause, language),
        }
    }

    fn remedy(&self, language: Language) -> String {
        let unit = &self.unit;
        match &self.cause {
            Cause::Manager(error) => error.remedy(language),
            Cause::Interrupted => say!(language, "Run the command again.", "请重新运行本命令。"),
            Cause::ConfigInvalid { .. } => say!(
                language,
                "Correct the file; OpenClaw lists every problem with: openclaw config validate",
                "请修正该文件；以下命令可列出全部问题：openclaw config validate"
            ),
            Cause::ChatDisabled | Cause::ChatUnauthorised | Cause::BypassMissing { .. } => say!(
                language,
                "Look at what is effective: openclaw-setup status",
                "查看当前生效的设置：openclaw-setup status"
            ),
            _ => say!(
                language,
                "Read the gateway's log: journalctl --user -u {unit} -n 100",
                "查看网关日志：journalctl --user -u {unit} -n 100"
            ),
        }
    }

    fn evidence(&self) -> &[String] {
        &self.log
    }
}

impl Unhealthy {
    fn about_the_process(&self, cause: &Cause, language: Language) -> String {
        let unit = &self.unit;
        match cause {
            Cause::Down { result, status } => say!(
                language,
                "{unit} has ended and stays down ({result}, status {status})",
                "{unit} 已退出且未再启动（{result}，状态 {status}）"
            ),
            Cause::CrashLoop { restarts } => say!(
                language,
                "{unit} keeps ending; systemd has started it again {restarts} times",
                "{unit} 反复退出，systemd 已重新启动它 {restarts} 次"
            ),
            Cause::ConfigInvalid { reason } => say!(
                language,
                "the gateway refuses its configuration: {reason}",
                "网关拒绝其配置：{reason}"
            ),
            Cause::StartRefused { reason } => {
                say!(language, "the gateway refuses to start: {reason}", "网关拒绝启动：{reason}")
            }
            Cause::NotUp { state } => {
                say!(language, "{unit} has not come up: {state}", "{unit} 未能启动：{state}")
            }
            Cause::Unsettled => say!(
                language,
                "{unit} has not run long enough to be called stable",
                "{unit} 运行时间尚不足以判定为稳定"
            ),
            cause => about_the_answers(cause, language),
        }
    }
}

fn about_the_answers(cause: &Cause, language: Language) -> String {
    match cause {
        Cause::NoListener { port } => say!(
            language,
            "nobody listens on 127.0.0.1:{port}",
            "127.0.0.1:{port} 上没有程序在监听"
        ),
        Cause::NotReady { failing } => {
            let failing = failing.join(", ");
            say!(
                language,
                "the gateway is not ready; it waits for: {failing}",
                "网关尚未就绪，正在等待：{failing}"
            )
        }
        Cause::OddAnswer { port, what } => say!(
            language,
            "127.0.0.1:{port} does not answer like an OpenClaw gateway: {what}",
            "127.0.0.1:{port} 的应答不像 OpenClaw 网关：{what}"
        ),
        Cause::ChatDisabled => say!(
            language,
            "POST /v1/chat/completions is switched off (404), so the connector gets no answer",
            "POST /v1/chat/completions 未开启（404），连接器得不到应答"
        ),
        Cause::ChatUnauthorised => say!(
            language,
            "POST /v1/chat/completions refuses the connector's token (401)",
            "POST /v1/chat/completions 拒绝了连接器的令牌（401）"
        ),
        Cause::BypassMissing { variables } => {
            let variables = variables.join(", ");
            say!(
                language,
                "the running gateway has no loopback entries in {variables}",
                "运行中的网关在 {variables} 中没有本机地址"
            )
        }
        Cause::ConnectorFailed { reason } => say!(
            language,
            "the gateway could not load the connector: {reason}",
            "网关无法加载连接器：{reason}"
        ),
        Cause::ConnectorMissing { id } => say!(
            language,
            "the gateway runs without the channel {id}",
            "网关已运行，但没有加载通道 {id}"
        ),
        Cause::ConnectorUnproven { id } => say!(
            language,
            "nothing proves that the gateway has loaded the channel {id}",
            "无法证实网关已加载通道 {id}"
        ),
        _ => String::new(),
    }
}
