//! `DingTalk`: does it take the bot's id and secret, does it grant a Stream connection, and does
//! that connection open?

use std::fmt;
use std::time::Duration;

use serde_json::json;

use super::{Answer, Messenger, OutsideError, Question, Road, Way};

/// Where a token is asked for.
pub const TOKEN_URL: &str = "https://api.dingtalk.com/v1.0/oauth2/accessToken";
/// Where a Stream connection is asked for.
pub const OPEN_URL: &str = "https://api.dingtalk.com/v1.0/gateway/connections/open";
/// Where Stream connections lead, as the answer to [`OPEN_URL`] usually names it.
pub const STREAM_HOST: &str = "https://wss-open-connection.dingtalk.com:443/";

/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// One account of the channel.
#[derive(Clone, PartialEq, Eq)]
pub struct Bot {
    /// The account's name; `None`: the channel's own.
    pub account: Option<String>,
    /// `clientId`.
    pub client_id: String,
    /// `clientSecret`.
    pub client_secret: String,
}

impl fmt::Debug for Bot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Bot");
        shown.field("account", &self.account).finish_non_exhaustive()
    }
}

/// What one account was answered, on one road.
#[derive(Debug, Clone, PartialEq)]
pub struct BotAnswers {
    /// The account's name.
    pub account: Option<String>,
    /// The way.
    pub way: Way,
    /// To the question for a token.
    pub token: Answer,
    /// To the question for a Stream connection.
    pub open: Answer,
    /// To the handshake of that connection; without one, to a mere look at [`STREAM_HOST`].
    pub stream: Answer,
}

/// Asks for every bot on every road: token and connection first, then the handshakes.
pub fn ask(
    bots: &[Bot],
    proxy: Option<&str>,
    messenger: &Messenger<'_>,
) -> Result<Vec<BotAnswers>, OutsideError> {
    let roads = Road::all(proxy);
    let ways: Vec<(&Bot, &Road)> =
        bots.iter().flat_map(|bot| roads.iter().map(move |road| (bot, road))).collect();
    let tokens =
        messenger.ask(&ways.iter().map(|(bot, road)| token(bot, road)).collect::<Vec<_>>())?;
    let opens =
        messenger.ask(&ways.iter().map(|(bot, road)| open(bot, road)).collect::<Vec<_>>())?;
    let streams = ways.iter().zip(&opens).map(|((_, road), open)| stream(open, road));
    let streams = messenger.ask(&streams.collect::<Vec<_>>())?;
    let answers = ways.into_iter().zip(tokens).zip(opens).zip(streams);
    Ok(answers
        .map(|((((bot, road), token), open), stream)| BotAnswers {
            account: bot.account.clone(),
            way: road.way(),
            token: token.without_gift(),
            open: open.without_gift(),
            stream,
        })
        .collect())
}

fn token(bot: &Bot, road: &Road) -> Question {
    let body = json!({"appKey": bot.client_id, "appSecret": bot.client_secret});
    Question::post(TOKEN_URL, body, road.clone(), PATIENCE)
}

/// Subscribes to what DingTalk's Node client does when it is told nothing else. Messages to the bot
/// are another topic (`CALLBACK`): none of them is sent to this connection while it is open.
fn open(bot: &Bot, road: &Road) -> Question {
    let body = json!({
        "clientId": bot.client_id,
        "clientSecret": bot.client_secret,
        "ua": concat!("openclaw-setup/", env!("CARGO_PKG_VERSION")),
        "subscriptions": [{"type": "EVENT", "topic": "*"}],
    });
    Question::post(OPEN_URL, body, road.clone(), PATIENCE).with("accept", "application/json")
}

fn stream(open: &Answer, road: &Road) -> Question {
    let granted = open.json();
    match (granted["endpoint"].as_str(), granted["ticket"].as_str()) {
        (Some(endpoint), Some(ticket)) => {
            Question::web_socket(format!("{endpoint}?ticket={ticket}"), road.clone(), PATIENCE)
        }
        _ => Question::get(STREAM_HOST, road.clone(), PATIENCE),
    }
}

impl BotAnswers {
    /// Whether everything went well.
    #[must_use]
    pub fn is_well(&self) -> bool {
        (self.token.status(), self.open.status(), self.stream.status())
            == (Some(200), Some(200), Some(101))
    }

    /// Whether each server answered, whatever it said.
    #[must_use]
    pub fn has_arrived(&self) -> bool {
        [&self.token, &self.open, &self.stream].iter().all(|answer| answer.has_arrived())
    }
}
