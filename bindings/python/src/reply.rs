//! Replies of the server as Python values.

use keyrotor::proto::ErrorDetail;
use keyrotor::{Code, Error, Value};
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyInt, PyList, PySet, PyString, PyTuple};

use crate::error::{Failure, instance};

/// What the texts of a reply become.
#[derive(Clone, Copy)]
pub(crate) enum Texts {
    Bytes,
    /// Bytes that are not UTF-8 are kept as surrogates, and go back as the same bytes.
    Str,
}

type Object<'py> = Bound<'py, PyAny>;

/// One reply. An error within it is an instance of `keyrotor.Error`, not raised.
pub(crate) fn to_python<'py>(py: Python<'py>, value: Value, texts: Texts) -> Result<Object<'py>, Failure> {
    let object = match value {
        Value::Nil => py.None().into_bound(py),
        Value::Int(number) => number.into_bound_py_any(py)?,
        Value::Double(number) => number.into_bound_py_any(py)?,
        Value::Boolean(is_true) => is_true.into_bound_py_any(py)?,
        Value::Okay => text(py, b"OK", texts)?,
        Value::BulkString(bytes) => text(py, &bytes, texts)?,
        Value::SimpleString(simple) => text(py, simple.as_bytes(), texts)?,
        Value::VerbatimString { text: verbatim, .. } => text(py, verbatim.as_bytes(), texts)?,
        Value::BigNumber(digits) => number(py, &digits)?,
        Value::Array(values) => list(py, values, texts)?.into_any(),
        Value::Push { data, .. } => list(py, data, texts)?.into_any(),
        Value::Set(values) => set(&list(py, values, texts)?),
        Value::Map(pairs) => map(py, pairs, texts)?,
        Value::Attribute { data, .. } => to_python(py, *data, texts)?,
        Value::ServerError(error) => {
            let details = error.details().map(|details| format!(" {details}")).unwrap_or_default();
            instance(py, &server_error(format!("{}{details}", error.code())))?
        }
        _ => {
            return Err(
                Error::new(Code::Protocol, "a reply of a kind that this version does not know").into()
            );
        }
    };
    Ok(object)
}

/// The replies of a batch; a command that failed has its `keyrotor.Error` in its place.
pub(crate) fn batch<'py>(
    py: Python<'py>,
    replies: Vec<Result<Value, Error>>,
    texts: Texts,
) -> Result<Bound<'py, PyList>, Failure> {
    let list = PyList::empty(py);
    for outcome in replies {
        list.append(match outcome {
            Ok(value) => to_python(py, value, texts)?,
            Err(error) => instance(py, &error.detail())?,
        })?;
    }
    Ok(list)
}

pub(crate) fn text<'py>(py: Python<'py>, bytes: &[u8], texts: Texts) -> PyResult<Object<'py>> {
    let bytes_object = || PyBytes::new(py, bytes).into_any();
    match texts {
        Texts::Bytes => Ok(bytes_object()),
        Texts::Str => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(PyString::new(py, text).into_any()),
            Err(_) => {
                let decoded =
                    PyString::from_encoded_object(&bytes_object(), Some(c"utf-8"), Some(c"surrogateescape"))?;
                Ok(decoded.into_any())
            }
        },
    }
}

fn number<'py>(py: Python<'py>, digits: &[u8]) -> Result<Object<'py>, Failure> {
    let unreadable = |_| Error::new(Code::Protocol, "a big number that Python does not read");
    Ok(py.get_type::<PyInt>().call1((PyBytes::new(py, digits),)).map_err(unreadable)?)
}

fn list<'py>(py: Python<'py>, values: Vec<Value>, texts: Texts) -> Result<Bound<'py, PyList>, Failure> {
    let list = PyList::empty(py);
    for value in values {
        list.append(to_python(py, value, texts)?)?;
    }
    Ok(list)
}

/// A set, or the list itself where a member cannot be in a set.
fn set<'py>(members: &Bound<'py, PyList>) -> Object<'py> {
    match PySet::new(members.py(), members.iter()) {
        Ok(set) => set.into_any(),
        Err(_) => members.clone().into_any(),
    }
}

/// A dict, or a list of pairs where a key cannot be one of a dict.
fn map<'py>(py: Python<'py>, pairs: Vec<(Value, Value)>, texts: Texts) -> Result<Object<'py>, Failure> {
    let dict = PyDict::new(py);
    let list = PyList::empty(py);
    let mut is_dict = true;
    for (key, value) in pairs {
        let (key, value) = (to_python(py, key, texts)?, to_python(py, value, texts)?);
        is_dict = is_dict && dict.set_item(&key, &value).is_ok();
        list.append(PyTuple::new(py, [key, value])?)?;
    }
    Ok(if is_dict { dict.into_any() } else { list.into_any() })
}

/// An error inside a reply, which the core leaves as it stands.
fn server_error(text: String) -> ErrorDetail {
    let error = Error::new(Code::ServerError, format!("the server answered: {text}"));
    ErrorDetail { server_text: Some(text), ..error.detail() }
}
