//! Why a gateway is not healthy, with its own words about it.

use crate::language::{Explain, Kind};
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
    /// Another program listens on the port.
    PortTaken {
        /// The port.
        port: u16,
        /// Whose it is.
        whose: String,
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
            Cause::PortTaken { .. } => "gateway.port-taken",
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

    fn kind(&self) -> Kind {
        match &self.cause {
            Cause::Manager(error) => error.kind(),
            Cause::Interrupted => Kind::Interrupted,
            _ => Kind::Lasting,
        }
    }

    fn message(&self) -> String {
        match &self.cause {
            Cause::Manager(error) => error.message(),
            Cause::Interrupted => say!("interrupted while watching the gateway"),
            cause => self.about_the_process(cause),
        }
    }

    fn hint(&self) -> String {
        let unit = &self.unit;
        match &self.cause {
            Cause::Manager(error) => error.hint(),
            Cause::Interrupted => say!("Run the command again."),
            Cause::ConfigInvalid { .. } => say!(
                "Correct the file; OpenClaw lists every problem with: openclaw config validate"
            ),
            Cause::ChatDisabled | Cause::ChatUnauthorised | Cause::BypassMissing { .. } => {
                say!("Look at what is effective: openclaw-setup status")
            }
            Cause::PortTaken { port, .. } => {
                say!("Find out what it is and stop it: ss -ltnp 'sport = :{port}'", port)
            }
            _ => say!("Read the gateway's log: journalctl --user -u {unit} -n 100", unit),
        }
    }

    fn evidence(&self) -> &[String] {
        &self.log
    }
}

impl Unhealthy {
    fn about_the_process(&self, cause: &Cause) -> String {
        let unit = &self.unit;
        match cause {
            Cause::Down { result, status } => say!(
                "{unit} has ended and stays down ({result}, status {status})",
                unit,
                result,
                status
            ),
            Cause::CrashLoop { restarts } => say!(
                "{unit} keeps ending; systemd has started it again {restarts} times",
                unit,
                restarts
            ),
            Cause::ConfigInvalid { reason } => {
                say!("the gateway refuses its configuration: {reason}", reason)
            }
            Cause::StartRefused { reason } => {
                say!("the gateway refuses to start: {reason}", reason)
            }
            Cause::NotUp { state } => say!("{unit} has not come up: {state}", unit, state),
            Cause::Unsettled => say!("{unit} has not run long enough to be called stable", unit),
            cause => about_the_answers(cause),
        }
    }
}

fn about_the_answers(cause: &Cause) -> String {
    match cause {
        Cause::NoListener { port } => say!("nobody listens on 127.0.0.1:{port}", port),
        Cause::NotReady { failing } => {
            let failing = failing.join(", ");
            say!("the gateway is not ready; it waits for: {failing}", failing)
        }
        Cause::PortTaken { port, whose } => say!(
            "127.0.0.1:{port} is not the gateway's but held by {whose}; it was told no token",
            port,
            whose
        ),
        Cause::OddAnswer { port, what } => {
            say!("127.0.0.1:{port} does not answer like an OpenClaw gateway: {what}", port, what)
        }
        Cause::ChatDisabled => {
            say!("POST /v1/chat/completions is switched off (404), so the connector gets no answer")
        }
        Cause::ChatUnauthorised => {
            say!("POST /v1/chat/completions refuses the connector's token (401)")
        }
        Cause::BypassMissing { variables } => {
            let variables = variables.join(", ");
            say!("the running gateway has no loopback entries in {variables}", variables)
        }
        Cause::ConnectorFailed { reason } => {
            say!("the gateway could not load the connector: {reason}", reason)
        }
        Cause::ConnectorMissing { id } => say!("the gateway runs without the channel {id}", id),
        Cause::ConnectorUnproven { id } => {
            say!("nothing proves that the gateway has loaded the channel {id}", id)
        }
        _ => String::new(),
    }
}
