//! The model provider: can it be reached, does it answer one tiny completion, and where it says
//! 404: is there an address next door at which it would answer?

use std::time::Duration;

use serde_json::{Value, json};

use super::{Answer, Probe, Question, Route, routes};
use crate::language::Problem;

/// How long a route may take.
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
    /// The route that the gateway takes.
    pub route: Route,
    /// How long the completion may take.
    pub timeout: Duration,
}

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub struct ProviderAnswers {
    /// To `GET baseUrl` on every route.
    pub reach: Vec<Answer>,
    /// The route that the gateway takes.
    pub route: Route,
    /// The completion, or why there was none.
    pub completion: Result<Completion, Unasked>,
}

/// One completion.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// What came back.
    pub answer: Answer,
    /// Where the answer was 404: addresses next door at which the provider does answer.
    pub next_door: Vec<Answer>,
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
    /// No route leads there.
    Unreachable,
}

impl Provider {
    /// Asks: the routes first, then for the completion on the one that the gateway takes, or on the
    /// other one where that leads nowhere.
    pub fn ask(&self, probe: &Probe<'_>) -> Result<ProviderAnswers, Problem> {
        let looks =
            routes(self.proxy.as_deref()).map(|proxy| Question::get(&self.base_url, proxy, REACH));
        let reach = probe.ask(&looks.collect::<Vec<_>>())?;
        let passable = || reach.iter().filter(|answer| answer.has_arrived());
        let taken = passable().find(|answer| answer.route == self.route);
        let completion = match (self.completion_question(), taken.or_else(|| passable().next())) {
            (Err(why), _) => Err(why),
            (_, None) => Err(Unasked::Unreachable),
            (Ok((url, _)), Some(open)) => Ok(self.complete(probe, &url, open.route)?),
        };
        Ok(ProviderAnswers { reach, route: self.route, completion })
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

    fn complete(&self, probe: &Probe<'_>, url: &str, route: Route) -> Result<Completion, Problem> {
        let proxy = self.proxy.as_deref().filter(|_| route == Route::Proxied);
        let asked = |url: &str, body: &Value, timeout| {
            self.authorised(Question::post(url, body, proxy, timeout))
        };
        let completed = |limit| probe.ask(&[asked(url, &self.body(limit), self.timeout)]);
        let mut answers = completed("max_tokens")?;
        // OpenAI's newer models know only the other name
        if refuses_the_limit(&answers[0]) {
            answers = completed("max_completion_tokens")?;
        }
        let answer = answers.remove(0);
        let mut next_door = Vec::new();
        if matches!(answer.status, Some(404 | 405)) {
            let doors = self.doors_next_to();
            let older = Self { api: "openai-completions".to_owned(), ..self.clone() };
            let looks = doors.iter().map(|url| match self.api.as_str() {
                // only a completion proves that the older interface is the right one
                "openai-responses" if url.ends_with("/chat/completions") => {
                    asked(url, &older.body("max_tokens"), self.timeout)
                }
                // an empty request starts none; an interface that is there complains of it
                _ => asked(url, &json!({}), REACH),
            });
            next_door = probe.ask(&looks.collect::<Vec<_>>())?;
            next_door.retain(|door| matches!(door.status, Some(200 | 400 | 401 | 403 | 422)));
        }
        Ok(Completion { answer, next_door })
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

fn refuses_the_limit(answer: &Answer) -> bool {
    answer.status == Some(400) && answer.complaint().contains("max_completion_tokens")
}

impl Completion {
    /// Where the newer interface was asked and is not there: the base at which the older one has
    /// completed the same request.
    pub fn older_interface(&self) -> Option<&str> {
        let lacks_it =
            self.answer.subject.ends_with("/responses") && self.answer.status == Some(404);
        let done = |door: &&Answer| door.status == Some(200) && door.is_completion;
        let mut doors = self.next_door.iter().filter(|_| lacks_it).filter(done);
        doors.find_map(|door| door.subject.strip_suffix("/chat/completions"))
    }
}

impl ProviderAnswers {
    /// The answer to the look at one route.
    pub fn on(&self, route: Route) -> Option<&Answer> {
        self.reach.iter().find(|answer| answer.route == route)
    }

    /// All of them, in the order in which they were asked; without those next door.
    pub fn all(&self) -> impl Iterator<Item = &Answer> {
        self.reach.iter().chain(self.completion.iter().map(|completion| &completion.answer))
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
            route: Route::Direct,
            timeout: Duration::from_secs(1),
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
    }
}
