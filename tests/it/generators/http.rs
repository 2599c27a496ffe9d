//! Asking generators over HTTP: real requests to a server on loopback that plays the four APIs by a script.

use crate::scripted_server::{Reply, ScriptedServer};
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use toolsmith::domain::Secret;
use toolsmith::evolve::course::{Trouble, Usage};
use toolsmith::generator::{
    Api, ApiKind, Generator, GeneratorAnswer, GeneratorKind, GeneratorRequest, MAX_ANSWER, NoAnswer, Price, ask,
    is_exposed, reach,
};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

const QUESTION: GeneratorRequest<'static> = GeneratorRequest { system: "You mend tools.", request: "Mend this: é" };
const KEY: &str = "key-hunter-two";
const ANSWER: &str = "```python\nprint('grüße 😀')\n```\n";

fn api(kind: ApiKind, url: String) -> Api {
    let key = Some(Secret::new(KEY));
    Api { kind, url, model: "scripted".to_owned(), key, max_tokens: None, price: Price::default(), ca: None }
}

fn generator(api: Api) -> Generator {
    Generator { name: "it".to_owned(), way: GeneratorKind::Api(api), timeout: PATIENCE }
}

fn of(kind: ApiKind, server: &ScriptedServer) -> Generator {
    generator(api(kind, server.url()))
}

fn ask_it(generator: &Generator) -> Result<GeneratorAnswer, NoAnswer> {
    let mut pieces = String::new();
    let answer = ask(generator, &QUESTION, &mut |piece| pieces.push_str(piece), &AtomicBool::new(false));
    if let Ok(written) = &answer {
        assert_eq!(written.text, pieces, "the pieces make the answer");
    }
    answer
}

/// What one reply of an OpenAI-compatible server comes to.
fn trouble(reply: Reply) -> NoAnswer {
    ask_it(&of(ApiKind::OpenAi, &ScriptedServer::with([reply]))).unwrap_err()
}

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let give_up = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < give_up, "waited in vain for {what}");
        std::thread::yield_now();
    }
}

fn good(kind: ApiKind) -> Reply {
    match kind {
        ApiKind::OpenAi => Reply::openai(ANSWER),
        ApiKind::Anthropic => Reply::anthropic(ANSWER),
        ApiKind::Gemini => Reply::gemini(ANSWER),
        ApiKind::Ollama => Reply::ollama(ANSWER),
    }
}

const USED: Usage = Usage { input_tokens: Some(11), output_tokens: Some(7), cost_micros: None };

#[test]
fn each_api_answers_whole_however_small_the_pieces_are() {
    for (number, kind) in (1..).zip(ApiKind::ALL.iter().copied()) {
        for reply in [good(kind), good(kind).in_bytes_of(1), good(kind).in_bytes_of(3)] {
            let written = ask_it(&of(kind, &ScriptedServer::with([reply]))).unwrap();
            let model = Some(format!("scripted-{number}"));
            assert_eq!(written, GeneratorAnswer { text: ANSWER.to_owned(), usage: USED, model }, "{kind}");
        }
    }
}

#[test]
fn openai_is_asked_with_two_messages_and_a_bearer() {
    let server = ScriptedServer::with([Reply::openai(ANSWER)]);
    let api = Api { max_tokens: Some(500), ..api(ApiKind::OpenAi, format!("{}/v1", server.url())) };
    ask_it(&generator(api)).unwrap();
    let [asked] = server.asked().try_into().unwrap();
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/v1/chat/completions"));
    assert_eq!(asked.header("authorization"), Some("Bearer key-hunter-two"));
    assert_eq!(asked.header("content-type"), Some("application/json"));
    assert_eq!(
        asked.body,
        json!({
            "model": "scripted",
            "messages": [
                { "role": "system", "content": "You mend tools." },
                { "role": "user", "content": "Mend this: é" },
            ],
            "stream": true,
            "stream_options": { "include_usage": true },
            "max_tokens": 500,
        })
    );
}

#[test]
fn anthropic_is_asked_with_its_version_and_a_limit() {
    for base in ["", "/v1"] {
        let server = ScriptedServer::with([Reply::anthropic(ANSWER)]);
        ask_it(&generator(api(ApiKind::Anthropic, server.url() + base))).unwrap();
        let [asked] = server.asked().try_into().unwrap();
        assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/v1/messages"));
        assert_eq!(asked.header("x-api-key"), Some(KEY));
        assert_eq!(asked.header("anthropic-version"), Some("2023-06-01"));
        assert_eq!(asked.header("authorization"), None);
        assert_eq!(
            asked.body,
            json!({
                "model": "scripted",
                "max_tokens": 8192,
                "messages": [{ "role": "user", "content": "Mend this: é" }],
                "stream": true,
                "system": "You mend tools.",
            })
        );
    }
}

#[test]
fn gemini_and_ollama_are_asked_in_their_own_words() {
    let server = ScriptedServer::with([Reply::gemini(ANSWER), Reply::ollama(ANSWER)]);
    let limited = |kind| Api { max_tokens: Some(500), ..api(kind, server.url()) };
    ask_it(&generator(limited(ApiKind::Gemini))).unwrap();
    ask_it(&generator(Api { key: None, ..limited(ApiKind::Ollama) })).unwrap();
    let [gemini, ollama] = server.asked().try_into().unwrap();
    assert_eq!(gemini.path, "/v1beta/models/scripted:streamGenerateContent?alt=sse");
    assert_eq!(gemini.header("x-goog-api-key"), Some(KEY));
    assert_eq!(
        gemini.body,
        json!({
            "contents": [{ "role": "user", "parts": [{ "text": "Mend this: é" }] }],
            "system_instruction": { "parts": [{ "text": "You mend tools." }] },
            "generationConfig": { "maxOutputTokens": 500 },
        })
    );
    assert_eq!((ollama.path.as_str(), ollama.header("authorization")), ("/api/chat", None));
    assert_eq!(ollama.body["messages"][1], json!({ "role": "user", "content": "Mend this: é" }));
    assert_eq!((&ollama.body["stream"], &ollama.body["options"]), (&json!(true), &json!({ "num_predict": 500 })));
}

#[test]
fn costs_are_computed_of_prices_unless_the_server_says_them() {
    let server = ScriptedServer::with([Reply::openai(ANSWER)]);
    let price = Price { input_micros: Some(3_000_000), output_micros: Some(15_000_000) };
    let priced = Api { price, ..api(ApiKind::OpenAi, server.url()) };
    assert_eq!(ask_it(&generator(priced.clone())).unwrap().usage.cost_micros, Some(11 * 3 + 7 * 15));
    let body = "data: {\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}]}\n\n\
                data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1,\"cost\":0.0042}}\n\n\
                data: [DONE]\n\n";
    let server = ScriptedServer::with([Reply::stream("text/event-stream", body)]);
    let priced = Api { url: server.url(), ..priced };
    assert_eq!(ask_it(&generator(priced)).unwrap().usage.cost_micros, Some(4200));
}

#[test]
fn a_refusal_says_whether_asking_again_may_help_and_never_repeats_the_key() {
    let busy = trouble(Reply::status(429, "Retry-After: 7\r\n", r#"{"error":{"message":"slow down"}}"#));
    assert_eq!((busy.trouble, busy.retry_after_ms), (Trouble::Busy, Some(7000)));
    assert_eq!(busy.message, "429 Too Many Requests: slow down");
    let dated = trouble(Reply::status(503, "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "<html>\n down"));
    assert_eq!((dated.trouble, dated.retry_after_ms), (Trouble::Broke, Some(0)));
    assert_eq!(dated.message, "503 Service Unavailable: <html> down");
    assert_eq!(trouble(Reply::status(500, "", "")).message, "500 Internal Server Error");
    let body = format!(r#"{{"error":{{"message":"Incorrect API key provided: {KEY}"}}}}"#);
    let refused = trouble(Reply::status(401, "", &body));
    assert_eq!(refused.trouble, Trouble::Refused);
    assert_eq!(refused.message, "401 Unauthorized: Incorrect API key provided: [redacted key]");
    let long = trouble(Reply::status(400, "", &"é".repeat(1_000_000)));
    assert!(long.trouble == Trouble::Refused && long.message.chars().count() < 400, "{}", long.message);
}

#[test]
fn no_redirect_takes_the_key_along() {
    let other = ScriptedServer::with([Reply::openai(ANSWER)]);
    let no = trouble(Reply::status(307, &format!("Location: {}/v1\r\n", other.url()), ""));
    assert_eq!(no.trouble, Trouble::Refused);
    assert!(no.message.contains(&format!("redirects to {}/v1", other.url())), "{}", no.message);
    assert!(other.asked().is_empty());
}

#[test]
fn an_answer_that_breaks_off_is_no_answer() {
    let cut = "the response ended unexpectedly";
    let no = trouble(Reply::openai_part(&["half"], false));
    assert_eq!((no.trouble, no.message.as_str()), (Trouble::CutStream, cut));
    let server = ScriptedServer::with([Reply::anthropic_part(&["half"], false)]);
    let no = ask_it(&of(ApiKind::Anthropic, &server)).unwrap_err();
    assert_eq!((no.trouble, no.message.as_str()), (Trouble::CutStream, cut));
    assert_eq!(no.usage.input_tokens, Some(11), "what it cost is told all the same");
    let short = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n5\r\ndata:\r\n9\r\n {\"";
    let no = trouble(Reply::raw(short));
    assert_eq!(no.trouble, Trouble::CutStream, "{}", no.message);
    assert_eq!(trouble(Reply::raw("")).trouble, Trouble::Broke);
}

#[test]
fn an_answer_without_room_says_what_to_raise() {
    let openai =
        "data: {\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"length\"}]}\n\ndata: [DONE]\n\n";
    let no = trouble(Reply::stream("text/event-stream", openai));
    assert!(no.trouble == Trouble::Refused && no.message.contains("raise max_tokens"), "{no:?}");
    let gemini = "data: {\"candidates\":[{\"content\":{},\"finishReason\":\"SAFETY\"}]}\n\n";
    let server = ScriptedServer::with([Reply::stream("text/event-stream", gemini)]);
    let no = ask_it(&of(ApiKind::Gemini, &server)).unwrap_err();
    assert_eq!((no.trouble, no.message.as_str()), (Trouble::Refused, "the model did not finish: SAFETY"));
}

#[test]
fn a_server_that_gives_up_in_the_middle_is_told_apart() {
    let half = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\"m\"}}\n\n\
                event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n";
    let server = ScriptedServer::with([Reply::stream("text/event-stream", half)]);
    let no = ask_it(&of(ApiKind::Anthropic, &server)).unwrap_err();
    assert_eq!((no.trouble, no.message.as_str()), (Trouble::Busy, "Overloaded"));
    let server = ScriptedServer::with([Reply::stream("application/x-ndjson", "{\"error\":\"runner died\"}\n")]);
    let no = ask_it(&of(ApiKind::Ollama, &server)).unwrap_err();
    assert_eq!((no.trouble, no.message.as_str()), (Trouble::Broke, "runner died"));
}

#[test]
fn what_does_not_speak_the_api_is_shown() {
    let no = trouble(Reply::stream("text/html", "<html>\n<p>Welcome</p>"));
    assert_eq!(no.trouble, Trouble::Refused);
    assert!(no.message.starts_with("there is no openai API at http://127.0.0.1:"), "{}", no.message);
    assert!(no.message.ends_with(": <html> <p>Welcome</p>"), "{}", no.message);
    let no = trouble(Reply::stream("text/event-stream", "data: {\"choices\": oops\n\ndata: [DONE]\n\n"));
    assert_eq!((no.trouble, no.message.as_str()), (Trouble::Broke, "it sent invalid JSON: {\"choices\": oops"));
    let no = trouble(Reply::stream("text/event-stream", "data: {\"choices\":7}\n\ndata: [DONE]\n\n"));
    assert_eq!((no.trouble, no.message.as_str()), (Trouble::Broke, "its answer was empty"));
    let no = trouble(Reply::raw("SSH-2.0-OpenSSH_9.9\r\n"));
    assert!(!no.message.is_empty() && no.message.len() < 400, "{no:?}");
}

#[test]
fn a_stop_is_heard_at_once_and_the_server_learns_of_it() {
    for reply in [Reply::openai_part(&["half"], false).then_silence(), Reply::silence()] {
        let server = ScriptedServer::with([reply]);
        let stop = AtomicBool::new(false);
        let generator = of(ApiKind::OpenAi, &server);
        std::thread::scope(|scope| {
            let asking = scope.spawn(|| ask(&generator, &QUESTION, &mut |_| {}, &stop));
            wait_until("the question", || !server.asked().is_empty());
            stop.store(true, Ordering::Relaxed);
            let begun = Instant::now();
            assert_eq!(asking.join().unwrap().unwrap_err().message, "stopped");
            assert!(begun.elapsed() < PATIENCE / 4);
        });
        wait_until("the end of the connection", || server.open() == 0);
    }
}

#[test]
fn silence_has_an_end_and_so_has_a_stream_that_says_nothing() {
    let impatient = |server: &ScriptedServer| {
        let generator = Generator { timeout: Duration::from_millis(100), ..of(ApiKind::OpenAi, server) };
        ask_it(&generator).unwrap_err()
    };
    let no = impatient(&ScriptedServer::with([Reply::silence()]));
    assert_eq!((no.trouble, no.message.as_str()), (Trouble::TimedOut, "it sent nothing for 0.1s"));
    let no = impatient(&ScriptedServer::with([Reply::openai_part(&["half"], false).then_silence()]));
    assert_eq!(no.trouble, Trouble::TimedOut);
    let pings = Reply::stream("text/event-stream", "").then_flood(": ping\n\n");
    let no = impatient(&ScriptedServer::with([pings]));
    assert_eq!((no.trouble, no.message.as_str()), (Trouble::TimedOut, "it did not finish within 0.6s"));
}

#[test]
fn an_answer_without_end_is_given_up_at_a_bound() {
    let chunk = format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{}\"}}}}]}}\n\n", "x".repeat(60_000));
    let server = ScriptedServer::with([Reply::stream("text/event-stream", "").then_flood(&chunk)]);
    let mut got = 0;
    let no = ask(&of(ApiKind::OpenAi, &server), &QUESTION, &mut |piece| got += piece.len(), &AtomicBool::new(false));
    let no = no.unwrap_err();
    assert_eq!((no.trouble, no.message.as_str()), (Trouble::Refused, "its answer is longer than 4 MiB"));
    assert!(got <= MAX_ANSWER);
    let no = trouble(Reply::stream("text/event-stream", "data: ").then_flood(&"x".repeat(60_000)));
    assert_eq!((no.trouble, no.message.as_str()), (Trouble::Refused, "its answer is longer than 4 MiB"));
}

#[test]
fn an_answer_that_is_whole_does_not_wait_for_the_end_of_the_stream() {
    let server = ScriptedServer::with([Reply::openai(ANSWER).then_silence()]);
    assert_eq!(ask_it(&of(ApiKind::OpenAi, &server)).unwrap().text, ANSWER);
    let server = ScriptedServer::with([Reply::gemini(ANSWER).then_silence()]);
    assert_eq!(ask_it(&of(ApiKind::Gemini, &server)).unwrap().text, ANSWER, "it has no other end mark");
}

#[test]
fn nobody_there_is_told_as_such() {
    let gone = ScriptedServer::with([]).url();
    let no = ask_it(&generator(api(ApiKind::OpenAi, gone.clone()))).unwrap_err();
    let expected = format!("{gone}/chat/completions cannot be reached: connection refused");
    assert_eq!(no.trouble, Trouble::Unreachable);
    assert!(no.message == expected.replace("/chat/completions", ""), "{}", no.message);
}

#[test]
fn looking_whether_an_api_is_there_sends_no_question() {
    let look = |generator: &Generator| reach(generator, &AtomicBool::new(false));
    for kind in ApiKind::ALL.iter().copied() {
        let server = ScriptedServer::with([]);
        assert_eq!(look(&of(kind, &server)), Ok(format!("{} answers", server.url())), "{kind}");
        let [asked] = server.asked().try_into().unwrap();
        assert_eq!(asked.method, "GET");
    }
    let locked = ScriptedServer::new(|_| Reply::status(401, "", r#"{"error":{"message":"no such key"}}"#));
    assert_eq!(look(&of(ApiKind::OpenAi, &locked)), Err("401 Unauthorized: no such key".to_owned()));
    let keyless = generator(Api { key: None, ..api(ApiKind::OpenAi, locked.url()) });
    assert_eq!(look(&keyless), Ok(format!("{} is reachable, but needs a key", locked.url())));
    let gone = ScriptedServer::with([]).url();
    let nobody = look(&generator(api(ApiKind::OpenAi, gone.clone())));
    assert_eq!(nobody, Err(format!("{gone} cannot be reached: connection refused")));
    let mute = ScriptedServer::new(|_| Reply::silence());
    assert_eq!(look(&of(ApiKind::OpenAi, &mute)), Err(format!("{} sent nothing for 3s", mute.url())));
}

#[test]
fn a_key_that_leaves_the_machine_unencrypted_is_seen() {
    for own in
        ["https://host/v1", "http://127.0.0.1:1/v1", "http://[::1]:1", "http://localhost:8080", "http://localhost"]
    {
        assert!(!is_exposed(own), "{own}");
    }
    for exposed in ["http://host", "http://10.0.0.7:11434", "http://[fe80::1]:80/v1", "http://localhost.evil.example/"]
    {
        assert!(is_exposed(exposed), "{exposed}");
    }
}

#[test]
fn a_generator_does_not_show_its_key() {
    let shown = format!("{:?}", generator(api(ApiKind::OpenAi, "http://127.0.0.1:9".to_owned())));
    assert!(shown.contains("scripted") && !shown.contains("hunter"), "{shown}");
}

#[test]
fn a_server_that_does_not_stream_is_understood() {
    let whole = [
        (
            ApiKind::OpenAi,
            json!({"model": "m", "choices": [{"message": {"role": "assistant", "content": ANSWER}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 7, "completion_tokens": 5}}),
        ),
        (
            ApiKind::Anthropic,
            json!({"type": "message", "model": "m", "content": [{"type": "text", "text": ANSWER}], "stop_reason": "end_turn",
                "usage": {"input_tokens": 7, "output_tokens": 5}}),
        ),
        (
            ApiKind::Gemini,
            json!([{"modelVersion": "m", "candidates": [{"content": {"parts": [{"text": ANSWER}]}, "finishReason": "STOP"}],
                "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 5}}]),
        ),
        (
            ApiKind::Ollama,
            json!({"model": "m", "message": {"content": ANSWER}, "done": true, "done_reason": "stop",
                "prompt_eval_count": 7, "eval_count": 5}),
        ),
    ];
    for (kind, reply) in whole {
        for text in [reply.to_string(), serde_json::to_string_pretty(&reply).unwrap()] {
            let server = ScriptedServer::with([Reply::status(200, "content-type: application/json\r\n", &text)]);
            let answer = ask_it(&of(kind, &server)).unwrap_or_else(|no| panic!("{kind}: {no:?}"));
            assert_eq!((answer.text.as_str(), answer.usage.output_tokens), (ANSWER, Some(5)), "{kind}");
        }
    }
    let long = "x".repeat(300_000);
    let reply = json!({"choices": [{"message": {"content": long}, "finish_reason": "stop"}]}).to_string();
    let server = ScriptedServer::with([Reply::status(200, "", &reply)]);
    assert_eq!(ask_it(&of(ApiKind::OpenAi, &server)).unwrap().text, long);
    let cut = json!({"choices": [{"message": {"content": "a"}, "finish_reason": "length"}]}).to_string();
    assert!(trouble(Reply::status(200, "", &cut)).message.contains("token limit"));
    assert_eq!(trouble(Reply::status(200, "", "{\"hello\": 1}")).trouble, Trouble::Refused);
}

#[test]
fn what_goes_wrong_with_encryption_is_not_tried_again() {
    let plain = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", plain.local_addr().unwrap());
    // It answers whatever comes in plain text, as a server does whose port is not the encrypted one.
    std::thread::spawn(move || {
        for stream in plain.incoming() {
            let _ = std::io::Write::write_all(&mut stream.unwrap(), b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let https = |ca: Option<&str>| {
        let url = url.clone();
        ask_it(&generator(Api { ca: ca.map(Into::into), ..api(ApiKind::OpenAi, url) })).unwrap_err()
    };
    let no = https(None);
    assert_eq!(no.trouble, Trouble::Refused, "{no:?}");
    assert!(no.message.contains("TLS connection") && no.message.contains("set `ca`"), "{no:?}");
    let no = https(Some("/no/such/file.pem"));
    assert!(no.message.starts_with("the certificate file /no/such/file.pem cannot be read"), "{no:?}");
    let empty = tempfile::NamedTempFile::new().unwrap();
    let no = https(empty.path().to_str());
    assert!(no.message.ends_with("contains no certificate in PEM format"), "{no:?}");
}
