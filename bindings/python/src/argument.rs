//! Python values as arguments of a command.

use keyrotor::{Cmd, Code, Error};
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
