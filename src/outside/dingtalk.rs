//! `DingTalk`: does it take the bot's id and secret, does it grant a Stream connection, and does
//! that connection open?

use std::time::Duration;

use serde_json::{Value, json};

use super::{Answer, Probe, Question, Route, routes};
use crate::language::Problem;

/// Where a token is asked for.
pub const TOKEN_URL: &str = "https://api.dingtalk.com/v1.0/oauth2/accessToken";
/// Where a Stream connection is asked for.
const OPEN_URL: &str = "https://api.dingtalk.com/v1.0/gateway/connections/open";
/// Where Stream connections lead, as the answer to [`OPEN_URL`] usually names it.
const STREAM_HOST: &str = "https://wss-open-connection.dingtalk.com:443/";

/// How long one question may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The same where somebody waits at a prompt.
const SHORT: Duration = Duration::from_secs(5);

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

/// What one account was answered, on one route.
#[derive(Debug, Clone, PartialEq)]
pub struct BotAnswers {
    /// The account's name.
    pub account: Option<String>,
    /// To the question for a token.
    pub token: Answer,
    /// To the question for a Stream connection.
    pub open: Answer,
    /// To the handshake of that connection; without one, to a mere look at [`STREAM_HOST`].
    pub stream: Answer,
}

/// That `DingTalk` itself refuses a bot's id and secret, as a sentence. A firewall's block page refuses,
/// too, and so does `DingTalk` an address that is not on the app's list: neither is one.
pub fn refusal(token: &Answer) -> Option<String> {
    let code = token.json()["code"].as_str().map(str::to_owned);
    let concerns_the_bot = code.is_some_and(|code| !code.contains("WhiteList"));
    let is_refused = concerns_the_bot && matches!(token.status, Some(400 | 401 | 403));
    is_refused.then(|| {
        let complaint = token.complaint();
        say!("DingTalk rejects the bot's client id and secret: {complaint}", complaint)
    })
}

/// Asks for nothing but a token, and tells why it is refused; nothing where it is granted, or where
/// `DingTalk` cannot be reached.
pub fn refusal_of(
    bot: &Bot,
    proxy: Option<&str>,
    probe: &Probe<'_>,
) -> Result<Option<String>, Problem> {
    let ask = |proxy| Question::post(TOKEN_URL, &token_wish(bot), proxy, SHORT);
    let answers = probe.ask(&routes(proxy).map(ask).collect::<Vec<_>>())?;
    let is_granted = answers.iter().any(|answer| answer.status == Some(200));
    Ok(answers.iter().find_map(refusal).filter(|_| !is_granted))
}

fn token_wish(bot: &Bot) -> Value {
    json!({"appKey": bot.client_id, "appSecret": bot.client_secret})
}

/// Asks for every bot on every route: for a token, for a connection, and for its handshake.
pub fn ask(
    bots: &[Bot],
    proxy: Option<&str>,
    probe: &Probe<'_>,
) -> Result<Vec<BotAnswers>, Problem> {
    let asked = bots.iter().flat_map(|bot| routes(proxy).map(move |proxy| (bot, proxy)));
    let questions = asked.clone().flat_map(|(bot, proxy)| questions(bot, proxy));
    let mut answers = probe.ask(&questions.collect::<Vec<_>>())?.into_iter();
    let of_bot = asked.map_while(|(bot, _)| {
        let (token, open, stream) = (answers.next()?, answers.next()?, answers.next()?);
        Some(BotAnswers { account: bot.account.clone(), token, open, stream })
    });
    Ok(of_bot.collect())
}

/// Subscribes to what DingTalk's Node client does when it is told nothing else. Messages to the bot
/// are another topic (`CALLBACK`): none of them is sent to this connection while it is open.
fn questions(bot: &Bot, proxy: Option<&str>) -> [Question; 3] {
    let open = json!({
        "clientId": bot.client_id,
        "clientSecret": bot.client_secret,
        "ua": concat!("openclaw-setup/", env!("CARGO_PKG_VERSION")),
        "subscriptions": [{"type": "EVENT", "topic": "*"}],
    });
    let open = Question::post(OPEN_URL, &open, proxy, TIMEOUT).with("accept", "application/json");
    [
        Question::post(TOKEN_URL, &token_wish(bot), proxy, TIMEOUT),
        open.following(),
        Question::get(STREAM_HOST, proxy, TIMEOUT).following(),
    ]
}

impl BotAnswers {
    /// The route that they took.
    pub fn route(&self) -> Route {
        self.token.route
    }

    /// All of them, in the order in which they were asked.
    pub fn all(&self) -> [&Answer; 3] {
        [&self.token, &self.open, &self.stream]
    }
}
