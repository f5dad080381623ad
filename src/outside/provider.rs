//! The model provider: can it be reached, does it answer one tiny completion, and where it says
//! 404: is there an address next door at which it would answer?

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Answer, Messenger, OutsideError, Question, Road, Way};

/// How long a road may take.
const REACH: Duration = Duration::from_secs(10);

/// What the completion asks for; a token or two come back.
const WORD: &str = "Reply with: ok";
const FEW_TOKENS: u32 = 16;

/// The version of Anthropic's interface that its own clients name.
const ANTHROPIC_VERSION: &str = "2023-06-01";

/// The provider as the gateway sees it.
#[derive(Clone)]
pub struct Provider {
    /// `baseUrl`, references resolved.
    pub base_url: String,
    /// `api`, such as `openai-completions`.
    pub api: String,
    /// The model's id at the provider.
    pub model: Option<String>,
    /// Its key; `None` where it is not known to us.
    pub key: Option<String>,
    /// The proxy that the gateway's environment names, whether or not it is bypassed here.
    pub proxy: Option<String>,
    /// The way that the gateway takes.
    pub way: Way,
    /// How long the completion may take.
    pub patience: Duration,
}

impl fmt::Debug for Provider {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { api, model, way, .. } = self;
        let mut shown = formatter.debug_struct("Provider");
        shown.field("api", api).field("model", model).field("way", way).finish_non_exhaustive()
    }
}

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub struct ProviderAnswers {
    /// To `GET baseUrl` on every road.
    pub reach: Vec<(Way, Answer)>,
    /// The way that the gateway takes.
    pub way: Way,
    /// The completion, or why there was none.
    pub completion: Result<Completion, Unasked>,
}

/// One completion.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// Where it was asked for.
    pub url: String,
    /// On which way.
    pub way: Way,
    /// What came back.
    pub answer: Answer,
    /// Whether it has the form of a completion.
    pub is_completion: bool,
    /// Where the answer was 404: addresses next door at which the provider does answer `{}`.
    pub next_door: Vec<String>,
}

/// Why no completion was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unasked {
    /// The key is not known to us.
    NoKey,
    /// No model is known.
    NoModel,
    /// An interface that we do not speak.
    Interface(String),
    /// No road leads there.
    Unreachable,
}

impl Provider {
    /// Asks: the roads first, then for the completion on the way that the gateway takes, or on the
    /// other one where that leads nowhere.
    pub fn ask(&self, messenger: &Messenger<'_>) -> Result<ProviderAnswers, OutsideError> {
        let roads = Road::all(self.proxy.as_deref());
        let questions = roads.iter().map(|road| Question::get(&self.base_url, road.clone(), REACH));
        let answers = messenger.ask(&questions.collect::<Vec<_>>())?;
        let passable = |way: &dyn Fn(Way) -> bool| {
            let mut found = roads.iter().zip(&answers);
            found.find(|(road, answer)| way(road.way()) && answer.has_arrived())
        };
        let taken = passable(&|way| way == self.way).or_else(|| passable(&|_| true));
        let completion = match (self.completion_question(), taken) {
            (Err(why), _) => Err(why),
            (_, None) => Err(Unasked::Unreachable),
            (Ok(_), Some((road, _))) => Ok(self.complete(messenger, road)?),
        };
        let reach = roads.iter().map(Road::way).zip(answers.clone()).collect();
        Ok(ProviderAnswers { reach, way: self.way, completion })
    }

    /// Where the completion will be asked for, with the model; or why there will be none.
    pub fn completion_question(&self) -> Result<(String, &str), Unasked> {
        let path = match self.api.as_str() {
            "openai-completions" => "/chat/completions",
            "openai-responses" => "/responses",
            "anthropic-messages" => "/v1/messages",
            other => return Err(Unasked::Interface(other.to_owned())),
        };
        let model = self.model.as_deref().ok_or(Unasked::NoModel)?;
        self.key.as_ref().ok_or(Unasked::NoKey)?;
        Ok((format!("{}{path}", self.base()), model))
    }

    fn complete(&self, messenger: &Messenger<'_>, road: &Road) -> Result<Completion, OutsideError> {
        let url = self.completion_question().map(|(url, _)| url).unwrap_or_default();
        let asked = |limit: &str| {
            let question = Question::post(&url, self.body(limit), road.clone(), self.patience);
            messenger.ask(&[self.authorised(question)])
        };
        let mut answers = asked("max_tokens")?;
        // OpenAI's newer models know only the other name
        if refuses_the_limit(&answers[0]) {
            answers = asked("max_completion_tokens")?;
        }
        let answer = answers.remove(0);
        let is_missing = matches!(answer.status(), Some(404 | 405));
        let next_door = if is_missing { self.look_next_door(messenger, road)? } else { Vec::new() };
        let is_completion = is_completion(&answer);
        let answer = answer.without_gift();
        Ok(Completion { url, way: road.way(), answer, is_completion, next_door })
    }

    /// Streamed, as the gateway asks: some models refuse anything else.
    fn body(&self, limit: &str) -> Value {
        let message = json!([{"role": "user", "content": WORD}]);
        match self.api.as_str() {
            "openai-responses" => {
                json!({"model": self.model, "input": WORD, "stream": true, "max_output_tokens": FEW_TOKENS})
            }
            "anthropic-messages" => {
                json!({"model": self.model, "messages": message, "stream": true, "max_tokens": FEW_TOKENS})
            }
            _ => {
                json!({"model": self.model, "messages": message, "stream": true, limit: FEW_TOKENS})
            }
        }
    }

    fn authorised(&self, question: Question) -> Question {
        let key = self.key.as_deref().unwrap_or_default();
        match self.api.as_str() {
            "anthropic-messages" => {
                question.with("x-api-key", key).with("anthropic-version", ANTHROPIC_VERSION)
            }
            _ => question.with("authorization", format!("Bearer {key}")),
        }
    }

    /// An empty request starts no completion; an address that has the interface complains of it.
    fn look_next_door(
        &self,
        messenger: &Messenger<'_>,
        road: &Road,
    ) -> Result<Vec<String>, OutsideError> {
        let doors = self.doors_next_to();
        let asked =
            |url: &String| self.authorised(Question::post(url, json!({}), road.clone(), REACH));
        let answers = messenger.ask(&doors.iter().map(asked).collect::<Vec<_>>())?;
        let is_there = |answer: &Answer| matches!(answer.status(), Some(400 | 401 | 403 | 422));
        let found = doors.into_iter().zip(&answers).filter(|(_, answer)| is_there(answer));
        Ok(found.map(|(url, _)| url).collect())
    }

    /// The same base with and without `/v1`, and for `openai-responses` the older interface.
    fn doors_next_to(&self) -> Vec<String> {
        let base = self.base();
        let other = base.strip_suffix("/v1").map_or_else(|| format!("{base}/v1"), str::to_owned);
        match self.api.as_str() {
            "anthropic-messages" => vec![format!("{other}/v1/messages")],
            "openai-responses" => {
                let completions = [base, &other].map(|base| format!("{base}/chat/completions"));
                completions.into_iter().chain([format!("{other}/responses")]).collect()
            }
            _ => vec![format!("{other}/chat/completions")],
        }
    }

    fn base(&self) -> &str {
        self.base_url.trim_end_matches('/')
    }
}

/// A stream of events; or, from a server that does not stream, what each of the three interfaces
/// calls what it brings.
fn is_completion(answer: &Answer) -> bool {
    let body = answer.json();
    answer.streams_events()
        || ["choices", "output", "content"].iter().any(|key| body[*key].is_array())
}

fn refuses_the_limit(answer: &Answer) -> bool {
    answer.status() == Some(400) && answer.complaint().contains("max_completion_tokens")
}

impl Completion {
    /// Without what `mask` takes out of an address: a key in its query, for instance.
    pub fn mask_addresses(&mut self, mask: &dyn Fn(&str) -> String) {
        self.url = mask(&self.url);
        self.next_door.iter_mut().for_each(|door| *door = mask(door));
    }
}

impl ProviderAnswers {
    /// The answer to the look at one road.
    #[must_use]
    pub fn on(&self, way: Way) -> Option<&Answer> {
        self.reach.iter().find(|(known, _)| *known == way).map(|(_, answer)| answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(base_url: &str, api: &str) -> Provider {
        Provider {
            base_url: base_url.to_owned(),
            api: api.to_owned(),
            model: Some("m".to_owned()),
            key: Some("sk".to_owned()),
            proxy: None,
            way: Way::Direct,
            patience: Duration::from_secs(1),
        }
    }

    #[test]
    fn each_interface_has_its_address_and_its_doors_next_to_it() {
        for (base, api, url, doors) in [
            (
                "https://a/",
                "openai-completions",
                "https://a/chat/completions",
                vec!["https://a/v1/chat/completions"],
            ),
            (
                "https://a/v1",
                "openai-completions",
                "https://a/v1/chat/completions",
                vec!["https://a/chat/completions"],
            ),
            (
                "https://a",
                "openai-responses",
                "https://a/responses",
                vec![
                    "https://a/chat/completions",
                    "https://a/v1/chat/completions",
                    "https://a/v1/responses",
                ],
            ),
            (
                "https://a",
                "anthropic-messages",
                "https://a/v1/messages",
                vec!["https://a/v1/v1/messages"],
            ),
        ] {
            let provider = provider(base, api);
            assert_eq!(provider.completion_question(), Ok((url.to_owned(), "m")));
            assert_eq!(provider.doors_next_to(), doors, "{base} {api}");
        }
    }

    #[test]
    fn what_is_missing_is_said() {
        let complete = provider("https://a", "openai-completions");
        let keyless = Provider { key: None, ..complete.clone() };
        assert_eq!(keyless.completion_question(), Err(Unasked::NoKey));
        let without = Provider { model: None, ..complete };
        assert_eq!(without.completion_question(), Err(Unasked::NoModel));
        let other = provider("https://a", "ollama");
        assert_eq!(other.completion_question(), Err(Unasked::Interface("ollama".to_owned())));
        assert!(!format!("{other:?}").contains("sk"));
    }

    fn answered(body: &str) -> Answer {
        let outcome = crate::outside::Outcome::Answered { status: 200, body: body.to_owned() };
        Answer { laps: Vec::new(), outcome }
    }

    #[test]
    fn a_completion_is_told_from_a_web_page() {
        for (body, is) in [
            (r#"{"choices": []}"#, true),
            (r#"{"output": [], "object": "response"}"#, true),
            ("\ndata: {\"choices\": [", true),
            ("event: message_start\ndata: {}", true),
            (": OPENROUTER PROCESSING\n", true),
            ("<!doctype html>", false),
            (r#"{"ok": true}"#, false),
            ("", false),
        ] {
            assert_eq!(is_completion(&answered(body)), is, "{body}");
        }
    }

    #[test]
    fn a_key_in_an_address_is_masked_at_every_door() {
        let address = |host: &str| format!("https://{host}/?key=hush");
        let mut completion = Completion {
            url: address("a"),
            way: Way::Direct,
            answer: answered(""),
            is_completion: false,
            next_door: vec![address("b")],
        };
        completion.mask_addresses(&|text| text.replace("hush", "***"));
        assert!(!format!("{completion:?}").contains("hush"));
        assert_eq!(completion.next_door, ["https://b/?key=***"]);
    }
}
