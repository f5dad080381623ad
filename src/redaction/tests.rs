//! What is a secret and what is not, shape by shape and form by form.

use super::{guarded, is_secret_name, learn, learn_named, masked, masked_arguments};

#[test]
fn secrets_in_every_spelling_are_taken_out_and_the_rest_stays() {
    for (text, shown) in [
        (r#"{"clientSecret":"x1y2","a":1}"#, r#"{"clientSecret":"***","a":1}"#),
        (r#"{"text":"{\"token\":\"x1\"}"}"#, r#"{"text":"{\"token\":\"***\"}"}"#),
        ("api_key=abc, next", "api_key=***, next"),
        ("passphrase: 'two words', x", "passphrase: '***', x"),
        ("pwd=x1 passwd=x2 private_key=x3 pass=x4", "pwd=*** passwd=*** private_key=*** pass=***"),
        ("encodingAESKey=x1&more", "encodingAESKey=***&more"),
        ("Authorization: Bearer eyJh.x", "Authorization: Bearer ***"),
        ("Proxy-Authorization: Basic am9lOg==, x", "Proxy-Authorization: Basic ***"),
        ("authorization: token x1y2", "authorization: token ***"),
        ("sent Basic am9lOmh1bnRlcg== to it", "sent Basic *** to it"),
        ("Cookie: a=b; session=c\nHost: h", "Cookie: ***\nHost: h"),
        ("proxy http://u:p%40s@10.0.0.1:3128/", "proxy http://***@10.0.0.1:3128/"),
        ("http://u:p/q@10.0.0.1/", "http://***@10.0.0.1/"),
        ("https://h/r?access_token=x1&sign=x2&a=b", "https://h/r?access_token=***&sign=***&a=b"),
        ("https://hooks.slack.com/services/T0/B0/x", "https://hooks.slack.com/services/***"),
        ("run --token x1 --port 1", "run --token *** --port 1"),
        ("run --password=x1 --port=1", "run --password=*** --port=1"),
        ("Environment=\"GATEWAY_TOKEN=a b\" A=b", "Environment=\"GATEWAY_TOKEN=***\" A=b"),
        ("Environment=OPENAI_API_KEY=sk-1\n", "Environment=OPENAI_API_KEY=***\n"),
        ("//registry/:_authToken=npm1", "//registry/:_authToken=***"),
        ("k: sk-abcdefgh1234567890xyz.", "k: ***"),
        (
            "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\nx",
            "-----BEGIN PRIVATE KEY-----***-----END PRIVATE KEY-----\nx",
        ),
        ("gateway.auth.token: Required", "gateway.auth.token: ***"),
        // nothing of this is a secret
        ("Unexpected token at plugin.ts:24:14", "Unexpected token at plugin.ts:24:14"),
        ("maxTokens: 8192, contextTokens: 9", "maxTokens: 8192, contextTokens: 9"),
        ("tokenizer: o200k, mode=token", "tokenizer: o200k, mode=token"),
        ("clientSecret: \"${BOT_SECRET}\"", "clientSecret: \"${BOT_SECRET}\""),
        ("--client-secret-file /run/s", "--client-secret-file /run/s"),
        ("http://h/@scope/pkg?a=b", "http://h/@scope/pkg?a=b"),
        ("npm:@scope/name@1.2.3", "npm:@scope/name@1.2.3"),
        ("listening on ws://127.0.0.1:1 (PID 7)", "listening on ws://127.0.0.1:1 (PID 7)"),
        ("no_proxy=127.0.0.1,[::1]", "no_proxy=127.0.0.1,[::1]"),
        ("Basic authentication failed", "Basic authentication failed"),
        ("-----BEGIN CERTIFICATE-----\nMIIE", "-----BEGIN CERTIFICATE-----\nMIIE"),
        ("", ""),
    ] {
        assert_eq!(masked(text), shown, "{text}");
    }
}

#[test]
fn what_was_learned_is_hidden_in_every_form() {
    learn("kü9/z+Zz 0\"x");
    learn("line one!\nline two!");
    learn("ab12");
    for hidden in [
        "kü9/z+Zz 0\"x",
        r#"kü9/z+Zz 0\"x"#,
        "k%C3%BC9%2Fz%2BZz%200%22x",
        "k%c3%bc9%2fz%2bzz%200%22x",
        "line two!",
        "ab12",
    ] {
        assert_eq!(guarded(&format!("<{hidden}>")), "<***>", "{hidden}");
    }
    assert_eq!(guarded("cab12d"), "cab12d");
    for before in ["", "u:", "us:", "use:"] {
        use base64::Engine;
        let text = format!("{before}kü9/z+Zz 0\"x and more");
        for engine in
            [base64::engine::general_purpose::STANDARD, base64::engine::general_purpose::URL_SAFE]
        {
            let shown = guarded(&engine.encode(&text));
            assert!(shown.contains("***"), "{before}: {shown}");
        }
    }
}

#[test]
fn the_password_of_a_url_is_hidden_wherever_it_turns_up() {
    learn_named("http_proxy", "http://joe:hun%40ter22@10.0.0.1:3128");
    assert_eq!(guarded("407 for joe, hun@ter22"), "407 for joe, ***");
}

#[test]
fn arguments_lose_what_follows_a_secret_word() {
    let arguments =
        ["node", "x.js", "--token", "t1", "--password=p1", "--port", "1", "http://a:b@h"];
    let shown = ["node", "x.js", "--token", "***", "--password=***", "--port", "1", "http://***@h"];
    assert_eq!(masked_arguments(&arguments), shown);
}

#[test]
fn names_in_every_spelling() {
    for name in ["apiKey", "API_KEY", "x-api-key", "botToken", "dbPwd", "set-cookie", "_auth"] {
        assert!(is_secret_name(name), "{name}");
    }
    for name in ["maxTokens", "tokenizer", "tokens", "clientId", "tokenFile", "auth", "author"] {
        assert!(!is_secret_name(name), "{name}");
    }
}

proptest::proptest! {
    #[test]
    fn a_known_secret_never_survives(before in ".{0,20}", after in ".{0,20}") {
        let secret = "kq7-Zz0.token";
        learn(secret);
        let text = format!("{before}{secret}{after}");
        proptest::prop_assert!(!masked(&text).contains(secret));
    }
}
