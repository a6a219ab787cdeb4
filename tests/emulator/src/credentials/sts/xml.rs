//! The answers' XML.

use super::refusal::Refusal;
use crate::http::{self, Answer};
use hyper::StatusCode;
use hyper::header::HeaderValue;

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// `Element` is one of the answer's, already written.
pub(super) struct Element(String);

/// An element with others in it.
pub(super) fn element(name: &str, inner: Vec<Element>) -> Element {
    let inner: String = inner.into_iter().map(|Element(text)| text).collect();
    Element(format!("<{name}>{inner}</{name}>"))
}

/// An element with a text in it.
pub(super) fn text(name: &str, text: &str) -> Element {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    Element(format!("<{name}>{escaped}</{name}>"))
}

/// The answer of an action that went well.
pub(super) fn success(action: &str, result: Vec<Element>, request: String) -> Answer {
    let metadata = element("ResponseMetadata", vec![text("RequestId", &request)]);
    let inner = vec![element(&format!("{action}Result"), result), metadata];
    document(StatusCode::OK, &format!("{action}Response"), inner, &request)
}

/// The answer of an action that did not.
pub(super) fn error(refusal: &Refusal, request: String) -> Answer {
    let kind = if refusal.status.is_server_error() { "Receiver" } else { "Sender" };
    let inner = vec![text("Type", kind), text("Code", refusal.code), text("Message", &refusal.message)];
    let inner = vec![element("Error", inner), text("RequestId", &request)];
    document(refusal.status, "ErrorResponse", inner, &request)
}

fn document(status: StatusCode, name: &str, inner: Vec<Element>, request: &str) -> Answer {
    let inner: String = inner.into_iter().map(|Element(text)| text).collect();
    let body = format!("<{name} xmlns=\"{NAMESPACE}\">{inner}</{name}>\n");
    let mut answer = http::answer(status, "text/xml", body);
    if let Ok(id) = HeaderValue::from_str(request) {
        answer.headers_mut().insert("x-amzn-requestid", id);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_sent_cannot_become_markup() {
        let Element(written) = element("A", vec![text("B", "</B><C> & 'd'")]);
        assert_eq!(written, "<A><B>&lt;/B&gt;&lt;C&gt; &amp; 'd'</B></A>");
    }
}
