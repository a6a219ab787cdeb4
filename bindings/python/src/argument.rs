//! Python values as arguments of a command.

use std::time::Duration;

use keyrotor::{Arg, Cmd, Code, Error};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyByteArray, PyBytes, PyFloat, PyInt, PyMemoryView, PyString, PyTuple};

use crate::error::Failure;

/// The command with these arguments, the first of which is its name.
pub(crate) fn command(args: &Bound<'_, PyTuple>) -> Result<Cmd, Failure> {
    let mut command = Cmd::with_capacity(args.len(), args.len() * 16);
    for (index, value) in args.iter().enumerate() {
        match push(&mut command, &value) {
            Ok(true) => {}
            Ok(false) => return Err(refused(index, &value, "str, bytes, int or float is expected")),
            // Text that no encoding takes, a view that was released, a number of thousands of digits.
            Err(_) => return Err(refused(index, &value, "it cannot be written as bytes")),
        }
    }
    Ok(command)
}

/// Values as the texts that they are as arguments.
pub(crate) fn texts(args: &Bound<'_, PyTuple>) -> Result<Vec<Vec<u8>>, Failure> {
    let command = command(args)?;
    let simple = command.args_iter().filter_map(|argument| match argument {
        Arg::Simple(text) => Some(text.to_vec()),
        _ => None,
    });
    Ok(simple.collect())
}

/// [`texts`] of whatever can be iterated over, but for one text: its letters are hardly meant.
pub(crate) fn texts_of(values: Option<&Bound<'_, PyAny>>) -> Result<Vec<Vec<u8>>, Failure> {
    let Some(values) = values else { return Ok(Vec::new()) };
    let is_text = values.is_instance_of::<PyString>()
        || values.is_instance_of::<PyBytes>()
        || values.is_instance_of::<PyByteArray>()
        || values.is_instance_of::<PyMemoryView>();
    if is_text {
        return Err(Error::new(
            Code::ArgumentInvalid,
            "a list of keys or arguments is expected, not one text",
        )
        .into());
    }
    let values = values.py().get_type::<PyTuple>().call1((values,))?;
    texts(&values.cast_into::<PyTuple>().map_err(PyErr::from)?)
}

/// A time in seconds.
pub(crate) fn seconds(given: f64) -> Result<Duration, Failure> {
    if given.is_nan() || given < 0.0 {
        let message = "a time is expected in seconds, not below zero";
        return Err(Error::new(Code::ArgumentInvalid, message).into());
    }
    Ok(Duration::try_from_secs_f64(given).unwrap_or(Duration::MAX))
}

/// False where the value is of a type that has no one form as an argument. `bool` is one: `True`, `true`, `1`?
fn push(command: &mut Cmd, value: &Bound<'_, PyAny>) -> PyResult<bool> {
    if let Ok(bytes) = value.cast::<PyBytes>() {
        command.arg(bytes.as_bytes());
    } else if let Ok(text) = value.cast::<PyString>() {
        push_text(command, text)?;
    } else if value.is_instance_of::<PyBool>() {
        return Ok(false);
    } else if value.is_instance_of::<PyInt>() {
        match value.extract::<i64>() {
            Ok(number) => command.arg(number),
            Err(_) => command.arg(value.call_method1("__format__", ("d",))?.extract::<String>()?),
        };
    } else if let Ok(number) = value.cast::<PyFloat>() {
        // Python's own text, which is the shortest that reads back the same; not that of a subclass.
        command.arg(PyFloat::new(value.py(), number.value()).repr()?.to_str()?);
    } else if value.is_instance_of::<PyByteArray>() || value.is_instance_of::<PyMemoryView>() {
        let bytes = value.py().get_type::<PyBytes>().call1((value,))?;
        command.arg(bytes.cast::<PyBytes>()?.as_bytes());
    } else {
        return Ok(false);
    }
    Ok(true)
}

fn push_text(command: &mut Cmd, text: &Bound<'_, PyString>) -> PyResult<()> {
    if let Ok(text) = text.to_str() {
        command.arg(text);
        return Ok(());
    }
    // Text that came out of a reply with bytes that are not UTF-8 goes back as the same bytes.
    let bytes = text.call_method1("encode", ("utf-8", "surrogateescape"))?;
    command.arg(bytes.cast::<PyBytes>()?.as_bytes());
    Ok(())
}

/// Names the type, never the value: it may be a secret.
fn refused(index: usize, value: &Bound<'_, PyAny>, problem: &str) -> Failure {
    let name = value.get_type().name().map_or_else(|_| "object".to_owned(), |name| name.to_string());
    Error::new(Code::ArgumentInvalid, format!("argument {index} ({name}): {problem}")).into()
}
