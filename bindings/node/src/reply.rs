//! A server's reply as JavaScript values.

use keyrotor::{Code, Error, Result as CoreResult, Value};
use napi::bindgen_prelude::{
    BigInt, BufferSlice, Env, Function, JsObjectValue, JsValuesTupleIntoVec, Null, Object, ToNapiValue,
    Unknown,
};
use napi_derive::napi;

use crate::error::ErrorInfo;

/// Integers beyond this are not exact as a JavaScript number.
const LARGEST_SAFE: u64 = (1 << 53) - 1;

/// What bulk strings become.
#[napi(string_enum = "lowercase")]
#[derive(Debug, PartialEq, Eq)]
pub enum Decode {
    /// UTF-8 text; what is not UTF-8 becomes U+FFFD.
    String,
    /// `Buffer`
    Buffer,
}

/// Writes replies down for one JavaScript thread.
pub(crate) struct Scribe<'env> {
    env: &'env Env,
    makers: Object<'env>,
    decode: Decode,
}

impl<'env> Scribe<'env> {
    /// `makers` as in [`Host::drain`](crate::host::Host::drain).
    pub(crate) fn new(env: &'env Env, makers: Object<'env>, decode: Decode) -> Self {
        Self { env, makers, decode }
    }

    pub(crate) fn error(&self, error: &Error) -> napi::Result<Unknown<'env>> {
        self.make("error", ErrorInfo::from(error))
    }

    /// An array of values, with the error itself where a command failed.
    pub(crate) fn outcomes(&self, outcomes: Vec<CoreResult<Value>>) -> napi::Result<Unknown<'env>> {
        let values = outcomes.into_iter().map(|outcome| match outcome {
            Ok(value) => self.value(value),
            Err(error) => self.error(&error),
        });
        self.list(values)
    }

    pub(crate) fn value(&self, value: Value) -> napi::Result<Unknown<'env>> {
        match value {
            Value::Nil => Null.into_unknown(self.env),
            Value::Int(number) => self.integer(number),
            Value::BulkString(bytes) => self.bulk(&bytes),
            Value::Array(items) => self.items(items),
            Value::SimpleString(text) => text.into_unknown(self.env),
            Value::Okay => "OK".into_unknown(self.env),
            Value::Map(entries) => self.map(entries),
            // Attributes are out of band; the data is the reply.
            Value::Attribute { data, .. } => self.value(*data),
            Value::Set(items) => self.make("set", self.items(items)?),
            Value::Double(number) => number.into_unknown(self.env),
            Value::Boolean(truth) => truth.into_unknown(self.env),
            Value::VerbatimString { text, .. } => self.bulk(text.as_bytes()),
            Value::BigNumber(digits) => self.make("bigint", String::from_utf8_lossy(&digits).into_owned()),
            Value::Push { data, .. } => self.items(data),
            Value::ServerError(error) => {
                let details = error.details().map(|details| format!(" {details}")).unwrap_or_default();
                self.nested_error(format!("{}{details}", error.code()))
            }
            _ => Err(napi::Error::from_reason("a reply of a kind that is not known")),
        }
    }

    fn integer(&self, number: i64) -> napi::Result<Unknown<'env>> {
        if number.unsigned_abs() <= LARGEST_SAFE {
            number.into_unknown(self.env)
        } else {
            BigInt::from(number).into_unknown(self.env)
        }
    }

    fn bulk(&self, bytes: &[u8]) -> napi::Result<Unknown<'env>> {
        match self.decode {
            Decode::String => String::from_utf8_lossy(bytes).as_ref().into_unknown(self.env),
            Decode::Buffer => BufferSlice::copy_from(self.env, bytes)?.into_unknown(self.env),
        }
    }

    fn items(&self, items: Vec<Value>) -> napi::Result<Unknown<'env>> {
        self.list(items.into_iter().map(|item| self.value(item)))
    }

    fn map(&self, entries: Vec<(Value, Value)>) -> napi::Result<Unknown<'env>> {
        let flat = entries.into_iter().flat_map(|(key, value)| [key, value]);
        self.make("map", self.list(flat.map(|item| self.value(item)))?)
    }

    /// An error that stands inside of another reply.
    fn nested_error(&self, text: String) -> napi::Result<Unknown<'env>> {
        let mut info =
            ErrorInfo::from(&Error::new(Code::ServerError, format!("the server answered: {text}")));
        info.server_text = Some(text);
        self.make("error", info)
    }

    fn list(&self, values: impl Iterator<Item = napi::Result<Unknown<'env>>>) -> napi::Result<Unknown<'env>> {
        values.collect::<napi::Result<Vec<_>>>()?.into_unknown(self.env)
    }

    fn make(&self, what: &str, of: impl JsValuesTupleIntoVec) -> napi::Result<Unknown<'env>> {
        let maker: Function<'env, _, Unknown<'env>> = self.makers.get_named_property(what)?;
        maker.call(of)
    }
}
