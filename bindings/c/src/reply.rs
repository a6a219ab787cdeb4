//! What a server answered.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use keyrotor::proto::ErrorDetail;
use keyrotor::{Code, Error, Value};

use crate::error::kr_error;
use crate::guard::release;
use crate::text::Text;

/// What a reply is.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum kr_type {
    /// Nothing.
    Null = 0,
    /// kr_reply_integer()
    Integer = 1,
    /// kr_reply_double()
    Double = 2,
    /// kr_reply_boolean()
    Boolean = 3,
    /// kr_reply_string(): text or bytes, and numbers too large for an integer.
    String = 4,
    /// kr_reply_length(), kr_reply_element()
    Array = 5,
    /// kr_reply_length(), kr_reply_element()
    Set = 6,
    /// kr_reply_length(), kr_reply_key(), kr_reply_value()
    Map = 7,
    /// kr_reply_error(): an entry of a batch, or a part of a reply.
    Error = 8,
}

/// What a server answered, and the parts of it. A part lives as long as the whole and is not freed by itself.
pub struct kr_reply(Content);

enum Content {
    Null,
    Integer(i64),
    Double(f64),
    Boolean(bool),
    String(Text),
    Array(Vec<kr_reply>),
    Set(Vec<kr_reply>),
    Map(Vec<(kr_reply, kr_reply)>),
    Error(Box<kr_error>),
}

impl kr_reply {
    pub(crate) fn of_value(value: Value) -> Result<Self, Error> {
        let list = |values: Vec<Value>| values.into_iter().map(Self::of_value).collect::<Result<Vec<_>, _>>();
        Ok(Self(match value {
            Value::Nil => Content::Null,
            Value::Int(number) => Content::Integer(number),
            Value::Double(number) => Content::Double(number),
            Value::Boolean(truth) => Content::Boolean(truth),
            Value::Okay => Content::String(Text::new("OK")),
            Value::SimpleString(text) | Value::VerbatimString { text, .. } => {
                Content::String(Text::new(text))
            }
            Value::BulkString(bytes) | Value::BigNumber(bytes) => Content::String(Text::new(bytes)),
            Value::Array(values) | Value::Push { data: values, .. } => Content::Array(list(values)?),
            Value::Set(values) => Content::Set(list(values)?),
            Value::Map(pairs) => {
                let pair = |(key, value)| Ok((Self::of_value(key)?, Self::of_value(value)?));
                Content::Map(pairs.into_iter().map(pair).collect::<Result<_, Error>>()?)
            }
            Value::Attribute { data, .. } => return Self::of_value(*data),
            Value::ServerError(error) => {
                let text = match error.details() {
                    Some(details) => format!("{} {details}", error.code()),
                    None => error.code().to_owned(),
                };
                Content::Error(Box::new(nested_error(text)))
            }
            _ => {
                return Err(Error::new(Code::Internal, "a reply of a kind that this library does not know"));
            }
        }))
    }

    pub(crate) fn of_batch(replies: Vec<Result<Value, Error>>) -> Result<Self, Error> {
        let entry = |reply| match reply {
            Ok(value) => Self::of_value(value),
            Err(error) => Ok(Self(Content::Error(Box::new(kr_error::from(error))))),
        };
        Ok(Self(Content::Array(replies.into_iter().map(entry).collect::<Result<_, Error>>()?)))
    }

    fn pairs(&self) -> &[(Self, Self)] {
        match &self.0 {
            Content::Map(pairs) => pairs,
            _ => &[],
        }
    }

    fn elements(&self) -> &[Self] {
        match &self.0 {
            Content::Array(elements) | Content::Set(elements) => elements,
            _ => &[],
        }
    }
}

/// An error within a reply, which the core leaves as it came.
fn nested_error(text: String) -> kr_error {
    kr_error::from(ErrorDetail {
        code: Code::ServerError.into(),
        name: Code::ServerError.name(),
        message: format!("the server answered: {text}"),
        server_text: Some(text),
        ..ErrorDetail::default()
    })
}

/// What the reply is; KR_TYPE_NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn kr_reply_type(reply: Option<&kr_reply>) -> kr_type {
    match reply.map(|reply| &reply.0) {
        None | Some(Content::Null) => kr_type::Null,
        Some(Content::Integer(_)) => kr_type::Integer,
        Some(Content::Double(_)) => kr_type::Double,
        Some(Content::Boolean(_)) => kr_type::Boolean,
        Some(Content::String(_)) => kr_type::String,
        Some(Content::Array(_)) => kr_type::Array,
        Some(Content::Set(_)) => kr_type::Set,
        Some(Content::Map(_)) => kr_type::Map,
        Some(Content::Error(_)) => kr_type::Error,
    }
}

/// The number; 0 where the reply is none.
#[unsafe(no_mangle)]
pub extern "C" fn kr_reply_integer(reply: Option<&kr_reply>) -> i64 {
    match reply {
        Some(kr_reply(Content::Integer(number))) => *number,
        _ => 0,
    }
}

/// The number; 0 where the reply is none.
#[unsafe(no_mangle)]
pub extern "C" fn kr_reply_double(reply: Option<&kr_reply>) -> f64 {
    match reply {
        Some(kr_reply(Content::Double(number))) => *number,
        _ => 0.0,
    }
}

/// The truth; false where the reply is none.
#[unsafe(no_mangle)]
pub extern "C" fn kr_reply_boolean(reply: Option<&kr_reply>) -> bool {
    matches!(reply, Some(kr_reply(Content::Boolean(true))))
}

/// The bytes, with a NUL behind them; NULL where the reply is no string. `len` may be NULL, and is not written
/// then. They live until the reply is freed.
#[unsafe(no_mangle)]
pub extern "C" fn kr_reply_string(
    reply: Option<&kr_reply>,
    len: Option<&mut MaybeUninit<usize>>,
) -> *const c_char {
    match reply {
        Some(kr_reply(Content::String(text))) => text.exact(len),
        _ => std::ptr::null(),
    }
}

/// How many elements an array or a set has, pairs a map, bytes a string; else 0.
#[unsafe(no_mangle)]
pub extern "C" fn kr_reply_length(reply: Option<&kr_reply>) -> usize {
    match reply {
        Some(kr_reply(Content::String(text))) => text.length(),
        Some(reply) => reply.elements().len().max(reply.pairs().len()),
        None => 0,
    }
}

/// An element of an array or a set; NULL past its end. It is part of the reply: do not free it.
#[unsafe(no_mangle)]
pub extern "C" fn kr_reply_element(reply: Option<&kr_reply>, index: usize) -> Option<&kr_reply> {
    reply?.elements().get(index)
}

/// A key of a map; NULL past its end. It is part of the reply: do not free it.
#[unsafe(no_mangle)]
pub extern "C" fn kr_reply_key(reply: Option<&kr_reply>, index: usize) -> Option<&kr_reply> {
    reply?.pairs().get(index).map(|(key, _)| key)
}

/// The value that belongs to the key; NULL past the map's end. It is part of the reply: do not free it.
#[unsafe(no_mangle)]
pub extern "C" fn kr_reply_value(reply: Option<&kr_reply>, index: usize) -> Option<&kr_reply> {
    reply?.pairs().get(index).map(|(_, value)| value)
}

/// The error; NULL where the reply is none. It is part of the reply: do not free it.
#[unsafe(no_mangle)]
pub extern "C" fn kr_reply_error(reply: Option<&kr_reply>) -> Option<&kr_error> {
    match reply {
        Some(kr_reply(Content::Error(error))) => Some(error),
        _ => None,
    }
}

/// Frees a whole reply with all its parts.
#[unsafe(no_mangle)]
pub extern "C" fn kr_reply_free(reply: Option<Box<kr_reply>>) {
    release(reply);
}
