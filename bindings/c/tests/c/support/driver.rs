//! A running `tests/driver.c`: the calls of a test, made from C.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::compile::{How, compile};

/// An error as C sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: i32,
    pub(crate) name: String,
    pub(crate) message: String,
    pub(crate) retryable: bool,
    pub(crate) field: Option<String>,
    pub(crate) server_text: Option<String>,
    pub(crate) source: Option<String>,
}

/// What a call gave.
pub(crate) type Outcome = Result<Value, Box<Failure>>;

pub(crate) struct Driver {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Driver {
    /// Starts it. An environment value of null unsets the variable.
    pub(crate) fn start(environment: &Value) -> Self {
        static PROGRAM: LazyLock<std::path::PathBuf> =
            LazyLock::new(|| compile("tests/driver.c", How::Sanitized));
        Self::run(&PROGRAM, environment)
    }

    fn run(program: &Path, environment: &Value) -> Self {
        let mut command = Command::new(program);
        for (name, value) in environment.as_object().into_iter().flatten() {
            match value.as_str() {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let input = process.stdin.take();
        let output = BufReader::new(process.stdout.take().unwrap());
        Self { process, input, output }
    }

    /// One command with its arguments; the answer, or the error that the call returned.
    pub(crate) fn call(&mut self, name: &str, arguments: &[&[u8]]) -> Outcome {
        let answer = self.ask(name, arguments);
        let mut words = answer.split_whitespace();
        match words.next() {
            Some("ok") => Ok(value(&mut words)),
            Some("error") => Err(Box::new(failure(&mut words))),
            _ => panic!("{name}: the driver has ended: {answer:?} {:?}", self.process.wait()),
        }
    }

    /// One command that must succeed and give bytes.
    pub(crate) fn bytes(&mut self, name: &str, arguments: &[&[u8]]) -> Vec<u8> {
        let answer = self.ask(name, arguments);
        let bytes = answer.trim_end().strip_prefix("ok x").unwrap_or_else(|| panic!("{name}: {answer:?}"));
        hex::decode(bytes).unwrap()
    }

    fn ask(&mut self, name: &str, arguments: &[&[u8]]) -> String {
        let mut line = name.to_owned();
        for argument in arguments {
            line += " x";
            line += &hex::encode(argument);
        }
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
        let mut answer = String::new();
        self.output.read_line(&mut answer).unwrap();
        answer
    }

    /// Ends it; it frees all it has, and the sanitizers look whether it did.
    pub(crate) fn end(mut self) {
        drop(self.input.take());
        let status = self.process.wait().unwrap();
        assert!(status.success(), "{status}");
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // An error says that it has ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn text(word: &str) -> String {
    let bytes = hex::decode(&word[1..]).unwrap();
    String::from_utf8(bytes).unwrap_or_else(|error| hex::encode(error.into_bytes()))
}

fn failure<'a>(words: &mut impl Iterator<Item = &'a str>) -> Failure {
    let fields: BTreeMap<&str, &str> = words.map(|word| word.split_once('=').unwrap()).collect();
    let optional = |name: &str| Some(fields[name]).filter(|word| *word != "-").map(text);
    Failure {
        code: fields["code"].parse().unwrap(),
        name: text(fields["name"]),
        message: text(fields["message"]),
        retryable: fields["retryable"] == "1",
        field: optional("field"),
        server_text: optional("server_text"),
        source: optional("source"),
    }
}

/// What the driver prints of a reply, in order, a word each.
fn value<'a>(words: &mut impl Iterator<Item = &'a str>) -> Value {
    let word = words.next().unwrap();
    let rest = &word[1..];
    match &word[..1] {
        "n" => Value::Null,
        "i" => json!(rest.parse::<i64>().unwrap()),
        "d" => json!(rest.parse::<f64>().unwrap()),
        "b" => json!(rest == "1"),
        "x" => json!(text(word)),
        "a" => (0..rest.parse::<usize>().unwrap()).map(|_| value(words)).collect(),
        "m" => (0..rest.parse::<usize>().unwrap()).map(|_| json!([value(words), value(words)])).collect(),
        "e" => {
            let failure = failure(&mut words.by_ref().take(7));
            json!({"error": failure.name, "server_text": failure.server_text})
        }
        _ => panic!("{word}"),
    }
}
