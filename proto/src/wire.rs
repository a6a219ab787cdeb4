//! Walks protobuf bytes against the schema, before anything is decoded.

use std::collections::{HashMap, HashSet};

use crate::decode::ShapeError;
use crate::schema::{Field, Kind, Schema, Shape};
use crate::{Code, glide};

/// As deep as prost itself goes.
const MAX_DEPTH: usize = 100;

type Walked<T> = Result<T, ShapeError>;

/// Checks the bytes of the message called `name`.
pub(crate) fn walk(schema: &Schema, name: &str, bytes: &[u8]) -> Walked<()> {
    Walker { schema, glide: true }.message(name, bytes, "", 0)
}

/// Like [`walk`], for a part of which it is already known that it is not GLIDE's.
pub(crate) fn walk_ours(schema: &Schema, name: &str, bytes: &[u8]) -> Walked<()> {
    Walker { schema, glide: false }.message(name, bytes, "", 0)
}

struct Walker<'a> {
    schema: &'a Schema,
    glide: bool,
}

/// What one message has shown so far.
#[derive(Default)]
struct Seen<'a> {
    fields: HashSet<u32>,
    oneofs: HashMap<&'a str, &'a str>,
}

impl Walker<'_> {
    fn message(&self, name: &str, mut bytes: &[u8], path: &str, depth: usize) -> Walked<()> {
        if depth > MAX_DEPTH {
            return Err(malformed(path, "nested too deeply"));
        }
        let Some(shape) = self.schema.message(name) else {
            return Err(ShapeError::new(Code::Internal, path, format!("no message {name} in the schema")));
        };
        if self.glide && name == ".keyrotor.v1.AuthenticationInfo" && glide::is_glide_layout(bytes) {
            return Err(glide::refusal(path));
        }
        let mut seen = Seen::default();
        while !bytes.is_empty() {
            let (field, wire_type) = tag(shape, &mut bytes, path)?;
            let path = join(path, &field.name);
            if field.refused {
                return Err(ShapeError::new(
                    Code::ConfigUnsupported,
                    path,
                    "keyrotor does not support this field",
                ));
            }
            seen.note(shape, field, &path)?;
            self.value(field, wire_type, &mut bytes, &path, depth)?;
        }
        Ok(())
    }

    fn value(&self, field: &Field, wire_type: u8, bytes: &mut &[u8], path: &str, depth: usize) -> Walked<()> {
        match (&field.kind, wire_type) {
            (Kind::Bool | Kind::Unsigned(_) | Kind::Signed | Kind::Enum(_), 0) => {
                self.number(&field.kind, varint(bytes, path)?, path)
            }
            (Kind::Double, 1) => take(bytes, 8, path).map(|_| ()),
            (Kind::Text, 2) => match std::str::from_utf8(delimited(bytes, path)?) {
                Ok(_) => Ok(()),
                Err(_) => Err(malformed(path, "not valid UTF-8")),
            },
            (Kind::Bytes, 2) => delimited(bytes, path).map(|_| ()),
            (Kind::Message(name), 2) => self.message(name, delimited(bytes, path)?, path, depth + 1),
            (kind, _) => {
                Err(malformed(path, format!("wire type {wire_type} where {} is expected", described(kind))))
            }
        }
    }

    fn number(&self, kind: &Kind, value: u64, path: &str) -> Walked<()> {
        match kind {
            Kind::Unsigned(32) if value > u64::from(u32::MAX) => {
                Err(malformed(path, format!("{value} does not fit into 32 bits")))
            }
            Kind::Enum(name) => {
                let values = self.schema.enum_values(name);
                let known =
                    i32::try_from(value).ok().zip(values).is_some_and(|(v, all)| all.contains_key(&v));
                if known { Ok(()) } else { Err(unknown_enum(path, &value.to_string(), values)) }
            }
            _ => Ok(()),
        }
    }
}

impl<'a> Seen<'a> {
    fn note(&mut self, shape: &Shape, field: &'a Field, path: &str) -> Walked<()> {
        if field.repeated {
            return Ok(());
        }
        if !self.fields.insert(field.number) {
            return Err(ShapeError::new(Code::ConfigDuplicate, path, "given twice"));
        }
        let Some(oneof) = &field.oneof else { return Ok(()) };
        match self.oneofs.insert(oneof, &field.name) {
            None => Ok(()),
            Some(other) => Err(two_arms(shape, oneof, other, &field.name, path)),
        }
    }
}

fn tag<'a>(shape: &'a Shape, bytes: &mut &[u8], path: &str) -> Walked<(&'a Field, u8)> {
    let key = varint(bytes, path)?;
    let number = u32::try_from(key >> 3).unwrap_or(u32::MAX);
    let field = shape.fields.get(&number).ok_or_else(|| unknown_number(path, number))?;
    Ok((field, (key & 7) as u8))
}

fn varint(bytes: &mut &[u8], path: &str) -> Walked<u64> {
    prost::encoding::decode_varint(bytes)
        .map_err(|_| malformed(path, "the bytes end, or run on, inside a number"))
}

fn delimited<'a>(bytes: &mut &'a [u8], path: &str) -> Walked<&'a [u8]> {
    let length = varint(bytes, path)?;
    take(bytes, usize::try_from(length).unwrap_or(usize::MAX), path)
}

fn take<'a>(bytes: &mut &'a [u8], length: usize, path: &str) -> Walked<&'a [u8]> {
    let (head, tail) =
        bytes.split_at_checked(length).ok_or_else(|| malformed(path, "the bytes end inside this field"))?;
    *bytes = tail;
    Ok(head)
}

pub(crate) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

pub(crate) fn malformed(path: &str, message: impl Into<String>) -> ShapeError {
    ShapeError::new(Code::ConfigMalformed, path, message)
}

pub(crate) fn two_arms(shape: &Shape, oneof: &str, first: &str, second: &str, path: &str) -> ShapeError {
    let parent = path.rsplit_once('.').map_or("", |(parent, _)| parent);
    let arms = shape.arms(oneof);
    ShapeError::new(
        Code::ConfigDuplicate,
        parent,
        format!("{first} and {second} are both set; set exactly one of {arms}"),
    )
}

pub(crate) fn unknown_enum(
    path: &str,
    value: &str,
    values: Option<&std::collections::BTreeMap<i32, String>>,
) -> ShapeError {
    let known: Vec<String> =
        values.into_iter().flatten().map(|(number, name)| format!("{name} ({number})")).collect();
    ShapeError::new(
        Code::ConfigUnknownEnum,
        path,
        format!("no value {value}; known are {}", known.join(", ")),
    )
}

fn unknown_number(path: &str, number: u32) -> ShapeError {
    ShapeError::new(
        Code::ConfigUnknownField,
        join(path, &number.to_string()),
        "no field has this number; was the message made from another .proto file?",
    )
}

pub(crate) fn described(kind: &Kind) -> &'static str {
    match kind {
        Kind::Bool => "a boolean",
        Kind::Unsigned(_) => "an unsigned integer",
        Kind::Signed => "an integer",
        Kind::Double => "a number",
        Kind::Text => "text",
        Kind::Bytes => "bytes",
        Kind::Enum(_) => "an enum value",
        Kind::Message(_) => "a message",
    }
}
